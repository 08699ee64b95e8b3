"""Upsampling, thresholds, IoU, information and interventions beside a re-statement of the formulas in PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.dissection.agreement import information_ratio, iou
from gan_jax.analysis.dissection.interventions import replacing
from gan_jax.analysis.dissection.sites import pooled
from gan_jax.analysis.dissection.tally import BINS, Tally, binned, upsampled
from gan_jax.analysis.dissection.units import agreements
from gan_jax.nn.tap import edited

pytestmark = pytest.mark.parity
torch = pytest.importorskip("torch")


def as_nchw(x):
    return torch.from_numpy(np.moveaxis(x, -1, 1).copy())


def on_a_grid(x, size):
    """Bilinear samples at (t + 1/2) h / H - 1/2, constant beyond the outermost centres."""
    at = [(torch.arange(big) + 0.5) * small / big - 0.5 for big, small in zip(size, x.shape[2:], strict=True)]
    y, x_ = (2 * a / (side - 1) - 1 for a, side in zip(at, x.shape[2:], strict=True))
    grid = torch.stack([x_[None].expand(*size), y[:, None].expand(*size)], -1)[None].expand(len(x), *size, 2)
    return torch.nn.functional.grid_sample(x, grid.float(), padding_mode="border", align_corners=True)


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
def test_upsampling(size):
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
    ours = np.asarray(jax.jit(upsampled, static_argnums=1)(x, size))
    theirs = np.moveaxis(on_a_grid(as_nchw(x), size).numpy(), 1, -1)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def entropy_of(p):
    return -torch.special.xlogy(p, p).sum(0)


def test_a_whole_tally():
    """Levels by ratio: no level of 4,096 is better, and IoU and ratio at it are those of the pixels themselves."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 4, 4, 6)).astype(np.float32)
    masks = rng.uniform(size=(4, 16, 16, 3)) < [0.1, 0.3, 0.5]
    up = np.asarray(jax.jit(upsampled, static_argnums=1)(x, (16, 16)))
    masks[..., 1] |= up[..., 2] > 0.7
    low, high = up.min((0, 1, 2)), up.max((0, 1, 2))
    tally = Tally(low, high, 3)
    tally.add(np.asarray(binned(up, low, high)), masks)
    theirs_up = on_a_grid(as_nchw(x), (16, 16)).moveaxis(1, -1).reshape(-1, 6)
    flat = torch.from_numpy(masks.reshape(-1, 3))
    for threshold in ("quantile", "ratio"):
        levels, overlap, ratio = agreements(tally, threshold, top=0.05)
        if threshold == "quantile":
            exact = torch.quantile(theirs_up, 0.95, dim=0).numpy()
            gap = np.asarray([np.diff(np.sort(theirs_up[:, u].numpy())[-60:-40]).max() for u in range(6)])
            assert np.all(np.abs(levels[0] - exact) <= (high - low) / BINS + gap)
        for k in range(3):
            fires = theirs_up >= torch.from_numpy(levels[k].astype(np.float32)) - 1e-6
            inside = flat[:, k : k + 1]
            both = (fires & inside).sum(0)
            np.testing.assert_allclose(overlap[k], (both / (fires | inside).sum(0)).numpy(), rtol=5e-2)
            cells = [fires & inside, fires & ~inside, ~fires & inside, ~fires & ~inside]
            joint = torch.stack([cell.double().mean(0) for cell in cells])
            unit, of_class = joint[0] + joint[1], (joint[0] + joint[2])
            h = entropy_of(joint)
            information = (
                entropy_of(torch.stack([unit, 1 - unit])) + entropy_of(torch.stack([of_class, 1 - of_class])) - h
            )
            expected = torch.where(joint[0] > unit * of_class, information / h, 0.0).numpy()
            np.testing.assert_allclose(ratio[k], expected, rtol=5e-2, atol=2e-3)


def test_ratios_of_random_shares():
    rng = np.random.default_rng(2)
    joint = rng.dirichlet(np.ones(4), 200)
    both, unit, of_class = joint[:, 0], joint[:, 0] + joint[:, 1], joint[:, 0] + joint[:, 2]
    t = torch.from_numpy(joint.T.copy())
    apart = torch.stack(
        [
            (t[0] + t[1]) * (t[0] + t[2]),
            (t[0] + t[1]) * (t[1] + t[3]),
            (t[2] + t[3]) * (t[0] + t[2]),
            (t[2] + t[3]) * (t[1] + t[3]),
        ]
    )
    expected = (t * (t / apart).log()).sum(0) / entropy_of(t)
    np.testing.assert_allclose(information_ratio(both, unit, of_class), expected.numpy(), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(iou(both, unit, of_class), (t[0] / (t[0] + t[1] + t[2])).numpy(), rtol=1e-12)


def test_interventions_and_their_slopes():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 3, 3, 4)).astype(np.float32)
    alpha, values = rng.uniform(size=4).astype(np.float32), rng.normal(size=4).astype(np.float32)
    where = (rng.uniform(size=(2, 3, 3, 1)) < 0.5).astype(np.float32)
    total = lambda alpha: jnp.sum(jnp.sin(edited(x, replacing(alpha, values, where))))
    value, slope = jax.jit(jax.value_and_grad(total))(alpha)
    a = torch.from_numpy(alpha).requires_grad_()
    m = as_nchw(where) * a.reshape(1, -1, 1, 1)
    theirs = (as_nchw(x) * (1 - m) + torch.from_numpy(values).reshape(1, -1, 1, 1) * m).sin().sum()
    theirs.backward()
    np.testing.assert_allclose(value, theirs.item(), rtol=1e-5)
    np.testing.assert_allclose(slope, a.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(4, 4), (3, 5)])
def test_means_over_places(size):
    masks = (np.random.default_rng(4).uniform(size=(2, 16, 16)) < 0.3).astype(np.float32)
    theirs = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(masks)[:, None], size)[:, 0].numpy()
    np.testing.assert_allclose(pooled(masks, size), theirs, atol=1e-6)
