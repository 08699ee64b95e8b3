"""Linear separability of attributes in latent space (Karras et al., arXiv:1812.04948, section 4.2)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np


def conditional_entropy(known: Any, unknown: Any) -> float:
    """H(unknown | known) in bits of two rows of yes and no [n]: what is left to learn of one where the other is told."""
    known, unknown = np.asarray(known, bool), np.asarray(unknown, bool)
    if known.ndim != 1 or known.shape != unknown.shape or not len(known):
        raise ValueError(f"both are rows of yes and no of one length, got shapes {known.shape} and {unknown.shape}")
    bits = 0.0
    for told in (False, True):
        of = unknown[known == told]
        for answer in (False, True):
            joint = np.count_nonzero(of == answer) / len(known)
            if joint:
                bits -= joint * np.log2(joint * len(known) / len(of))
    return float(bits)


def attribute_entropy(latents: Any, logits: Any, keep: float = 0.5) -> float:
    """H(Y | X) in bits of one attribute: Y is the classifier's answer, X the side of a hyperplane in latent space.

    latents [n, Z], logits [n] of the attribute. The most confident `keep` of the samples are taken, by the larger of both
    probabilities; a linear SVM with scikit-learn's defaults and no scaling is fitted to them, and looks at its own training
    points, as in the authors' code. An attribute of which they all have one answer counts 0.
    Raises ValueError for latents and logits that do not belong together, or too few samples.
    """
    latents, logits = np.asarray(latents, np.float64), np.asarray(logits, np.float64)
    if latents.ndim != 2 or logits.shape != latents.shape[:1]:
        raise ValueError(f"latents are [n, Z] and logits [n]; got shapes {latents.shape} and {logits.shape}")
    if not 0 < keep <= 1 or int(keep * len(logits)) < 2:
        raise ValueError(f"separability keeps a share of 2 samples or more, got {keep} of {len(logits)}")
    surest = np.argsort(-np.abs(logits), kind="stable")[: int(keep * len(logits))]
    answers = logits[surest] > 0
    if answers.all() or not answers.any():
        return 0.0
    from sklearn.exceptions import ConvergenceWarning  # slow to import
    from sklearn.svm import LinearSVC

    model = LinearSVC(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the authors' code takes what it has reached, too
        model.fit(latents[surest], answers)
    return conditional_entropy(model.predict(latents[surest]), answers)
