"""The metrics against the packages that the literature's numbers come from.

The default run compares with their results as stored in golden/references.npz. With `-m parity` the packages run, on
more data, and must still give what is stored. `python tests/metrics/test_references.py` writes that file anew.
"""

import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from gan_jax.metrics.frechet import Moments, frechet_distance
from gan_jax.metrics.inception_score import inception_score
from gan_jax.metrics.kernel import kernel_distance
from gan_jax.metrics.ms_ssim import WEIGHTS, ms_ssim
from gan_jax.metrics.prdc import precision_recall_density_coverage

GOLDEN = Path(__file__).parent / "golden" / "references.npz"
IMAGE_SIDES = {"32": (32, 2), "45": (45, 3), "176": (176, 5)}  # side, scales


def features(n, width, seed, rank=None):
    """Two sets, float64. With a rank, both lie in subspaces of that many dimensions, not the same."""
    draws = np.random.RandomState(seed)
    sets = []
    for shift in (0, 0.3):
        x = draws.normal(size=(n, rank or width))
        if rank:
            x = x @ draws.normal(size=(rank, width))
        sets.append(np.maximum(x, 0) / (1 + np.arange(width)) ** 0.5 + shift if not rank else x + shift)
    return sets


def images(side, n=2):
    """Two batches, uint8, the second a noisier first; made of integers only, so the same everywhere."""
    draws = np.random.RandomState(side)
    cells = draws.randint(0, 200, size=(n, side // 8 + 1, side // 8 + 1, 3))
    x = np.kron(cells, np.ones((1, 8, 8, 1), int))[:, :side, :side]
    return (x + draws.randint(0, 20, size=x.shape)).astype(np.uint8), (x + draws.randint(0, 56, x.shape)).astype(
        np.uint8
    )


CASES = {"regular": (60, 8, 0, None), "few": (12, 24, 1, None), "singular": (60, 24, 2, 10)}


class References:
    """Every reference's result, as arrays. Makes them importable first."""

    def __init__(self):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(RuntimeError):  # known already
                # torchvision of the registry has no operators for the newest torch, and fails to import without them.
                self.library = torch.library.Library("torchvision", "DEF")
                boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                self.library.define(f"nms{boxes}")
                self.library.define(f"qnms{boxes}")
            import piq
            import prdc
            from torch_fidelity import metric_fid, metric_isc, metric_kid
        self.torch, self.piq, self.prdc_package = torch, piq, prdc
        self.fid, self.isc, self.kid = metric_fid, metric_isc, metric_kid

    def frechet(self, real, fake):
        stats = [self.fid.fid_features_to_statistics(self.torch.from_numpy(x)) for x in (real, fake)]
        return self.fid.fid_statistics_to_metric(*stats, False)[self.fid.KEY_METRIC_FID]

    def kernel(self, real, fake, subsets, size, seed):
        found = self.kid.kid_features_to_metric(
            *map(self.torch.from_numpy, (real, fake)),
            kid_subsets=subsets,
            kid_subset_size=size,
            rng_seed=seed,
            verbose=False,
        )
        return [found[self.kid.KEY_METRIC_KID_MEAN], found[self.kid.KEY_METRIC_KID_STD]]

    def inception_score(self, logits, splits, seed):
        found = self.isc.isc_features_to_metric(self.torch.from_numpy(logits), splits, seed is not None, seed)
        return [found[self.isc.KEY_METRIC_ISC_MEAN], found[self.isc.KEY_METRIC_ISC_STD]]

    def prdc(self, real, fake, k):
        with contextlib.redirect_stdout(io.StringIO()):
            found = self.prdc_package.compute_prdc(real, fake, k)
        return [found[name] for name in ("precision", "recall", "density", "coverage")]

    def ms_ssim(self, x, y, scales):
        x, y = (self.torch.from_numpy(np.moveaxis(z, -1, 1).astype(np.float64)) for z in (x, y))
        weights = None if scales == 5 else self.torch.tensor(WEIGHTS[:scales], dtype=self.torch.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.piq.multi_scale_ssim(x, y, data_range=255, reduction="none", scale_weights=weights).numpy()

    def all(self):
        found = {}
        for name, case in CASES.items():
            real, fake = features(*case)
            found[f"frechet/{name}"] = self.frechet(real, fake)
            found[f"kernel/{name}"] = self.kernel(real, fake, 5, 10, 2020)
            found[f"prdc/{name}"] = self.prdc(real, fake, 3)
        found["inception_score"] = self.inception_score(3 * features(*CASES["regular"])[0], 4, None)
        found["inception_score/shuffled"] = self.inception_score(3 * features(*CASES["regular"])[0], 4, 2020)
        for name, (side, scales) in IMAGE_SIDES.items():
            found[f"ms_ssim/{name}"] = self.ms_ssim(*images(side), scales)
        return found


def ours():
    found = {}
    for name, case in CASES.items():
        real, fake = features(*case)
        found[f"frechet/{name}"] = frechet_distance(Moments.of(real), Moments.of(fake))
        found[f"kernel/{name}"] = kernel_distance(real, fake, 5, 10, 2020)
        found[f"prdc/{name}"] = list(precision_recall_density_coverage(real, fake, 3).values())
    found["inception_score"] = inception_score(3 * features(*CASES["regular"])[0], 4)
    found["inception_score/shuffled"] = inception_score(3 * features(*CASES["regular"])[0], 4, 2020)
    for name, (side, scales) in IMAGE_SIDES.items():
        found[f"ms_ssim/{name}"] = ms_ssim(*images(side), scales)
    return found


TOLERANCES = {"ms_ssim": {"rtol": 0, "atol": 1e-5}, "prdc": {"rtol": 1e-12, "atol": 0}}
RELATIVE = {"rtol": 1e-6, "atol": 0}


@pytest.mark.parametrize("metric", ["frechet", "kernel", "prdc", "inception_score", "ms_ssim"])
def test_golden(metric):
    golden, found = np.load(GOLDEN), ours()
    names = [name for name in golden if name.split("/")[0] == metric]
    assert names and set(golden) == set(found)
    for name in names:
        np.testing.assert_allclose(found[name], golden[name], **TOLERANCES.get(metric, RELATIVE), err_msg=name)


@pytest.fixture(scope="module")
def references():
    for package in ("torch", "prdc"):
        pytest.importorskip(package)
    try:
        return References()
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parity
def test_the_packages_still_give_the_golden_results(references):
    golden, found = np.load(GOLDEN), references.all()
    assert set(golden) == set(found)
    for name in golden:
        np.testing.assert_allclose(found[name], golden[name], rtol=1e-7, err_msg=name)


@pytest.mark.parity
@pytest.mark.parametrize(
    "case", [(3000, 256, 0, None), (100, 256, 0, None), (257, 256, 0, None), (3000, 256, 0, 60), (3000, 256, 0, 250)]
)
def test_frechet_distance(references, case):
    real, fake = features(*case)
    found = frechet_distance(Moments.of(real), Moments.of(fake))
    assert found == pytest.approx(references.frechet(real, fake), rel=1e-6)
    float32 = [Moments.of(x.astype(np.float32)) for x in (real, fake)]
    assert frechet_distance(*float32) == pytest.approx(found, rel=1e-5)


@pytest.mark.parity
def test_kernel_distance(references):
    real, fake = features(900, 128, 3)
    expected = references.kernel(real, fake, 20, 300, 7)
    assert kernel_distance(real, fake, 20, 300, 7) == pytest.approx(tuple(expected), rel=1e-6)


@pytest.mark.parity
@pytest.mark.parametrize("seed", [None, 2020])
def test_inception_score(references, seed):
    logits = 5 * np.random.RandomState(0).normal(size=(1003, 1008)).astype(np.float32)
    expected = references.inception_score(logits, 10, seed)
    assert inception_score(logits, 10, seed) == pytest.approx(tuple(expected), rel=1e-6)


@pytest.mark.parity
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prdc(references, k, dtype):
    real, fake = (x.astype(dtype) for x in features(1200, 64, 4))
    expected = references.prdc(real.astype(np.float64), fake[:1000].astype(np.float64), k)
    assert list(precision_recall_density_coverage(real, fake[:1000], k).values()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parity
def test_prdc_of_gaussians_of_a_thousand_dimensions(references):
    real, fake = np.random.default_rng(0).normal(size=(2, 2000, 1000))
    found = precision_recall_density_coverage(real, fake, 5)
    assert list(found.values()) == pytest.approx(references.prdc(real, fake, 5), rel=1e-12)


@pytest.mark.parity
@pytest.mark.parametrize(("side", "scales"), [(32, 1), (32, 2), (64, 3), (161, 5), (176, 5), (256, 5)])
def test_ms_ssim(references, side, scales):
    x, y = images(side, 4)
    np.testing.assert_allclose(ms_ssim(x, y, scales), references.ms_ssim(x, y, scales), rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        ms_ssim(x / 127.5 - 1, y / 127.5 - 1, scales), references.ms_ssim(x, y, scales), rtol=0, atol=1e-5
    )


if __name__ == "__main__":
    np.savez(GOLDEN, **References().all())
