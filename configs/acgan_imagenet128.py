"""AC-GAN on 10 classes of ImageNet at 128 x 128: one of the paper's 100 models.

Paper: Odena et al., arXiv:1610.09585, appendix A, the ImageNet table; `data.classes` picks the ten: model m of 100 has
    --config.data.classes=10*m,...,10*m+9.
Settings: the table's, as far as known: G 768, 384, 256, 192 (the first map is 8 x 8; unverified); D 16 to 512 with dropout 0.5;
    Adam at 2e-4 (0.5, 0.999), batch 100, 50,000 batches, all weights from N(0, 0.02); z has 100 numbers and one of each class
    beside them (all unverified).
Expected: over all 100 models, MS-SSIM within a class below 0.25 in 84.7 % of the classes (unverified). Not run yet.
Meant for: 1 accelerator.
Data: imagenet2012, prepared by TFDS from archives fetched by hand. Its labels are read once, record by record, before
    the run; as a folder with one folder for each class they need no reading.
Command: python -m gan_jax.main --config=configs/acgan_imagenet128.py --workdir=runs/acgan_imagenet128
"""

from ml_collections import ConfigDict

from gan_jax.configs import acgan_cifar10


def get_config() -> ConfigDict:
    config = acgan_cifar10.get_config()
    config.data.tfds = ConfigDict({"name": "imagenet2012"})
    config.data.shape = (128, 128, 3)
    config.data.classes = tuple(range(10))
    config.generator.widths = (768, 384, 256, 192)
    config.evaluate.test = ConfigDict({"split": "validation"})
    config.evaluate.recipes = ("fid_test", "ms_ssim_by_class", "cas")
    return config
