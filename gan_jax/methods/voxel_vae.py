"""3D-VAE-GAN: a picture's encoder, a generator of voxels, and a discriminator (Wu et al., arXiv:1610.07584, section 3.2).

A round is three turns: D tells real shapes from G's of drawn latents; the encoder E learns codes of pictures from which G
makes the pictured shape, and which are spread as latents are; G learns to make D's reals, and the pictured shapes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import game, ranges
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.fitting import require_fit
from gan_jax.methods.growth import grows, require_resets
from gan_jax.methods.heads import collect_heads
from gan_jax.methods.observers import DiscriminatorObserver
from gan_jax.methods.passes import Passes, variables_of
from gan_jax.methods.player_metrics import player_metrics
from gan_jax.methods.reconstruction import ViewSampler
from gan_jax.methods.samplers import sampler_of
from gan_jax.methods.update import COLLECTIONS, MOVED_BY_ITS_PLAYER, Outcome, begun_anew, update
from gan_jax.types import (
    AdversarialLoss,
    Array,
    Batch,
    Clock,
    Network,
    Play,
    PyTree,
    Regularizer,
    Term,
    TrainState,
    named_key,
    over_data,
)

_PREFIX = {"discriminator": "d", "encoder": "e", "generator": "g"}  # in the order of their turns
_TAKEN = ("loss", "latents", "code", "noise", "reconstruction", "kl")


def kl_to_normal(mean: Array, log_variance: Array) -> Array:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over dimensions, the mean over the batch: [B, Z] twice -> [].

    1/2 sum(mean^2 + variance - 1 - log variance): appendix B of arXiv:1312.6114.
    """
    each = jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance
    return 0.5 * jnp.mean(jnp.sum(each, axis=-1))


def squared_error(made: Array, voxels: Array) -> Array:
    """|| made - voxels ||^2, the mean over the batch: [B, D, H, W, 1] twice -> []."""
    return jnp.mean(jnp.sum(jnp.square(made - voxels), axis=tuple(range(1, made.ndim))))


