import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.features import resize

SIZES = [((5, 7), (9, 8)), ((32, 32), (299, 299)), ((40, 64), (17, 299)), ((61, 50), (20, 13)), ((6, 6), (6, 6))]


@pytest.fixture(params=["cpu", "default"])
def form(request, monkeypatch):
    """Traces what CPUs run, or what other devices run."""
    choose = lambda *args, **forms: forms[request.param](*args)
    monkeypatch.setattr(resize.lax, "platform_dependent", choose)


def images(size, batch=2, channels=3):
    return np.random.default_rng(0).integers(0, 256, (batch, *size, channels), dtype=np.uint8)


def by_pillow(images, height, width):
    one = lambda plane: np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
    planes = np.moveaxis(images.astype(np.float32), -1, 1)
    return np.moveaxis(np.stack([[one(plane) for plane in image] for image in planes]), 1, -1)


def by_tensorflows_loop(images, height, width):
    """The arithmetic of TensorFlow 1.x's kernel, one pixel at a time."""
    place = lambda i, old, new: float(np.float32(i) * np.float32(old / new))
    y = np.zeros((images.shape[0], height, width, images.shape[3]))
    for i in range(height):
        for j in range(width):
            v, h = place(i, images.shape[1], height), place(j, images.shape[2], width)
            top, left = int(v), int(h)
            bottom, right = min(top + 1, images.shape[1] - 1), min(left + 1, images.shape[2] - 1)
            upper = images[:, top, left] + (h - left) * (images[:, top, right] - images[:, top, left])
            lower = images[:, bottom, left] + (h - left) * (images[:, bottom, right] - images[:, bottom, left])
            y[:, i, j] = upper + (v - top) * (lower - upper)
    return y


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_clean_bicubic_is_pillows(form, old, new):
    x = images(old)
    y = jax.jit(lambda x: resize.clean_bicubic(x, *new))(x)
    assert y.dtype == jnp.float32
    np.testing.assert_allclose(y, by_pillow(x, *new).clip(0, 255), rtol=0, atol=2e-4)


def test_clean_bicubic_clips_what_overshoots():
    x = np.zeros((1, 8, 8, 1), np.uint8)
    x[:, 2:6, 2:6] = 255
    raw = by_pillow(x, 31, 31)
    y = resize.clean_bicubic(x, 31, 31)
    assert raw.min() < -5 and raw.max() > 260
    assert y.min() == 0 and y.max() == 255


@pytest.mark.parametrize(
    ("old", "new"), [((5, 7), (9, 8)), ((16, 16), (37, 37)), ((40, 64), (17, 29)), ((6, 6), (6, 6))]
)
def test_tf1_bilinear_against_a_loop(form, old, new):
    x = images(old)
    y = jax.jit(lambda x: resize.tf1_bilinear(x, *new))(x)
    assert y.dtype == jnp.float32
    np.testing.assert_allclose(y, by_tensorflows_loop(x.astype(np.float64), *new), rtol=0, atol=1e-4)


def test_tf1_bilinear_by_hand():
    x = jnp.asarray([0.0, 8.0]).reshape(1, 1, 2, 1)
    line = lambda width: resize.tf1_bilinear(x, 1, width).ravel().tolist()
    assert line(4) == [0, 4, 8, 8]  # pixel i looks at i / 2; half-pixel centres would give 0, 2, 6, 8
    x = jnp.arange(6.0).reshape(1, 1, 6, 1)
    assert line(3) == [0, 2, 4]  # no antialiasing


def test_both_forms_agree_and_have_gradients():
    x = jnp.asarray(images((12, 20)), jnp.float32)
    matrix = resize._pillow_bicubic_matrix(20, 7)
    forms = [lambda x, form=form: form(x, 2, matrix) for form in (resize._band, resize._product)]
    np.testing.assert_allclose(forms[0](x), forms[1](x), rtol=1e-6, atol=1e-4)
    gradients = [jax.grad(lambda x, form=form: (form(x) ** 2).sum())(x) for form in forms]
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("name", ["tf1", "clean"])
def test_grey_images_are_repeated(name):
    x = images((9, 11), channels=1)
    y = resize.rgb_of_side(x, 13, name)
    assert y.shape == (2, 13, 13, 3) and y.dtype == jnp.float32
    np.testing.assert_allclose(y, resize.rgb_of_side(np.repeat(x, 3, -1), 13, name), rtol=1e-6)


def test_bad_images_are_refused():
    with pytest.raises(ValueError, match="1 channel .* or 3"):
        resize.rgb_of_side(images((9, 9), channels=4), 13, "tf1")
    with pytest.raises(ValueError, match="uint8 .* got float32"):
        resize.rgb_of_side(images((9, 9)).astype(np.float32), 13, "tf1")
    with pytest.raises(ValueError, match="uint8 .B, H, W, C."):
        resize.rgb_of_side(images((9, 9))[0], 13, "tf1")
    with pytest.raises(ValueError, match="'tf1', 'clean', not 'area'"):
        resize.rgb_of_side(images((9, 9)), 13, "area")


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("old", [(32, 32), (64, 64), (128, 128), (299, 299), (320, 400), (1024, 700)])
def test_tf1_bilinear_is_torch_fidelitys(torch_package, old):
    torch_package("torch_fidelity")
    import torch
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x as theirs

    x = images(old)
    planes = theirs(torch.from_numpy(np.moveaxis(x, -1, 1).astype(np.float32)), (299, 299), align_corners=False)
    y = jax.jit(lambda x: resize.tf1_bilinear(x, 299, 299))(x)
    np.testing.assert_allclose(y / 255, np.moveaxis(planes.numpy(), 1, -1) / 255, rtol=0, atol=1e-6)
