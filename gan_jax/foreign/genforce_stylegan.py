"""StyleGAN of genforce (github.com/genforce/genforce): "generator", "generator_smooth" and "discriminator".

Its fixed noise of sampling is not taken: ours is drawn by image. The state does not tell its options fused_scale and
mapping_lr_mul: their defaults are taken, "auto" (from 128 pixels on) and 0.01, as in the weights that it publishes.
"""

from __future__ import annotations

from typing import Any

from gan_jax.architectures import stylegan
from gan_jax.foreign.equalized import EqualizedReading, channels
from gan_jax.foreign.reading import Imported, example
from gan_jax.foreign.state_dict import StateDict

_BLUR = (1, 2, 1)
_FUSED_FROM = 128  # pixels a side, from which its convolutions that double the size are transposed ones


def convert_generator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete."""
    reading = EqualizedReading(state, "genforce's StyleGAN generator")
    levels = reading.count("synthesis.output{}.weight")
    widths = [reading.shape(f"synthesis.layer{2 * level + 1}.weight", 4)[0] for level in range(max(levels, 1))]
    layers = reading.count("mapping.dense{}.weight")
    labels = "mapping.label_weight"
    num_classes, latent_dim = reading.shape(labels, 2) if reading.has(labels) else (0, None)
    latent_dim = latent_dim or reading.shape("mapping.dense0.weight", 2)[1]
    w_dim = reading.shape("synthesis.layer1.style.weight", 2)[1]
    shape = (2 << levels, 2 << levels, reading.shape("synthesis.output0.weight", 4)[0])
    settings: dict[str, Any] = channels(reading, widths) | {"w_dim": w_dim, "mapping_layers": layers}
    module = stylegan.Generator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example((latent_dim,), num_classes))
    if num_classes:
        reading.array("mapping/embed/embedding", labels)
    for i in range(layers):
        reading.matrix(f"mapping/layer{i}/kernel", f"mapping.dense{i}.weight")
        reading.array(f"mapping/layer{i}/bias", f"mapping.dense{i}.bias")
    reading.map("synthesis/constant", "synthesis.layer0.const", (1,))
    for level in range(levels):
        first, ours = f"synthesis.layer{2 * level}", f"synthesis/level{level}"
        side = 4 << level
        if level:
            reading.kernel(f"{ours}_up/kernel", f"{first}.weight", flipped=side >= _FUSED_FROM)
            reading.filter(f"{first}.blur.kernel", _BLUR, channels=widths[level])
        reading.kernel(f"{ours}_conv/kernel", f"synthesis.layer{2 * level + 1}.weight")
        for part in (0, 1):
            _epilogue(reading, f"{ours}_epilogue{part}", f"synthesis.layer{2 * level + part}", side)
        reading.kernel(f"synthesis/to_image/level{level}/kernel", f"synthesis.output{level}.weight")
        reading.array(f"synthesis/to_image/level{level}/bias", f"synthesis.output{level}.bias")
    _grown(reading, "synthesis.lod")
    average = reading.take("truncation.w_avg", (w_dim,))
    variables = {**reading.variables(), "averages": {"w": average}}
    settings = {"type": "stylegan.Generator", **settings}
    return Imported(settings, shape, num_classes, variables, latent_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    reading = EqualizedReading(state, "genforce's StyleGAN discriminator")
    levels = max(reading.count("input{}.weight"), 1)
    last = levels - 1
    widths = [reading.shape(f"input{last - level}.weight", 4)[0] for level in range(levels)]
    outputs = reading.shape(f"layer{2 * levels}.weight", 2)[0]
    num_classes = outputs if outputs > 1 else 0
    shape = (2 << levels, 2 << levels, reading.shape("input0.weight", 4)[1])
    settings = channels(reading, widths)
    module = stylegan.Discriminator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example(shape, num_classes))
    for level in range(levels):
        number = last - level
        _conv(reading, f"from_image{level}", f"input{number}")
        _conv(reading, f"level{level}_conv", f"layer{2 * number}")
        if level:
            _conv(reading, f"level{level}_down", f"layer{2 * number + 1}")
            reading.filter(f"layer{2 * number + 1}.blur.kernel", _BLUR, channels=widths[level])
    for ours, number, map_shape in (("dense", 2 * levels - 1, (4, 4, widths[0])), ("head", 2 * levels, ())):
        reading.matrix(f"{ours}/kernel", f"layer{number}.weight", map_shape=map_shape)
        reading.array(f"{ours}/bias", f"layer{number}.bias")
    _grown(reading, "lod")
    return Imported({"type": "stylegan.Discriminator", **settings}, shape, num_classes, reading.variables())


def _conv(reading: EqualizedReading, ours: str, theirs: str) -> None:
    reading.kernel(f"{ours}/kernel", f"{theirs}.weight")
    reading.array(f"{ours}/bias", f"{theirs}.bias")


def _epilogue(reading: EqualizedReading, ours: str, theirs: str, side: int) -> None:
    reading.array(f"{ours}/bias", f"{theirs}.bias")
    reading.array(f"{ours}/noise/noise_scale", f"{theirs}.apply_noise.weight")
    reading.take(f"{theirs}.apply_noise.noise", (1, 1, side, side))
    reading.matrix(f"{ours}/style/kernel", f"{theirs}.style.weight")
    reading.array(f"{ours}/style/bias", f"{theirs}.style.bias")


def _grown(reading: EqualizedReading, name: str) -> None:
    """The level of detail says how many doublings are still to come."""
    if (lod := float(reading.take(name, ()))) != 0:
        reading.refuse([f"{name} is {lod:g}: the network was still growing, and what has grown is wanted"])
