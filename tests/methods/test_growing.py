"""A pair of networks that grows from 4 x 4 to 8 x 8 through the two-player game."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax import losses, optim
from gan_jax.architectures import mlp
from gan_jax.architectures.augmented import Augmented
from gan_jax.game import Phase, Stretch, sampled
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.methods.growth import faded, grows, require_growing
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.optim import Ema
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Term, Verdict

SMALL, LARGE = Phase((4, 4, 1), 8, d_steps=2, g_steps=1), Phase((8, 8, 1), 4, d_steps=1, g_steps=2)
STRETCHES = (
    Stretch(SMALL, 0, 3),
    Stretch(LARGE, 3, 7, fade=True, reset=("generator",)),
    Stretch(LARGE, 7, 9),
)


class Generator(linen.Module):
    """z -> [N, *shape]: the old picture, doubled, and the new one beside it."""

    @linen.compact
    def __call__(self, latents, label=None, train=False, *, shape, fade):
        x = linen.Dense(16, name="stem")(latents).reshape(-1, 4, 4, 1)
        old = linen.Dense(1, name="to_image4")(x)
        if shape[0] == 4:
            return old
        new = linen.Dense(1, name="to_image8")(linen.Dense(3, name="block8")(upsample_nearest(x)))
        return fade * new + (1 - fade) * upsample_nearest(old)


class Discriminator(linen.Module):
    @linen.compact
    def __call__(self, images, label=None, train=False, *, fade):
        x = images
        if images.shape[1] == 8:
            new = downsample_mean(linen.Dense(1, name="from_image8")(images))
            x = fade * new + (1 - fade) * downsample_mean(images)
        pooled = jnp.tanh(linen.Dense(5, name="pooled")(x.reshape(x.shape[0], -1)))
        return Verdict(linen.Dense(1, name="head")(pooled)[:, 0], {"pooled": pooled})


class Remembers(Nothing):
    """What the players were last shown of real images, and the numbers of their updates."""

    def init(self):
        return {"real": jnp.zeros((8, 8, 1)), "d": jnp.zeros(2, jnp.int32), "g": jnp.zeros(2, jnp.int32)}

    def discriminator(self, play, memory):
        return Term(jnp.zeros(()), memory | {"d": self._told(memory["d"], play)})

    def generator(self, play, memory):
        real = play.real["image"][0]
        shown = real if real.shape == (8, 8, 1) else memory["real"]
        return Term(jnp.zeros(()), memory | {"real": shown, "g": self._told(memory["g"], play)})

    @staticmethod
    def _told(before, play):
        return jnp.stack([before[0] + 1, play.update])  # how often asked, and the last update's number


def make(**changes):
    settings = {
        "generator": Generator(),
        "discriminator": Discriminator(),
        "loss": losses.hinge(),
        "optimizers": {name: optim.adam(0.01) for name in ("generator", "discriminator")},
        "stretches": STRETCHES,
        "regularizers": {"remembers": Remembers()},
        "latents": normal(3),
        "ema": Ema(None, 0.1),
    }
    return Adversarial(**(settings | changes))


def batch_of(t, phase):
    rng = np.random.default_rng(t)
    return {"image": jnp.asarray(rng.uniform(-1, 1, (phase.d_steps, phase.batch_size, *phase.shape)), jnp.float32)}


@pytest.fixture(scope="module")
def run():
    """The game, its states after 0 .. 9 rounds, the metrics, and how many programs were made."""
    game, programs = make(), []

    def step(state, batch, phase):
        programs.append(phase)
        return game.step(state, batch, phase)

    step = jax.jit(step, static_argnames="phase", compiler_options={"xla_backend_optimization_level": 0})
    states, metrics = [jax.jit(game.init)(jax.random.key(0))], []
    for each in STRETCHES:
        for t in range(each.start, each.stop):
            phase = Phase(list(each.phase.shape), each.phase.batch_size, each.phase.d_steps, each.phase.g_steps)
            state, seen = step(states[-1], batch_of(t, phase), phase=phase)
            states.append(state)
            metrics.append(seen)
    return game, states, metrics, programs


def test_all_parameters_exist_from_the_start(run):
    _, states, _, _ = run
    of = lambda name: set(states[0].networks[name].params)
    assert of("generator") == {"stem", "to_image4", "block8", "to_image8"}
    assert of("discriminator") == {"from_image8", "pooled", "head"}
    assert all(jax.tree.structure(state) == jax.tree.structure(states[0]) for state in states)
    shapes = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state) for state in states]
    assert all(each == shapes[0] for each in shapes)


def test_two_phases_are_two_programs(run):
    """Whatever the number of stretches: the fade, the reset and the counts are traced."""
    _, states, metrics, programs = run
    assert programs == [SMALL, LARGE]
    assert int(states[-1].step) == 9 and all(np.isfinite(float(v)) for seen in metrics for v in seen.values())


def test_updates_of_each_player_are_counted_over_stretches(run):
    """2 of D and 1 of G a round, then 1 and 2."""
    _, states, _, _ = run
    told = [state.memory["remembers"] for state in states[1:]]
    assert [each["d"].tolist() for each in told] == [[n, n - 1] for n in (2, 4, 6, 7, 8, 9, 10, 11, 12)]
    assert [each["g"].tolist() for each in told] == [[n, n - 1] for n in (1, 2, 3, 5, 7, 9, 11, 13, 15)]


def test_new_layers_wait_for_their_stretch(run):
    """Not trained before it, and at its first round, where the fade is 0, without any slope."""
    _, states, _, _ = run
    new = {"generator": ("block8", "to_image8"), "discriminator": ("from_image8",)}
    for name, layers in new.items():
        for layer in layers:
            kernel = [np.asarray(state.networks[name].params[layer]["kernel"]) for state in states]
            moved = [not np.array_equal(a, b) for a, b in zip(kernel, kernel[1:], strict=False)]
            assert moved == [False] * 4 + [True] * 5, (name, layer)


def test_the_optimiser_begins_anew_where_the_stretch_says_so(run):
    """G's, whose count starts again at the two updates of round 3; D's goes on."""
    _, states, _, _ = run
    counts = lambda name: [
        int(next(leaf for leaf in jax.tree.leaves(state.networks[name].opt_state) if leaf.ndim == 0))
        for state in states
    ]
    assert counts("generator") == [0, 1, 2, 3, 2, 4, 6, 8, 10, 12]
    assert counts("discriminator") == [0, 2, 4, 6, 7, 8, 9, 10, 11, 12]


def test_real_images_are_cross_faded(run):
    """fade x + (1 - fade) (x at half the size, doubled): 0 at round 3, a quarter more each, whole from round 7 on."""
    _, states, _, _ = run
    for t, fade in zip(range(3, 9), (0, 0.25, 0.5, 0.75, 1, 1), strict=True):
        real = np.asarray(batch_of(t, LARGE)["image"][-1, 0])
        half = real.reshape(4, 2, 4, 2, 1).mean((1, 3))
        expected = fade * real + (1 - fade) * half.repeat(2, 0).repeat(2, 1)
        np.testing.assert_allclose(states[t + 1].memory["remembers"]["real"], expected, atol=1e-6)


def test_images_that_do_not_fade_are_left_alone():
    x = batch_of(0, LARGE)["image"][0]
    assert faded((Stretch(LARGE, 0, 3),), x, jnp.int32(1)) is x
    np.testing.assert_array_equal(faded(STRETCHES, x, jnp.int32(8)), x)
    assert grows(STRETCHES) and not grows((Stretch(LARGE, 0, 3), Stretch(LARGE, 3, 5)))
    assert grows((Stretch(LARGE, 0, 3, fade=True),))


@pytest.mark.parametrize("phases", [(LARGE, SMALL), (LARGE, SMALL, LARGE)])
def test_a_run_with_a_stretch_smaller_than_the_one_before_is_refused(phases):
    stretches = tuple(Stretch(phase, 3 * i, 3 * i + 3) for i, phase in enumerate(phases))
    with pytest.raises(ValueError, match=r"a stretch shows elements of .* the one before of .* not shrink"):
        require_growing(stretches, "generator", None)


def test_samples_fade_without_a_jump(run):
    """What is shown after round 3's state is the old picture, doubled; after the last fading round the new one alone."""
    game, states, _, _ = run
    key = lambda: jax.random.key(5)
    before = game.samplers(states[3], SMALL, average=False)["image"]
    assert before.shape == (4, 4, 1)
    old = upsample_nearest(sampled(before, key(), jnp.arange(3))[0])
    at = lambda step: states[3].replace(step=jnp.int32(step))
    shown = [
        np.asarray(sampled(game.samplers(at(s), LARGE, average=False)["image"], key(), jnp.arange(3))[0])
        for s in (4, 5, 6, 7, 8)
    ]
    new = shown[-1]
    for fade, images in zip((0.25, 0.5, 0.75, 1, 1), shown, strict=True):
        np.testing.assert_allclose(images, fade * new + (1 - fade) * old, atol=1e-5)
    assert np.abs(new - old).max() > 0.05
    made = game.samplers(states[5], LARGE)["image"]
    assert float(made.fade) == 0.5 and made.shape == (8, 8, 1)
    features = game.observers(states[5], LARGE)["discriminator"](jnp.ones((2, 8, 8, 1)))
    assert features["pooled"].shape == (2, 5)


