"""R3GAN's own networks (github.com/brownvc/R3GAN): the state dicts of "G", "D" and "G_ema".

Its snapshots are pickles of whole modules, which are not read: their state dicts are written first, with that project's
code, as `torch.save({name: snapshot[name].state_dict() for name in ("G", "D", "G_ema")}, "weights.pt")`.
"""

from __future__ import annotations

from typing import Any

from gan_jax.architectures import r3gan
from gan_jax.foreign.equalized import EqualizedReading
from gan_jax.foreign.reading import Imported, example
from gan_jax.foreign.state_dict import StateDict

_FILTER = (1, 3, 3, 1)
_WRAPPED = "Model."


def convert_generator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete."""
    reading = EqualizedReading(_unwrapped(state), "R3GAN's generator")
    stages = reading.count("MainLayers.{}.Layers.1.LinearLayer1.Layer.weight")
    width, inputs = reading.shape("MainLayers.0.Layers.0.LinearLayer.weight", 2)
    widths = (
        width,
        *(reading.shape(f"MainLayers.{i}.Layers.1.LinearLayer1.Layer.weight", 4)[1] for i in range(1, stages)),
    )
    embedding, num_classes = _classes(reading)
    settings = _settings(reading, widths, first=1)
    if num_classes:
        settings["embedding"] = embedding
    shape = (4 << (stages - 1), 4 << (stages - 1), 3)
    latent_dim = inputs - embedding
    module = r3gan.Generator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example((latent_dim,), num_classes))
    reading.map("basis", "MainLayers.0.Layers.0.Basis")
    reading.matrix("stem/kernel", "MainLayers.0.Layers.0.LinearLayer.weight")
    for i in range(stages):
        if i:
            _transition(reading, f"to_stage{i}", f"MainLayers.{i}.Layers.0")
        for j in range(settings["blocks"]):
            _block(reading, i * settings["blocks"] + j, f"MainLayers.{i}.Layers.{j + 1}")
    reading.kernel("to_image/kernel", "AggregationLayer.Layer.weight")
    if num_classes:
        reading.embed("embedding", "EmbeddingLayer", transposed=True)
    settings = {"type": "r3gan.Generator", **settings}
    return Imported(settings, shape, num_classes, reading.variables(), latent_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    reading = EqualizedReading(_unwrapped(state), "R3GAN's discriminator")
    stages = reading.count("MainLayers.{}.Layers.0.LinearLayer1.Layer.weight")
    first = reading.shape("ExtractionLayer.Layer.weight", 4)[0]
    widths = (
        *(reading.shape(f"MainLayers.{i}.Layers.0.LinearLayer1.Layer.weight", 4)[1] for i in range(stages - 1, 0, -1)),
        first,
    )
    _, num_classes = _classes(reading)
    settings = _settings(reading, widths, first=0)
    blocks = settings["blocks"]
    shape = (4 << (stages - 1), 4 << (stages - 1), 3)
    module = r3gan.Discriminator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example(shape, num_classes))
    reading.kernel("from_image/kernel", "ExtractionLayer.Layer.weight")
    for i in range(stages):
        for j in range(blocks):
            _block(reading, i * blocks + j, f"MainLayers.{i}.Layers.{j}")
        if i < stages - 1:
            _transition(reading, f"to_stage{i + 1}", f"MainLayers.{i}.Layers.{blocks}")
    last = f"MainLayers.{stages - 1}.Layers.{blocks}"
    reading.map("basis", f"{last}.Basis.weight", after=(1,))
    reading.matrix("head/kernel", f"{last}.LinearLayer.weight")
    if num_classes:
        reading.embed("projection", "EmbeddingLayer", transposed=True)
    return Imported({"type": "r3gan.Discriminator", **settings}, shape, num_classes, reading.variables())


def _unwrapped(state: StateDict) -> StateDict:
    return {name.removeprefix(_WRAPPED): array for name, array in state.items()}


def _classes(reading: EqualizedReading) -> tuple[int, int]:
    """Features of a class's vector, and the number of classes; 0 and 0 where there are none."""
    name = "EmbeddingLayer.weight"
    return reading.shape(name, 2) if reading.has(name) else (0, 0)


def _settings(reading: EqualizedReading, widths: tuple[int, ...], first: int) -> dict[str, Any]:
    """first: the number of a stage's first block among its layers."""
    counts = [reading.count(f"MainLayers.{i}.Layers.{{}}.LinearLayer1.Layer.weight", first) for i in range(len(widths))]
    if len(set(counts)) != 1:
        reading.refuse([f"the stages have {counts} blocks, and ours have as many each"])
    outputs, inputs = reading.shape(f"MainLayers.0.Layers.{first}.LinearLayer1.Layer.weight", 4)[:2]
    group_width = reading.shape(f"MainLayers.0.Layers.{first}.LinearLayer2.Layer.weight", 4)[1]
    return {"widths": widths, "blocks": counts[0], "group_width": group_width, "expansion": outputs // inputs}


def _transition(reading: EqualizedReading, ours: str, theirs: str) -> None:
    reading.filter(f"{theirs}.Resampler.Kernel", _FILTER)
    if reading.knows(f"{ours}/"):
        reading.kernel(f"{ours}/kernel", f"{theirs}.LinearLayer.Layer.weight")


def _block(reading: EqualizedReading, number: int, theirs: str) -> None:
    for part in (1, 2, 3):
        reading.kernel(f"block{number}_layers/conv{part}/kernel", f"{theirs}.LinearLayer{part}.Layer.weight")
    for part in (1, 2):
        reading.array(f"block{number}_layers/conv{part}/bias", f"{theirs}.NonLinearity{part}.Bias")
