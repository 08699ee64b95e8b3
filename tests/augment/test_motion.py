"""Changes of place against numpy's and scipy's."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from gan_jax.augment import motion

# With less optimisation: these programs run for less time than they compile.
compiled = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
rotate = compiled(motion.rotate)


def numbers(*values):
    return jnp.asarray(values)


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_shift_is_pad_and_slice(make_images, mode):
    x = make_images((5, 6, 9, 2))
    down, right = numbers(0, 3, -3, 1, -2), numbers(0, -4, 4, 0, 3)
    moved = motion.shift(x, down, right, mode)
    for i, (d, r) in enumerate(zip(down.tolist(), right.tolist(), strict=True)):
        padded = np.pad(x[i], [(4, 4), (4, 4), (0, 0)], mode=mode)
        np.testing.assert_array_equal(moved[i], padded[4 - d : 10 - d, 4 - r : 13 - r])
    np.testing.assert_array_equal(moved[0], x[0])


def test_cut_out_by_hand(make_images):
    x = make_images((3, 5, 6, 2)) + 2  # nowhere zero
    cut = np.asarray(motion.cut_out(x, numbers(1, -1, 4), numbers(2, 5, -2), (2, 3)))
    expected = np.array(x)
    expected[0, 1:3, 2:5] = 0
    expected[1, 0:1, 5:6] = 0
    expected[2, 4:5, 0:1] = 0
    np.testing.assert_array_equal(cut, expected)


def test_quarter_turns_are_numpys(make_images):
    x = make_images((5, 4, 4, 2))
    turned = motion.quarter_turns(x, numbers(0, 1, 2, 3, -1))
    for i, q in enumerate((0, 1, 2, 3, -1)):
        np.testing.assert_array_equal(turned[i], np.rot90(x[i], q))


def test_mirror(make_images):
    x = make_images((2, 3, 4, 1))
    both = motion.mirror(x, numbers(True, False))
    np.testing.assert_array_equal(both[0], np.asarray(x)[0, :, ::-1])
    np.testing.assert_array_equal(both[1], x[1])


@pytest.mark.parametrize("shape", [(8, 8), (7, 10)])
def test_stretch_is_scipys_affine_map(make_images, shape):
    """scipy's "mirror" mode reflects about the centre of the outermost pixel; order 1 is linear."""
    x = make_images((4, *shape, 2))
    scales = (numbers(1.0, 1.3, 0.6, 1.0), numbers(1.0, 0.7, 0.6, 1.0))
    shifts = (numbers(0.0, 0.4, -2.5, 1.0), numbers(0.0, 0.0, 3.25, -2.0))
    out = motion.stretch(x, scales, shifts)
    centre = (np.array(shape) - 1) / 2
    for i in range(4):
        scale, move = np.array([s[i] for s in scales]), np.array([s[i] for s in shifts])
        for c in range(2):
            expected = ndimage.affine_transform(
                np.asarray(x[i, :, :, c], np.float64),
                1 / scale,
                offset=centre - (centre + move) / scale,
                order=1,
                mode="mirror",
            )
            np.testing.assert_allclose(out[i, :, :, c], expected, atol=1e-5)
    np.testing.assert_array_equal(out[0], x[0])


def test_a_line_of_one_pixel_stays_as_bright(make_images):
    x = make_images((2, 1, 5, 1))
    scale, move = (numbers(1.3, 1.0), numbers(1.0, 1.0)), (numbers(0.3, 0.5), numbers(0.0, 0.0))
    np.testing.assert_array_equal(motion.stretch(x, scale, move), x)


@pytest.mark.parametrize("side", [8, 9])
def test_turns_by_right_angles_are_exact(make_images, side):
    x = make_images((5, side, side, 2))
    turned = rotate(x, 0.5 * np.pi * numbers(0, 1, 2, 3, -1))
    for i, quarters in enumerate((0, 1, 2, 3, -1)):
        np.testing.assert_allclose(turned[i], np.rot90(x[i], quarters), atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 32), (20, 32), (32, 20)])
def test_turns_are_scipys(shape):
    """On a smooth picture, inside the largest circle, where no pixel comes from beyond the edge. Counter-clockwise."""
    rows, columns = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")
    picture = np.sin(0.1 * columns) + np.cos(0.08 * rows + 0.05 * columns)
    inside = np.hypot(rows, columns) < min(shape) / 2 - 1
    degrees = [10.0, 44.0, -44.0, 46.0, 100.0, 179.0, -130.0]
    x = jnp.asarray(np.repeat(picture[None, :, :, None], len(degrees), 0), jnp.float32)
    turned = rotate(x, jnp.deg2rad(jnp.asarray(degrees)))[..., 0]
    for i, angle in enumerate(degrees):
        expected = ndimage.rotate(picture, angle, reshape=False, order=3, mode="mirror")
        np.testing.assert_allclose(np.asarray(turned[i])[inside], expected[inside], atol=0.02)
        assert np.abs(turned[i] - expected)[inside].mean() < 0.002


def test_turned_images_are_mirrored_at_their_edges():
    """A constant image stays constant, corners included: nothing moves in from beyond the canvas."""
    for shape in ((16, 16), (9, 16), (16, 8)):
        x = jnp.ones((16, *shape, 1))
        np.testing.assert_allclose(rotate(x, jnp.linspace(-np.pi, np.pi, 16)), x, atol=1e-5)


def test_slopes_are_right(make_images):
    """Every transform of place is linear in the image: <T x, y> = <x, T' y>, with T' the gradient."""
    x, y = make_images((3, 6, 8, 1)), make_images((3, 6, 8, 1), 1)
    angle, move = numbers(0.3, -1.9, 2.5), numbers(1, -2, 0)
    for function in (
        lambda x: motion.rotate(x, angle),
        lambda x: motion.shift(x, move, move, "reflect"),
        lambda x: motion.stretch(x, (angle + 3, angle + 2), (angle, angle)),
        lambda x: motion.cut_out(x, move, move, (3, 3)),
    ):

        def slopes(x, y, function=function):
            out, back = jax.vjp(function, x)
            return jnp.vdot(out, y), jnp.vdot(x, back(y)[0])

        np.testing.assert_allclose(*compiled(slopes)(x, y), rtol=1e-4, atol=1e-4)


def test_nothing_is_gathered_or_scattered(make_images):
    """Their gradients would be slow on accelerators."""
    x, angle = make_images((3, 8, 8, 1)), numbers(0.3, -1.9, 2.5)

    def total(x):
        x = motion.shift(motion.rotate(x, angle), numbers(1, 2, 0), numbers(0, 1, 2), "reflect")
        return jnp.sum(jnp.sin(motion.stretch(x, (angle + 3, angle + 3), (angle, angle))))

    program = jax.jit(jax.grad(total)).lower(x).as_text()
    assert "stablehlo.dot_general" in program
    assert "gather" not in program and "scatter" not in program
