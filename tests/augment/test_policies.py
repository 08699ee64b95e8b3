"""The draws: their ranges, that every image has its own, and the probability."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.augment import policies
from gan_jax.augment.policies import POLICIES, augment

KEY = lambda: jax.random.key(3)
MANY = 4000


def factors(key, transform, centre, channels=3):
    """The factor by which a transform stretched each image's distance from a centre, and that it is one factor."""
    x = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (MANY, 2, 3, channels)), jnp.float32)
    y = np.asarray(transform(key, x), np.float64)
    x = np.asarray(x, np.float64)
    before, after = x - centre(x), y - centre(x)
    factor = (before * after).sum((1, 2, 3)) / (before**2).sum((1, 2, 3))
    np.testing.assert_allclose(after, factor[:, None, None, None] * before, atol=1e-5)
    return factor


def is_uniform(values, low, high):
    """Its quantiles are straight, within 5 standard errors of the middle one."""
    grid = np.linspace(0, 1, 21)
    np.testing.assert_allclose(
        np.quantile(values, grid), low + grid * (high - low), atol=5 * (high - low) / np.sqrt(4 * MANY)
    )


def test_diff_augments_numbers():
    """Brightness U(-0.5, 0.5); saturation U(0, 2) about a pixel's mean; contrast U(0.5, 1.5) about the image's."""
    x = jnp.zeros((MANY, 2, 2, 3))
    shift = np.asarray(policies.brightness(KEY(), x))
    assert np.ptp(shift, axis=(1, 2, 3)).max() == 0
    is_uniform(shift[:, 0, 0, 0], -0.5, 0.5)
    is_uniform(factors(KEY(), policies.saturation, lambda x: x.mean(-1, keepdims=True)), 0, 2)
    is_uniform(factors(KEY(), policies.contrast, lambda x: x.mean((1, 2, 3), keepdims=True)), 0.5, 1.5)


@pytest.mark.parametrize(
    "transform, mode, reach",
    [
        (policies.translation, "constant", (1, 2)),
        (policies.reflected_shift, "reflect", (1, 2)),
        (lambda key, x: policies.reflected_shift(key, x, 3), "reflect", (3, 3)),
    ],
)
def test_shifts_reach_an_eighth_of_each_side(transform, mode, reach):
    """All moves within reach are drawn, equally often, and no other."""
    image = np.random.default_rng(0).uniform(-1, 1, (8, 16, 1)).astype(np.float32)
    moved = np.asarray(transform(KEY(), jnp.asarray(np.repeat(image[None], MANY, 0))))
    padded = np.pad(image, [(3, 3), (3, 3), (0, 0)], mode=mode)
    counts = {}
    for down in range(-reach[0], reach[0] + 1):
        for right in range(-reach[1], reach[1] + 1):
            expected = padded[3 - down : 11 - down, 3 - right : 19 - right]
            counts[down, right] = int(np.all(moved == expected, axis=(1, 2, 3)).sum())
    assert sum(counts.values()) == MANY
    mean = MANY / len(counts)
    assert max(abs(count - mean) for count in counts.values()) < 5 * np.sqrt(mean)


