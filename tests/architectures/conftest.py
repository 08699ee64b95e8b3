"""What the tests of the networks share: the layers once more, in plain numpy and float64, to hold them against."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import jax
import numpy as np
import pytest

EPSILON = 1e-5  # of batch normalisation


class Layers:
    """Layers by their definitions, on images [B, H, W, C] and one network's variables.

    Weights are looked up by the name of their layer. train: batch normalisation by the batch, else by running statistics.
    """

    def __init__(self, variables, train=False):
        self.variables, self.train = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables), train

    def conv(self, name, x, strides=1):
        """out[i, j] is the sum over the window of x[s i + a - before, s j + b - before] kernel[a, b]."""
        kernel = self._kernel(name)
        k, side = kernel.shape[0], [-(-n // strides) for n in x.shape[1:3]]
        pads = [max((m - 1) * strides + k - n, 0) for n, m in zip(x.shape[1:3], side, strict=True)]
        x = np.pad(x, [(0, 0), *((p // 2, p - p // 2) for p in pads), (0, 0)])
        out = np.zeros((len(x), *side, kernel.shape[3]))
        for a, b in np.ndindex(k, k):
            seen = x[:, a : a + strides * (side[0] - 1) + 1 : strides, b : b + strides * (side[1] - 1) + 1 : strides]
            out += np.einsum("bhwi,io->bhwo", seen, kernel[a, b])
        return out + self._bias(name)

    def deconv(self, name, x, strides=2):
        """Every pixel paints the flipped kernel around its place on a canvas `strides` times the size."""
        kernel = self._kernel(name)[::-1, ::-1]
        k, (h, w) = kernel.shape[0], x.shape[1:3]
        canvas = np.zeros((len(x), strides * (h - 1) + k, strides * (w - 1) + k, kernel.shape[3]))
        for i, j in np.ndindex(h, w):
            painted = np.einsum("bi,xyio->bxyo", x[:, i, j], kernel)
            canvas[:, strides * i : strides * i + k, strides * j : strides * j + k] += painted
        cut = (k - strides) // 2
        return canvas[:, cut : cut + strides * h, cut : cut + strides * w] + self._bias(name)

    def dense(self, name, x):
        return x @ self._kernel(name) + self._bias(name)

    def embed(self, name, label):
        return self._normalized(self._at("params", name)["embedding"])[np.asarray(label)]

    def batch_norm(self, name, x, scale, bias):
        """scale, bias: [C], or [B, C] for each image its own."""
        if self.train:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        else:
            stats = self._at("batch_stats", name)
            mean, variance = stats["mean"], stats["variance"]
        at_pixels = lambda v: v if v.ndim == 1 else v[:, None, None]
        return at_pixels(scale) * (x - mean) / np.sqrt(variance + EPSILON) + at_pixels(bias)

    def norm(self, name, x, label=None):
        """Batch normalisation; with labels, each class has a scale and a bias of its own."""
        params = self._at("params", name)
        if label is None:
            return self.batch_norm(name, x, params["scale"], params["bias"])
        scale, bias = (params[part]["embedding"][np.asarray(label)] for part in ("scale", "bias"))
        return self.batch_norm(f"{name}/norm", x, scale, bias)

    def modulated_norm(self, name, x, z):
        """Self-modulated batch normalisation: scale and bias from the latent through 32 hidden units."""
        h = self.relu(self.dense(f"{name}/hidden", z))
        return self.batch_norm(f"{name}/norm", x, self.dense(f"{name}/scale", h), self.dense(f"{name}/bias", h))

    relu = staticmethod(lambda x: np.maximum(x, 0))
    leaky = staticmethod(lambda x, slope: np.where(x > 0, x, slope * x))
    double = staticmethod(lambda x: np.kron(x, np.ones((1, 2, 2, 1))))  # nearest neighbour
    unpool = staticmethod(lambda x: np.kron(x, np.array([[1, 0], [0, 0]]).reshape(1, 2, 2, 1)))  # compare_gan's
    halve = staticmethod(lambda x: (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4)

    def _at(self, collection, name):
        tree = self.variables[collection]
        for part in name.split("/"):
            tree = tree[part]
        return tree

    def _kernel(self, name):
        return self._normalized(self._at("params", name)["kernel"])

    def _bias(self, name):
        return self._at("params", name).get("bias", 0.0)

    def _normalized(self, weight):
        """Divided by its largest singular value, if this network uses spectral norm."""
        if "spectral" not in self.variables:
            return weight
        return weight / np.linalg.svd(weight.reshape(-1, weight.shape[-1]))[1][0]


@pytest.fixture(scope="session")
def compiled():
    """compiled(function) -> as jax.jit, with less optimisation: these programs run for less time than they compile."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


@pytest.fixture(scope="session")
def layers():
    return Layers


@pytest.fixture(scope="session")
def filled():
    """Variables of a network, given its module and its arguments: none of them zero or one, and power iteration converged."""

    def make(module, *args, seed=0):
        rng = np.random.default_rng(seed)
        shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *args))
        positive = lambda path: path[-1].key in ("scale", "variance") or path[-2].key == "scale"

        def fill(path, leaf):
            if path[0].key == "taps":
                return None
            if positive(path):
                return rng.uniform(0.5, 1.5, leaf.shape)
            return rng.normal(size=leaf.shape) * (1.0 if leaf.ndim < 2 else np.prod(leaf.shape[:-1]) ** -0.5)

        variables = dict(jax.tree_util.tree_map_with_path(fill, shapes))
        variables.pop("taps", None)
        if "spectral" in variables:
            variables["spectral"] = _singular_vectors(variables["spectral"], variables["params"])
        return jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), variables)

    return make


def _singular_vectors(spectral, params):
    if set(spectral) == {"u", "v"}:
        left, _, right = np.linalg.svd(params.reshape(-1, params.shape[-1]), full_matrices=False)
        return {"u": right[0], "v": left[:, 0]}
    return {name: _singular_vectors(spectral[name], params[name]) for name in spectral}


@pytest.fixture(scope="session")
def count():
    """How many parameters a network has at full size; nothing is allocated."""

    def parameters(module, *args):
        shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *args))
        return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(shapes["params"]))

    return parameters


@pytest.fixture(scope="session")
def torch_style():
    """The module torch_style.py beside this file."""
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("torch_style", Path(__file__).parent / "torch_style.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
