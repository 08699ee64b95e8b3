"""What the tests of foreign weights share: state dicts of seeded numbers, and the packages they belong to.

The golden files hold, for each network at small widths, the names and shapes of its state dict and what the package's
own network computed with `seeded` numbers in it. They are written by the parity tests where they are missing:
delete a file and run `python -m pytest tests/foreign -m parity` to make it again. Projects that are in no package index
are looked for in a folder of checkouts, $FOREIGN_CHECKOUTS, under their repositories' names. Numbers are drawn with a seed
by name: of `seeded` networks as an initialisation would, of those with equalised learning rate by `unit`, N(0, 1).
"""

import importlib
import importlib.util
import json
import os
import sys
import types
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.nn.noise import NoiseInjection

GOLDEN = Path(__file__).parent / "golden"
BATCH = 3
NARROW = 16  # by which `peer` divides the widths of networks that have no setting for them


class References:
    """What both kinds of tests need: numbers for a state dict, inputs, and the outputs as the golden files hold them."""

    @staticmethod
    def seeded(shapes, steps=200):
        """A state dict of given names and shapes; each array depends on its name alone. steps: of power iteration."""
        state = {name: _values(name, tuple(shape)) for name, shape in shapes.items()}
        for name in shapes:
            layer, _, last = name.rpartition(".")
            if last in ("weight_u", "sn_u", "u0"):
                weight = state[f"{layer}.weight_orig" if last == "weight_u" else f"{layer}.weight"]
                u, v = _singular_vectors(weight.reshape(len(weight), -1), steps)
                state[name] = u.reshape(shapes[name])
                if last == "weight_u":
                    state[f"{layer}.weight_v"] = v
        return state

    @staticmethod
    def unit(shapes, times=()):
        """The same for weights with equalised learning rate: N(0, 1), biases N(0, 0.01).

        times: {part of a name: factor, or the array itself, which may be broadcast}.
        """
        state = {}
        for name, shape in shapes.items():
            given = next((value for part, value in dict(times).items() if part in name), 1.0)
            if isinstance(given, np.ndarray):
                state[name] = np.broadcast_to(given, shape).astype(np.float32)
            else:
                drawn = np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape)
                scale = given * (0.1 if sum(n > 1 for n in shape) < 2 else 1.0)
                state[name] = np.asarray(scale * drawn, np.float32)
        return state

    @staticmethod
    def noise(side):
        """The noise of every layer of maps [side, side]: [1, side, side, 1]."""
        return np.random.default_rng(side).normal(size=(1, side, side, 1)).astype(np.float32)

    @staticmethod
    def synthesized(module, variables, z, label=None):
        """Our generator's images with that noise."""

        def fixed(following, args, kwargs, context):
            if isinstance(context.module, NoiseInjection):
                return following(args[0], jnp.asarray(References.noise(args[0].shape[1])))
            return following(*args, **kwargs)

        with linen.intercept_methods(fixed):
            return References.run(module, variables, z, label, False)[0]

    @staticmethod
    def inputs(shape, num_classes):
        """Latents or images [3, ...], and labels or None."""
        rng = np.random.default_rng(7)
        if len(shape) == 1:
            x = rng.normal(size=(BATCH, *shape))
        else:  # images that differ as wholes and much, so that logits do
            x = 20 * (rng.uniform(-1, 1, (BATCH, 1, 1, shape[-1])) + rng.uniform(-0.5, 0.5, (BATCH, *shape)))
        return x.astype(np.float32), np.array([1, 0, 1]) if num_classes else None

    @staticmethod
    def run(module, variables, x, label, train):
        """Our network's images or logits and features, with less optimisation of the program: it runs once."""
        apply = lambda v, x, y: module.apply(v, x, y, train=train, mutable=["batch_stats"] if train else False)
        quick = {"xla_backend_optimization_level": 0} if x.size < 1e4 and x.ndim == 2 else {}
        out = jax.jit(apply, compiler_options=quick)(variables, x, label)
        return out if train else (out, {})

    @staticmethod
    def thinned(images):
        """Few numbers from all over the images: [3, H, W, C] -> [3, 4, 4, C]."""
        step = images.shape[1] // 4
        return images[:, step // 2 :: step, step - 1 :: step]

    @staticmethod
    def error(ours, theirs):
        """The root mean square of the difference, relative to that of what is expected."""
        ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        assert ours.shape == theirs.shape
        assert np.std(theirs) > 1e-3
        return float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))

    @staticmethod
    def golden_path(name):
        return GOLDEN / f"{name}.npz"

    @staticmethod
    def keep(name, cases):
        """Writes a golden file: {case: ({name: shape}, {name: array})}."""
        arrays = {"shapes": np.array(json.dumps({case: shapes for case, (shapes, _) in cases.items()}))}
        for case, (_, outputs) in cases.items():
            arrays |= {f"{case}/{key}": value for key, value in outputs.items()}
        np.savez_compressed(GOLDEN / f"{name}.npz", **arrays)

    @staticmethod
    def settle(name, cases):
        """The cases of a golden file, as `keep` takes them, are what it holds; written where it is missing."""
        if not References.golden_path(name).exists():
            References.keep(name, cases)
        for case, (_, outputs) in cases.items():
            for key, kept in References.golden(name, case)[1].items():
                assert References.error(kept, outputs[key]) < 1e-4, (case, key)

    @staticmethod
    def golden(name, case):
        """({name: shape}, {name: array}) of a case."""
        with np.load(GOLDEN / f"{name}.npz") as file:
            shapes = json.loads(str(file["shapes"]))[case]
            return shapes, {key.partition("/")[2]: file[key] for key in file.files if key.startswith(f"{case}/")}


