"""AdaIN style transfer of photographs, with the published settings (arXiv:1703.06868, Sec. 6).

Data: MS-COCO as content and WikiArt as style, as two folders of images that you have: the shorter side is brought to 512
pixels, then 256 x 256 are cut out anywhere.
Expected: no number; the authors' pictures. What is unverified: this run has not been made here.
Weights: the authors' normalised VGG-19 is downloaded and converted once, which needs PyTorch; without a network name the file
with --config.encoder.path=vgg_normalised.pth. torchvision's: --config.encoder.weights=vgg19.
Losses are means, as in the PyTorch port, with its 10 for the style; the authors' Lua code sums, and has 0.01.
Meant for: 1 GPU or TPU core.
Command: python -m gan_jax.main --config=configs/adain_coco_wikiart.py --workdir=runs/adain_coco_wikiart \
    --config.data.domains.content.path=FOLDER --config.data.domains.style.path=FOLDER
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import style_transfer


def get_config() -> ConfigDict:
    config = style_transfer.get_config()
    config.steps = 160_000
    config.data.domains = ConfigDict(
        {"content": {"source": "folder", "path": "coco"}, "style": {"source": "folder", "path": "wikiart"}}
    )
    config.data.shape = (256, 256, 3)
    config.data.oversize = 2.0
    config.data.crop = "random"
    config.evaluate.test = None
    return config
