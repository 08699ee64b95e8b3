"""Drawing from a trained network from image to image, and what the games of such networks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import errors, linen, struct

from gan_jax.game import Edit, Stretch
from gan_jax.methods.one_by_one import one_by_one
from gan_jax.methods.passes import variables_of
from gan_jax.nn.tap import activations, as_collection, require_taps
from gan_jax.types import Array, Batch, Network, named_key, over_data

STATISTICS = ("image", "running")


class TranslatorSampler(struct.PyTreeNode):
    """A translator and its variables, frozen: a `gan_jax.game.Sampler` that starts from images, and a pytree.

    Image i is a function of weights, key, i and the image that it starts from.

    source, target: the keys of the data. statistics: of batch normalisation, "image": each image's own, as a batch of one;
    "running": as training left them. dropout: whether it is on, each image with a key of its own.
    """

    module: linen.Module = struct.field(pytree_node=False)
    variables: Any
    source: str = struct.field(pytree_node=False)
    target: str = struct.field(pytree_node=False)
    statistics: str = struct.field(pytree_node=False, default="image")
    dropout: bool = struct.field(pytree_node=False, default=False)
    num_classes: int = struct.field(pytree_node=False, default=0)

    def __repr__(self) -> str:  # without its weights
        of = type(self.module)
        return f"{type(self).__name__}({of.__module__}.{of.__name__}, {self.source} to {self.target})"

    @property
    def given(self) -> tuple[str, ...]:
        return (self.source,)

    @property
    def divisor(self) -> int:
        """Heights and widths of images that it takes are multiples of this."""
        return getattr(self.module, "divisor", 1)

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """{source: [n, H, W, C]}, and {"noise": [n] keys} where its layers draw."""
        if given is None or self.source not in given:
            raise ValueError(f"this sampler starts from {self.source} of the data, and was given none")
        starts = {self.source: given[self.source]}
        if self._draws_noise(given[self.source].shape[1:]):
            of_noise = named_key(key, "noise")
            starts["noise"] = jax.vmap(lambda i: jax.random.fold_in(of_noise, i))(indices)
        return over_data(starts)

    def map(self, starts: Batch) -> Batch:
        return starts

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Images [n, H, W, C'] in [-1, 1], and the activations named by taps, as they are after the edits."""
        edits = dict(edits or {})
        if edits or taps:
            one = jax.eval_shape(lambda codes: jax.tree.map(lambda leaf: leaf[:1], codes), codes)
            known = jax.eval_shape(lambda codes: self._apply(codes, {}, True)[1], one)
            require_taps((*taps, *edits), known)
        if "noise" in codes or self._by_image:
            images, sown = one_by_one(self._apply, codes, edits, bool(taps))
        else:
            images, sown = self._apply(codes, edits, bool(taps))
        return images, {name: sown[name] for name in taps}

    @property
    def _by_image(self) -> bool:
        return self.statistics == "image" and bool(self.variables.get("batch_stats"))

    def _apply(self, codes: Batch, edits: Mapping[str, Edit], taps: bool) -> tuple[Array, Mapping[str, Array]]:
        rngs = {"noise": codes["noise"][0]} if "noise" in codes else {}
        out = self._run(codes[self.source], edits, ["taps"] if taps else False, rngs)
        return (out[0], activations(out[1])) if taps else (out, {})

    def _run(self, images: Array, edits: Mapping[str, Edit], mutable: Any, rngs: Mapping[str, Array]) -> Any:
        variables = {**self.variables, **({"edits": as_collection(edits)} if edits else {})}
        options = {"train": self._by_image, "dropout": self.dropout, "rngs": rngs, "mutable": mutable}
        return self.module.apply(variables, images, **options)

    def _draws_noise(self, shape: tuple[int, ...]) -> bool:
        if not self.dropout:
            return False
        try:
            jax.eval_shape(lambda x: self._run(x, {}, False, {}), jax.ShapeDtypeStruct((1, *shape), jnp.float32))
        except errors.InvalidRngError:
            return True
        return False


def translator_of(module: linen.Module, network: Network, average: bool, **settings: Any) -> TranslatorSampler:
    """The sampler of a trained translator. average: by its moving average, where it keeps one."""
    averaged = {"params": network.ema["params"], **network.ema["stats"]} if average and network.ema else None
    return TranslatorSampler(module, averaged or variables_of(network), **settings)


def require_plain(stretches: Sequence[Stretch], game: str) -> None:
    """Raises ValueError where stretches ask for what a game of one update a player and round does not play."""
    phases = {each.phase for each in stretches}
    if any(each.fade for each in stretches) or len({phase.shape for phase in phases}) > 1:
        raise ValueError(f"{game} plays at one size: its stretches neither grow nor fade")
    if any((phase.d_steps, phase.g_steps) != (1, 1) for phase in phases):
        raise ValueError(f"{game} plays one update of each player a round: leave d_steps and g_steps at 1")
    if any(len(phase.shape) != 3 for phase in phases):
        raise ValueError(f"{game} is played with images, of a shape (height, width, channels)")


def shape_of(key: str, shape: tuple[int, ...], shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """Of the images of a key: the phase's shape, with channels of their own where `shapes` has some."""
    return (*shape[:2], shapes[key][-1]) if key in shapes else tuple(shape)


def require_channels(name: str, module: linen.Module, target: str, wanted: int) -> None:
    """Raises ValueError where a translator that says how many channels it makes makes others than its target has."""
    if not hasattr(module, "channels"):
        return
    made = module.channels or module.image_shape[-1]
    if made != wanted:
        raise ValueError(
            f"{name} makes images of {made} channel{'s' if made > 1 else ''} and the data's {target} has {wanted}: set"
            f" {name}.channels to {wanted}"
        )
