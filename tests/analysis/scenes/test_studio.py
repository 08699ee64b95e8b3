"""What a studio draws, beside the sampler's own functions; one program for all of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.directions import Direction, generator_hash, with_directions
from gan_jax.analysis.scenes import Scene, Studio, Units, pixels
from gan_jax.analysis.scenes.mask import packed
from gan_jax.architectures import mlp
from gan_jax.game import Edit, sampled
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler, with_noise
from gan_jax.methods.truncation import truncated
from gan_jax.nn.compiling import compiled

MASK = np.arange(64).reshape(8, 8) % 3 == 0


def direction(sampler, name, space, size):
    vector = np.random.default_rng(1).normal(size=size)
    return Direction(name, space, vector, "a test", "one step", generator_hash(sampler))


@pytest.fixture(scope="module")
def studio(styled):
    return Studio(styled, [direction(styled, "turn", "w", 5), direction(styled, "tilt", "z", 4)])


@pytest.fixture(scope="module")
def bare(plain):
    return Studio(plain)


def drawn(sampler, seed, index):
    images, _ = sampled(sampler, jax.random.key(seed), jnp.asarray([index], jnp.uint32))
    return np.asarray(images[0])


def close(a, b):
    np.testing.assert_allclose(a, b, atol=2e-5)


def test_what_there_is_to_turn(studio, bare):
    can = studio.abilities
    assert (can.shape, can.truncation, can.classes, can.noise, can.styles) == ((8, 8, 1), "psi", 0, True, 4)
    assert list(can.layers) == ["synthesis/block0", "synthesis/block1"] and can.layers["synthesis/block1"][:2] == (8, 8)
    assert (bare.abilities.truncation, bare.abilities.styles, bare.abilities.noise) == ("threshold", 0, False)
    assert bare.abilities.layers == {}, "its activations have no places"


def test_a_plain_scene_is_the_sample_of_its_seed(studio, bare, styled, plain):
    close(studio.image(Scene(seed=3, index=5)), drawn(styled, 3, 5))
    close(bare.image(Scene(seed=3, index=5)), drawn(plain, 3, 5))


def test_truncation_and_noise_are_the_wrappers(studio, bare, styled, plain):
    close(studio.image(Scene(index=2, truncation=0.5)), drawn(truncated(styled, 0.5), 0, 2))
    close(bare.image(Scene(index=2, truncation=0.5)), drawn(truncated(plain, 0.5), 0, 2))
    for noise in ("fixed", "none"):
        close(studio.image(Scene(index=2, noise=noise)), drawn(with_noise(styled, noise), 0, 2))


def test_directions_are_those_of_the_sampler(studio, styled):
    moves = [(studio.directions["turn"], 1.5), (studio.directions["tilt"], -0.5)]
    scene = Scene(index=2, directions={"turn": 1.5, "tilt": -0.5})
    close(studio.image(scene), drawn(with_directions(styled, moves), 0, 2))


def test_between_and_mixing_end_in_the_second_image(studio, bare):
    other = studio.image(Scene(seed=1, index=9, noise="none"))
    first = studio.image(Scene(noise="none"))
    ways = [{"between": 1.0}, {"mixed": (0, 1, 2, 3)}]
    for way in ways:
        close(studio.image(Scene(other=(1, 9), noise="none", **way)), other)
    half = studio.image(Scene(other=(1, 9), noise="none", between=0.5))
    coarse = studio.image(Scene(other=(1, 9), noise="none", mixed=(0, 1)))
    for image in (half, coarse):
        assert np.abs(image - first).max() > 1e-3 and np.abs(image - other).max() > 1e-3
    close(bare.image(Scene(other=(1, 9), between=1.0)), bare.image(Scene(seed=1, index=9)))


def test_units_are_edits(studio, styled):
    layer = "synthesis/block1"
    units = Units(remove=(0,), insert={2: 1.5}, where=packed(MASK))
    channels = studio.abilities.layers[layer][2]
    scale, shift = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    scale[[0, 2]], shift[2] = 0, 1.5
    codes = styled.map(styled.starts(jax.random.key(0), jnp.asarray([1], jnp.uint32)))
    edit = Edit(MASK[None, ..., None].astype(np.float32), scale, shift)
    expected, sown = compiled(lambda codes, edits: styled.synthesize(codes, (layer,), edits), True)(
        codes, {layer: edit}
    )
    scene = Scene(index=1, layers={layer: units})
    close(studio.image(scene), expected[0])
    fired = studio.activations(scene)[layer]
    close(fired, sown[layer][0])
    close(fired[MASK][:, 0], 0)  # x - x may be fused with the product before it, and miss 0 by rounding
    close(fired[MASK][:, 2], 1.5)
    nowhere = Scene(index=1, layers={layer: Units(remove=(0,), where=packed(MASK & False))})
    np.testing.assert_array_equal(studio.image(nowhere), studio.image(Scene(index=1)))


def test_levels_are_the_mean_of_the_highest_places(studio):
    fired = [studio.activations(Scene(index=i))["synthesis/block0"] for i in range(32)]
    np.testing.assert_allclose(studio.levels["synthesis/block0"], np.max(fired, (1, 2)).mean(0), rtol=1e-5)


def test_no_knob_compiles_anew(studio, monkeypatch):
    studio.image(Scene())
    traced = []
    whole = GeneratorSampler.synthesize
    monkeypatch.setattr(GeneratorSampler, "synthesize", lambda *args: traced.append(1) or whole(*args))
    units = {"synthesis/block0": Units(remove=(1,)), "synthesis/block1": Units(insert={0: 2.0}, where=packed(MASK))}
    for scene in (
        Scene(seed=9, truncation=0.3, noise="none"),
        Scene(other=(2, 2), between=0.4, mixed=(3,), noise="fixed"),
        Scene(directions={"turn": 2.0, "tilt": 0.1}, layers=units),
    ):
        studio.image(scene)
    assert not traced


def test_no_threshold_compiles_anew(bare, monkeypatch):
    bare.image(Scene(truncation=1.0))
    traced = []
    whole = GeneratorSampler.starts
    monkeypatch.setattr(GeneratorSampler, "starts", lambda *args: traced.append(1) or whole(*args))
    assert np.abs(bare.image(Scene(truncation=0.1)) - bare.image(Scene(truncation=0.2))).max() > 0
    assert not traced


def test_sweeps_go_to_and_fro(studio):
    scene = Scene(other=(0, 4), noise="none")
    between, truncation, turn = (list(studio.frames(scene, name, 4)) for name in ("between", "truncation", "turn"))
    for frames in (between, truncation):
        np.testing.assert_array_equal(frames[1], frames[3])
        np.testing.assert_array_equal(frames[0], studio.image(scene))
    close(between[2], studio.image(Scene(index=4, noise="none")))
    close(truncation[2], studio.image(Scene(truncation=0.0, noise="none")))
    close(turn[0], studio.image(Scene(directions={"turn": 2.0}, noise="none")))
    close(turn[2], studio.image(Scene(directions={"turn": -2.0}, noise="none")))
    for sweep, frames, told in (
        ("turm", 4, "no sweep 'turm' .did you mean 'turn'"),
        ("turn", 1, "frames must be a whole number from 2"),
        ("turn", 999, "frames must be a whole number of at most 240"),
    ):
        with pytest.raises(ValueError, match=told):
            studio.frames(scene, sweep, frames)
    with pytest.raises(ValueError, match="needs the second one"):
        studio.frames(Scene(), "between", 4)


@pytest.mark.parametrize(
    "scene, told",
    [
        (Scene(label=1), "unconditional"),
        (Scene(other=(0, 1), mixed=(4,)), "layer 4 cannot be mixed: this generator has layers 0 to 3"),
        (Scene(directions={"trun": 1.0}), "no direction 'trun' .did you mean 'turn'"),
        (Scene(layers={"block9": Units()}), "no layer 'block9'.* there are synthesis/block0, synthesis/block1"),
        (Scene(layers={"synthesis/block0": Units(remove=(99,))}), "has units 0 to 5, and 99"),
        (Scene(layers={"synthesis/block1": Units(where=packed(MASK[:4]))}), "a mask of 8 x 8 places takes 8 bytes"),
        (Scene(layers={"synthesis/block1": Units(insert={0: 1e9}), "synthesis/block0": Units(insert={0: 1e9})}), None),
    ],
)
def test_what_cannot_be_drawn_is_said(studio, scene, told):
    if told is None:  # large, and finite
        assert np.isfinite(studio.image(scene)).all()
        return
    with pytest.raises(ValueError, match=told):
        studio.image(scene)


@pytest.mark.parametrize(
    "scene, told",
    [
        (Scene(truncation=0.0), "a threshold of latents is above 0"),
        (Scene(noise="none"), "draws noise"),
        (Scene(other=(0, 1), mixed=(0,)), "no codes w to mix"),
        (Scene(layers={"block0": Units()}), "there is none"),
    ],
)
def test_what_a_plain_generator_cannot_draw_is_said(bare, scene, told):
    with pytest.raises(ValueError, match=told):
        bare.image(scene)


def test_pixels_are_those_of_sample():
    image = np.linspace(-1.5, 1.5, 7, dtype=np.float32).reshape(1, 7, 1)
    assert pixels(image)[0, :, 0].tolist() == [0, 0, 64, 128, 191, 255, 255]
    assert pixels(np.zeros((4, 4, 2), np.float32)).shape == (4, 8, 1)


@pytest.mark.parametrize("shape, told", [((2,), "makes points of shape"), ((4, 4, 4, 1), "makes voxels of shape")])
def test_what_makes_no_images_is_sent_elsewhere(shape, told):
    net = mlp.Generator(shape, (6,), 0)
    sampler = GeneratorSampler(net, filled(net, jnp.zeros((1, 4))), normal(4))
    with pytest.raises(ValueError, match=f"{told}.*gan_jax sample --out="):
        Studio(sampler)


def filled(net, *args):
    return dict(compiled(net.init, quick=True)({"params": jax.random.key(0)}, *args))