def test_a_round_asks_for_its_phases_batches():
    game = make()
    assert game.batch(SMALL)["image"].shape == (2, 8, 4, 4, 1) and game.batch(LARGE)["image"].shape == (1, 4, 8, 8, 1)
    state = jax.eval_shape(game.init, jax.random.key(0))
    with pytest.raises(ValueError, match="a round takes d_steps=2 batches, got 1"):
        jax.eval_shape(lambda s, b: game.step(s, b, SMALL), state, game.batch(LARGE))


def test_augmented_networks_grow_too():
    game = make(discriminator=Augmented(Discriminator(), ("translation",)), regularizers={})
    state = jax.eval_shape(game.init, jax.random.key(0))
    assert "from_image8" in state.networks["discriminator"].params["discriminator"]
    for phase in (SMALL, LARGE):
        after, _ = jax.eval_shape(lambda s, b, p=phase: game.step(s, b, p), state, game.batch(phase))
        assert jax.tree.structure(after) == jax.tree.structure(state)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"generator": mlp.Generator((8, 8, 1))}, r"fade in, and the generator \(Generator\) does not grow"),
        ({"generator": Discriminator()}, r"the generator \(Discriminator\) does not grow"),  # takes fade, not shape
        ({"discriminator": mlp.Discriminator((8, 8, 1))}, r"the discriminator \(Discriminator\) does not grow"),
        (
            {"discriminator": Augmented(mlp.Discriminator((8, 8, 1)))},
            r"the discriminator \(Discriminator\) does not grow",
        ),
        ({"stretches": (STRETCHES[0], STRETCHES[2])}, "stretch 1 leaves a gap"),
        (
            {"stretches": (Stretch(SMALL, 0, 3, reset=("critic",)),)},
            "a stretch resets 'critic'; the networks are generator, discriminator",
        ),
    ],
)
def test_what_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)