@pytest.mark.parametrize("shape", [(8, 8), (5, 7)])
def test_cutouts_centre_is_anywhere(shape):
    """The official box: sides of half the image (rounded), offsets from 0 to H - side % 2, minus half a side, clamped."""
    height, width = shape
    x = jnp.ones((MANY, *shape, 2))
    seen = {tuple(map(tuple, image)) for image in np.asarray(policies.cutout(KEY(), x))[..., 0].astype(int)}
    sides = [int(n * 0.5 + 0.5) for n in shape]
    expected = set()
    for i in range(height + 1 - sides[0] % 2):
        for j in range(width + 1 - sides[1] % 2):
            image = np.ones(shape, int)
            rows = np.clip(np.arange(sides[0]) + i - sides[0] // 2, 0, height - 1)
            columns = np.clip(np.arange(sides[1]) + j - sides[1] // 2, 0, width - 1)
            image[np.ix_(rows, columns)] = 0
            expected.add(tuple(map(tuple, image)))
    assert seen == expected


def test_adas_numbers():
    x = jnp.zeros((MANY, 2, 2, 1))
    close = lambda values, stddev: np.testing.assert_allclose(
        [values.mean(), values.std()], [0, stddev], atol=0.05 * stddev
    )
    close(np.asarray(policies.light(KEY(), x))[:, 0, 0, 0], 0.2)
    close(np.log2(factors(KEY(), policies.gain, lambda x: 0 * x)), 0.5)
    close(np.log2(factors(KEY(), policies.vividness, lambda x: x.mean(-1, keepdims=True))), 1.0)
    flipped = np.asarray(policies.luma_flip(KEY(), x + 1.0))[:, 0, 0, 0]
    assert set(flipped.tolist()) == {1.0, -1.0} and abs(flipped.mean()) < 0.08
    red = jnp.broadcast_to(jnp.array([1.0, 0, 0]), (MANY, 1, 1, 3))
    hue = np.asarray(policies.hue(KEY(), red))[:, 0, 0]
    is_uniform(np.arctan2(np.sqrt(3) * (hue[:, 1] - hue[:, 2]), 2 * hue[:, 0] - hue[:, 1] - hue[:, 2]), -np.pi, np.pi)
    turned = np.asarray(
        policies.right_angles(KEY(), jnp.broadcast_to(jnp.array([[0.0, 1], [2, 3]])[..., None], (MANY, 2, 2, 1)))
    )
    assert np.abs(np.bincount(turned[:, 0, 0, 0].astype(int)) - MANY / 4).max() < 5 * np.sqrt(MANY / 4)
    wide = np.asarray(policies.right_angles(KEY(), jnp.broadcast_to(jnp.arange(3.0).reshape(1, 3, 1), (MANY, 1, 3, 1))))
    assert set(wide[:, 0, 0, 0].tolist()) == {0.0, 2.0}


def test_adas_geometry_is_of_its_size():
    """A ramp's slope tells the scale; its middle tells the move; the direction of its slope tells the turn."""
    n, side = 300, 16
    ramp = np.broadcast_to((np.arange(side) - (side - 1) / 2) / side, (n, side, side)).astype(np.float32)
    middle = slice(side // 2 - 1, side // 2 + 1)

    def slopes(transform):
        out = np.asarray(transform(KEY(), jnp.asarray(ramp[..., None])))[:, middle, middle, 0] * side
        return (out[:, :, 1] - out[:, :, 0]).mean(1), (out[:, 1] - out[:, 0]).mean(1), out.mean((1, 2))

    across, down, _ = slopes(policies.scale)
    np.testing.assert_allclose(np.log2(across).std(), 0.2, atol=0.03)
    np.testing.assert_allclose(down, 0, atol=1e-4)
    across, _, _ = slopes(policies.anisotropy)
    np.testing.assert_allclose(np.log2(across).std(), 0.2, atol=0.03)
    _, _, offset = slopes(policies.slide)
    moved = np.abs(offset) < 6  # the rest has met the mirrored edge
    np.testing.assert_allclose(offset[moved].std(), 0.125 * side, atol=0.3)
    across, down, _ = slopes(policies.turn)
    np.testing.assert_allclose(np.hypot(across, down), 1, atol=0.15)
    assert (
        np.abs(np.bincount(((np.arctan2(down, across) / np.pi + 1) * 2).astype(int), minlength=4)[:4] - n / 4).max()
        < 45
    )


@pytest.mark.parametrize("group", sorted(POLICIES))
def test_probability(make_images, group):
    """0: the images bit for bit; 1: nearly all changed; in between: that share. Traced, in one program."""
    x = make_images((96, 8, 8, 3))
    run = jax.jit(lambda p: augment(KEY(), x, (group,), p), compiler_options={"xla_backend_optimization_level": 0})
    changed = lambda p: np.any(np.asarray(run(jnp.float32(p))) != x, axis=(1, 2, 3)).mean()
    assert changed(0.0) == 0.0
    assert changed(1.0) > 0.85  # a shift may be by nothing
    n = len(POLICIES[group])
    assert changed(0.1) < 1.2 * (1 - 0.9**n) + 0.12 and changed(0.5) > 0.25


def test_the_chance_of_either_turn_is_p(make_images, monkeypatch):
    """ADA turns before and after the anisotropic scaling, with 1 - sqrt(1 - p) each."""
    monkeypatch.setitem(policies.POLICIES, "ada_geometric", (policies.turn, policies.turn))
    x = make_images((800, 2, 2, 1))
    changed = np.any(np.asarray(augment(KEY(), x, ("ada_geometric",), 0.4)) != x, axis=(1, 2, 3)).mean()
    assert abs(changed - 0.4) < 5 * np.sqrt(0.24 / 800)


def test_draws_are_of_the_key_and_the_group(make_images):
    """Adding a group changes no other's draw; another key is another draw."""
    x = make_images((6, 8, 8, 3))
    once = augment(KEY(), x, ("translation", "cutout"))
    np.testing.assert_array_equal(once, augment(KEY(), augment(KEY(), x, ("translation",)), ("cutout",)))
    assert not np.array_equal(once, augment(jax.random.key(4), x, ("translation", "cutout")))


@pytest.mark.parametrize("policy", [(), ("colour",), "color", ("color", "zoom")])
def test_unknown_groups_name_the_known(make_images, policy):
    with pytest.raises(ValueError, match="one or more of color, translation, cutout, ada_blit"):
        augment(KEY(), make_images((2, 4, 4, 1)), policy)


def test_points_are_refused():
    with pytest.raises(ValueError, match=r"for images \[B, H, W, C\], got \(4, 2\)"):
        augment(KEY(), jnp.zeros((4, 2)), ("color",))


def test_a_shift_beyond_a_small_image_is_mirrored_again():
    x = jnp.arange(3.0).reshape(1, 1, 3, 1)
    for seed in range(5):
        moved = np.asarray(policies.reflected_shift(jax.random.key(seed), x, 5))[0, 0, :, 0]
        assert any(np.array_equal(moved, np.pad([0, 1, 2], 5, mode="reflect")[k : k + 3]) for k in range(11))