@dataclasses.dataclass(frozen=True)
class VoxelVae:
    """The game of three networks as pure functions, see `gan_jax.game.Method`.

    An element of the data is `voxels` and `image`, a picture of that shape. G makes the shapes of drawn latents and of codes
    in one pass, so batch normalisation sees both alike in every turn; D judges those of drawn latents.

    encoder: pictures -> (mean, log variance) [B, Z], see `architectures.view_encoder`. generator, discriminator: as in
        `adversarial.Adversarial`.
    shapes: of "image", the pictures: (H, W, C). A config's data.shapes.
    latents: N(0, 1), which codes are pulled to.
    weight_kl, weight_reconstruction: of the two terms beside the adversarial one, `kl_to_normal` and `squared_error`, both
        sums over an element. 5 and 1e-4 are the paper's (unverified, and the norm is there not squared).
    regularizers: of D and G, those without networks of their own.
    """

    networks: ClassVar[tuple[str, ...]] = ("encoder", "generator", "discriminator")
    frozen: ClassVar[tuple[str, ...]] = ()

    encoder: linen.Module
    generator: linen.Module
    discriminator: linen.Module
    loss: AdversarialLoss
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    shapes: Mapping[str, Sequence[int]]
    regularizers: Mapping[str, Regularizer] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    latents: normal = normal(200)
    weight_kl: float = 5.0
    weight_reconstruction: float = 1e-4

    def __post_init__(self):
        for name in ("weight_kl", "weight_reconstruction"):
            ranges.not_negative(name, getattr(self, name))
        if len(self.shapes.get("image", ())) != 3:
            raise ValueError(f"shapes['image'] is the pictures' (height, width, channels), not in {dict(self.shapes)}")
        if not isinstance(self.latents, normal) or self.latents.threshold is not None:
            raise ValueError("codes are pulled to N(0, 1): set latents.type to 'normal', without a threshold")
        if (dim := getattr(self.encoder, "dim", self.latents.dim)) != self.latents.dim:
            raise ValueError(f"the encoder's codes have {dim} numbers and latents {self.latents.dim}: set both alike")
        if missing := _PREFIX.keys() - self.optimizers.keys():
            raise ValueError(f"optimizers lacks {' and '.join(sorted(missing))}")
        if clash := self.regularizers.keys() & set(_TAKEN):
            raise ValueError(f"a regulariser cannot be named {min(clash)!r}: the method's own term or noise is")
        if heads := collect_heads(self.regularizers, players=_PREFIX):
            raise ValueError(f"this game takes regularisers without networks of their own, and there is {min(heads)!r}")
        game.check_stretches(self.stretches)
        if grows(self.stretches):
            raise ValueError("this game's networks do not grow: all stretches have one shape, and none fades")
        require_resets(self.stretches, self.networks)
        require_fit(self)

    @property
    def view_shape(self) -> tuple[int, ...]:
        """(H, W, C) of the pictures."""
        return tuple(self.shapes["image"])

    # --- state

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: leaves [d_steps, B, ...]."""
        leaf = lambda shape: jax.ShapeDtypeStruct((phase.d_steps, phase.batch_size, *shape), jnp.float32)
        return {"voxels": leaf(phase.shape), "image": leaf(self.view_shape)}

    def init(self, key: Array) -> TrainState:
        """The state before the first round."""
        first = {"encoder": self.view_shape, "generator": (self.latents.dim,)}
        of_networks, networks = named_key(key, "init"), {}
        for name in self.networks:
            own = jnp.zeros((2, *first.get(name, self.stretches[-1].phase.shape)))
            rngs = {"params": named_key(of_networks, name), "noise": named_key(of_networks, "noise")}
            made = dict(getattr(self, name).init(rngs, own, train=False, mutable=COLLECTIONS))
            params = made.pop("params")
            networks[name] = Network(params, made, self.optimizers[name].init(params))
        memory = {"loss": self.loss.init()} | {name: r.init() for name, r in self.regularizers.items()}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, memory)

    def load(self) -> dict[str, PyTree]:
        """Nothing: all networks are trained."""
        return {}

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round: d_steps turns of D, then g_steps of E and G on the last batch. Metrics: {"d/", "e/", "g/"...}."""
        if (found := batch["image"].shape[2:]) != self.view_shape:
            raise ValueError(
                f"pictures of the batch are {found}, and data.shapes says {self.view_shape}: set both alike"
            )
        key, clock = jax.random.fold_in(state.key, state.step), game.clock(self.stretches, state.step)
        networks = {
            name: begun_anew(game.begins_anew(self.stretches, state.step, name), each, self.optimizers[name])
            for name, each in state.networks.items()
        }
        turns = [("discriminator", i) for i in range(phase.d_steps)]
        turns += [(name, i) for i in range(phase.g_steps) for name in ("encoder", "generator")]
        memory, seen = dict(state.memory), {name: [] for name in _PREFIX}
        for player, i in turns:
            steps = "d_steps" if player == "discriminator" else "g_steps"
            real = {name: leaf[i if player == "discriminator" else -1] for name, leaf in batch.items()}
            own = named_key(jax.random.fold_in(key, i), player)
            number = game.updates(self.stretches, state.step, steps) + i
            networks, memory, told = self._update(player, networks, memory, real, own, clock, number)
            seen[player].append(told)
        metrics = {
            f"{_PREFIX[player]}/{name}": jnp.mean(jnp.stack([each[name] for each in told])).astype(jnp.float32)
            for player, told in seen.items()
            for name in told[0]
        }
        return state.replace(step=state.step + 1, networks=networks, memory=memory), metrics

    def _update(
        self, player: str, networks: dict, memory: dict, real: Batch, key: Array, clock: Clock, number: Array
    ) -> tuple[dict, dict, Mapping[str, Array]]:
        shape = (real["voxels"].shape[0], self.latents.dim)
        z = self.latents.draw(named_key(key, "latents"), shape[0])
        chance = over_data({"z": z, "code": jax.random.normal(named_key(key, "code"), shape)})

        def loss(params: Mapping[str, PyTree], batch: tuple[Batch, Batch], key: Array) -> tuple[Array, Outcome]:
            (real, chance), modules = batch, {name: getattr(self, name) for name in self.networks}
            passes = Passes(modules, params, networks, {}, named_key(key, "noise"), {}, clock)
            nets = passes.nets | {player: passes.moving(player, MOVED_BY_ITS_PLAYER)}
            terms, play = self._terms(player, nets, passes.nets, real, chance, memory, key, clock, number)
            total = sum(term.loss for term in terms.values())
            kept = {name: terms[name].memory if name in terms else memory[name] for name in memory}
            if play is None:
                metrics = {"total": total} | {name: x for term in terms.values() for name, x in term.metrics.items()}
            else:
                metrics = player_metrics(player, total, terms, play, self.loss)
            rests = {player: terms["loss"].rests} if "loss" in terms and terms["loss"].rests is not None else {}
            return total, Outcome(metrics, passes.moved, kept, rests)

        networks, outcome = update(networks, [player], loss, (real, chance), key, self.optimizers, clock)
        return networks, outcome.memory, outcome.metrics

    def _terms(
        self,
        player: str,
        nets: Mapping[str, Any],
        still: Mapping[str, Any],
        real: Batch,
        chance: Batch,
        memory: Mapping[str, Any],
        key: Array,
        clock: Clock,
        number: Array,
    ) -> tuple[dict[str, Term], Play | None]:
        """The addends of a player's loss by name, and what regularisers saw. nets: the player's own moves its statistics."""
        n = real["voxels"].shape[0]
        mean, log_variance = nets["encoder"](real["image"])
        code = mean + jnp.exp(0.5 * log_variance) * chance["code"]
        made = nets["generator"](over_data(jnp.concatenate([chance["z"], code])))  # [2 B, D, H, W, 1]
        error = squared_error(made[n:], real["voxels"])
        rebuilt = Term(self.weight_reconstruction * error, (), {"reconstruction": error})
        if player == "encoder":
            kl = kl_to_normal(mean, log_variance)
            return {"reconstruction": rebuilt, "kl": Term(self.weight_kl * kl, (), {"kl": kl})}, None
        fake = made[:n] if player == "generator" else jax.lax.stop_gradient(made[:n])
        judge = nets["discriminator"]
        on_real, on_fake = judge(real["voxels"]), still["discriminator"](fake)
        told = {"real": {"image": real["voxels"]}, "latents": {"z": chance["z"]}, "fake": {"image": fake}}
        adversarial = lambda real, fake: getattr(self.loss, player)(real, fake, memory["loss"]).loss
        play = Play(still, **told, on_real=on_real, on_fake=on_fake, key=key, clock=clock, update=number,
                    adversarial=adversarial)  # fmt: skip
        terms = {"loss": getattr(self.loss, player)(on_real.logits, on_fake.logits, memory["loss"])}
        for name, regularizer in self.regularizers.items():
            own = dataclasses.replace(play, key=named_key(key, name))
            terms[name] = getattr(regularizer, player)(own, memory[name])
        return terms | ({"reconstruction": rebuilt} if player == "generator" else {}), play

    # --- the result

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, Any]:
        """{"generate": shapes of drawn latents, "reconstruct": the shape that a picture shows}."""
        generate = sampler_of(self.generator, state.networks["generator"], average, self.latents, target="voxels")
        encoder = variables_of(state.networks["encoder"])
        return {"generate": generate, "reconstruct": ViewSampler(self.encoder, encoder, generate)}

    def observers(self, state: TrainState, phase: Phase) -> dict[str, DiscriminatorObserver]:
        """{"discriminator": its features}."""
        variables = variables_of(state.networks["discriminator"])
        return {"discriminator": DiscriminatorObserver(self.discriminator, variables)}

    def measures(self, state: TrainState, phase: Phase) -> dict[str, Any]:
        """None."""
        return {}
