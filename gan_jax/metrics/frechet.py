"""The Frechet distance between two Gaussians fitted to features (Heusel et al., arXiv:1706.08500): FID, if Inception's."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate, Track, check_features, check_labels, check_same_width, over


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """The mean and the scatter of features seen so far, in float64. Batches in any order give the same to rounding."""

    n: int
    mean: np.ndarray  # [F]
    scatter: np.ndarray  # [F, F]: the sum of (x - mean)(x - mean)^T

    @classmethod
    def empty(cls, width: int) -> Moments:
        """Of no images, with features of this width."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    @classmethod
    def of(cls, features: Any, what: str = "given") -> Moments:
        """Of one array [n, F]. `what` names it in messages. Raises ValueError as `check_features`."""
        features = check_features(features, what)
        return cls.empty(features.shape[1]).update(features, what)

    def update(self, features: Any, what: str = "given") -> Moments:
        """With these images too: features [n, F]. Raises ValueError as `check_features`, and for another width."""
        features = check_features(features, what, first=self.n).astype(np.float64)
        if features.shape[1] != len(self.mean):
            raise ValueError(f"These moments are of {len(self.mean):,} features an image, not {features.shape[1]:,}.")
        mean = features.mean(0)
        n, shift = self.n + len(features), mean - self.mean
        # One more row holds what `merge` adds for the shift of the mean: a single product, however small the batch.
        rows = np.concatenate([features - mean, np.sqrt(self.n * len(features) / n) * shift[None]])
        return Moments(n, self.mean + shift * (len(features) / n), self.scatter + rows.T @ rows)

    def merge(self, other: Moments) -> Moments:
        """Of the images of both. Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm", 1979."""
        if len(self.mean) != len(other.mean):
            raise ValueError(f"Moments of {len(self.mean):,} and of {len(other.mean):,} features cannot be merged.")
        n = self.n + other.n
        if not n:
            return self
        shift = other.mean - self.mean
        mean = self.mean + shift * (other.n / n)
        scatter = self.scatter + other.scatter + np.outer(shift, shift) * (self.n * other.n / n)
        return Moments(n, mean, scatter)

    def covariance(self) -> np.ndarray:
        """[F, F], unbiased: divided by n - 1. Raises ValueError for fewer than 2 images."""
        if self.n < 2:
            raise ValueError(f"A covariance needs at least 2 images, and there are {self.n}.")
        return self.scatter / (self.n - 1)


def frechet_distance(real: Moments, fake: Moments) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)). -> at least 0 but for rounding; symmetric.

    In float64; rounding leaves about 1e-13 of the covariances' traces, also where they are singular, as those of fewer
    images than features always are. The estimate is biased upward, by about 1 / n: compare at one n only.

    Raises ValueError for fewer than 2 images, or widths that differ.
    """
    return distance_from_factor(real, factor(real.covariance()), fake)


def factor(covariance: np.ndarray) -> np.ndarray:
    """A [F, r] with A A^T = C [F, F], r the rank."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps  # what is below is rounding, about zero
    return vectors[:, kept] * np.sqrt(values[kept])


def distance_from_factor(real: Moments, real_factor: np.ndarray, fake: Moments) -> float:
    """`frechet_distance`, given `factor(real.covariance())`: for several fakes against the same real."""
    check_same_width(real.mean, fake.mean)
    shift = real.mean - fake.mean
    traces = np.trace(real.covariance()) + np.trace(fake.covariance())
    # With C1 = A A^T and C2 = B B^T, C1 C2 has the eigenvalues of (A^T B)(A^T B)^T, and zeros: their roots are the
    # singular values of A^T B. To take the root of an eigenvalue would make rounding of 1e-16 one of 1e-8.
    roots = np.linalg.svd(real_factor.T @ factor(fake.covariance()), compute_uv=False)
    return float(shift @ shift + traces - 2 * roots.sum())


def intra_class_frechet_distance(
    real: Any, real_labels: Any, fake: Any, fake_labels: Any, track: Track = iter
) -> tuple[Estimate, dict[int, float]]:
    """The Frechet distance class by class (Miyato & Koyama, arXiv:1802.05637): features [n, F], labels [n].

    -> the mean and standard deviation over classes, and {class: distance}.

    Raises ValueError where a class of one set is missing in the other, or has fewer than 2 images.
    """
    real, fake = check_features(real, "real", 2), check_features(fake, "fake", 2)
    check_same_width(real, fake)
    real_labels, fake_labels = (
        check_labels(real_labels, len(real), "real"),
        check_labels(fake_labels, len(fake), "fake"),
    )
    distances = {}
    for label in track(np.union1d(real_labels, fake_labels).tolist()):
        of_real, of_fake = real[real_labels == label], fake[fake_labels == label]
        if len(of_real) < 2 or len(of_fake) < 2:
            raise ValueError(
                f"Every class needs at least 2 real and 2 fake images; class {label} has {len(of_real)} and {len(of_fake)}."
            )
        distances[label] = frechet_distance(Moments.of(of_real), Moments.of(of_fake))
    return over(list(distances.values())), distances