def _values(name, shape):
    rng, last = np.random.default_rng(zlib.crc32(name.encode())), name.rpartition(".")[2]
    if last in ("num_batches_tracked", "sv0", "sn_sigma"):
        return np.zeros(shape, np.float32)
    if last == "gamma":
        return np.full(shape, 0.7, np.float32)
    positive = last.endswith(("_var", "_vars")) or (len(shape) == 1 and last in ("weight", "gain"))
    if positive:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = 0.1 if len(shape) < 2 else np.prod(shape[1:]) ** -0.5
    return (scale * rng.normal(size=shape)).astype(np.float32)


def _singular_vectors(matrix, steps):
    u = np.random.default_rng(0).normal(size=len(matrix)).astype(np.float32)
    for _ in range(steps):
        v = u @ matrix
        v /= np.linalg.norm(v)
        u = matrix @ v
        u /= np.linalg.norm(u)
    return u, v


@pytest.fixture(scope="session")
def references():
    return References


@pytest.fixture
def modules():
    """modules(package, *names): a package's modules, without its __init__ and all that it would import."""

    def load(package, *names):
        if package not in sys.modules:
            spec = importlib.util.find_spec(package)
            if spec is None:
                pytest.skip(f"{package} is not installed")
            bare = types.ModuleType(package)
            bare.__path__ = list(spec.submodule_search_locations)
            sys.modules[package] = bare
        return [importlib.import_module(f"{package}.{name}") for name in names]

    before = dict(sys.modules)
    yield load
    for name in sys.modules.keys() - before.keys():
        if name.startswith(("torch_mimicry", "pytorch_pretrained_biggan")):
            del sys.modules[name]


@pytest.fixture
def biggan_pytorch(monkeypatch):
    """BigGAN and BigGANdeep of a checkout of BigGAN-PyTorch, which is in no package index: $BIGGAN_PYTORCH is its folder."""
    if "BIGGAN_PYTORCH" not in os.environ:
        pytest.skip("set BIGGAN_PYTORCH to a checkout of github.com/ajbrock/BigGAN-PyTorch")
    monkeypatch.syspath_prepend(os.environ["BIGGAN_PYTORCH"])
    return importlib.import_module("BigGAN"), importlib.import_module("BigGANdeep")


@pytest.fixture
def peer(monkeypatch):
    """peer(folder, module, *classes): a module of a checkout in $FOREIGN_CHECKOUTS, for projects in no package index.

    The first two arguments of these classes, channels in and out, are divided: 512 to 32, 513 to 33, 3 as it is.
    """
    narrowed = lambda n: n // NARROW + n % NARROW if isinstance(n, int) else n

    def load(folder, name, *classes):
        root = Path(os.environ.get("FOREIGN_CHECKOUTS", "nowhere")) / folder
        if not root.is_dir():
            pytest.skip(f"set FOREIGN_CHECKOUTS to a folder of checkouts, with {folder} among them")
        monkeypatch.syspath_prepend(str(root))
        import torch.utils.cpp_extension

        monkeypatch.setattr(torch.utils.cpp_extension, "load", lambda *args, **kwargs: None)  # CUDA's kernels
        module = importlib.import_module(name)
        for each in classes:
            whole = getattr(module, each)
            narrow = lambda *args, whole=whole, **kwargs: whole(*map(narrowed, args[:2]), *args[2:], **kwargs)
            monkeypatch.setattr(module, each, narrow)
        return module

    before = dict(sys.modules)
    yield load
    checkouts = os.environ.get("FOREIGN_CHECKOUTS")
    for name in sys.modules.keys() - before.keys():
        if checkouts and str(getattr(sys.modules[name], "__file__", "")).startswith(checkouts):
            del sys.modules[name]
