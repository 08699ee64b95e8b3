"""Weights that other projects trained, as a work folder that can be sampled, scored and trained on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.foreign import (
    biggan_pytorch,
    cyclegan_and_pix2pix,
    genforce_stylegan,
    mimicry,
    pretrained_biggan,
    pro_gan_pytorch,
    r3gan_official,
    style_based_gan_pytorch,
    stylegan2_pytorch,
)
from gan_jax.foreign.reading import Imported
from gan_jax.foreign.state_dict import read_state_dict
from gan_jax.run.work_folder import claim, facts
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.checkpoints.leaves import described, differences, named_leaves
from gan_jax.runtime.workdir import check_writable
from gan_jax.setup.config import resolve
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup
from gan_jax.types import PyTree, TrainState

Converter = Callable[..., Imported]


def _both(project: ModuleType) -> tuple[Converter, Converter]:
    return project.convert_generator, project.convert_discriminator


KINDS: Mapping[str, tuple[Converter, Converter | None]] = {  # of the generator, of the discriminator
    "mimicry": _both(mimicry),
    "biggan_pytorch": _both(biggan_pytorch),
    "biggan_tfhub": (functools.partial(biggan_pytorch.convert_generator, epsilon=1e-4), None),
    "pretrained_biggan": (pretrained_biggan.convert_generator, None),
    "stylegan2_pytorch": _both(stylegan2_pytorch),
    "style_based_gan_pytorch": _both(style_based_gan_pytorch),
    "r3gan_official": _both(r3gan_official),
    "pro_gan_pytorch": _both(pro_gan_pytorch),
    "genforce_stylegan": _both(genforce_stylegan),
    "cyclegan_and_pix2pix": _both(cyclegan_and_pix2pix),
}
_OF_ALL_SIZES = (
    "style_based_gan_pytorch",
    "cyclegan_and_pix2pix",
)  # whose files fit many: the config tells which is wanted
# The rotation task as torch-mimicry plays it, for a config that has none.
_ROTATION = {"type": "rotation.rotation", "choice": "one_angle", "fraction": 1.0}


INSTEAD = {"seed": "--config.seed={}", "out": "--workdir={}", "weights": "--generator=FILE --generator_ema=FILE"}


def declare(flags: Flags) -> None:
    """What `gan_jax import` takes."""
    flags.group("The weights")
    flags.one_of("kind", None, tuple(KINDS), "Whose they are.", needed=True)
    flags.path("generator", None, "The generator's file, .pth, .safetensors or .npz.")
    flags.path("discriminator", None, "The discriminator's file.")
    flags.path("generator_ema", None, "The file of the generator's moving average.")
    flags.number("truncation", None, "pretrained_biggan: of its running statistics, 0.02 to 1; by default 1.")
    flags.group("The run")
    flags.config("All but the networks that are imported.", needed="sngan_cifar10")
    flags.workdir("The folder of the run that is made.", needed="runs/imported", remote=False)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax import`."""
    files = (values.generator, values.discriminator, values.generator_ema)
    import_weights(values.kind, values.config, values.workdir, *files, values.truncation)
    print(f"imported into {values.workdir}: --mode=sample, evaluate and train go on from there")


def import_weights(
    kind: str,
    config: Any,
    workdir: str | Path,
    generator: str | Path | None = None,
    discriminator: str | Path | None = None,
    generator_ema: str | Path | None = None,
    truncation: float | None = None,
) -> dict[str, Any]:
    """Writes a work folder whose checkpoint, of step 0, holds networks of another project. -> its config, resolved.

    The networks that are imported take the place of the config's own, latents are N(0, 1) of their size, and
    method.num_classes is theirs; SSGAN's rotation head brings the regulariser where the config has none. All else is
    the config's, and a network that is not imported begins anew. Nothing is written unless all of it fits.

    Args:
        kind: "mimicry" (torch-mimicry's SNGAN, SSGAN, cGAN-PD), "biggan_pytorch" (BigGAN-PyTorch's BigGAN, BigGAN-deep),
            "biggan_tfhub" (what BigGAN-PyTorch's converter made of DeepMind's), "pretrained_biggan" (BigGAN-deep),
            "stylegan2_pytorch" (rosinality's StyleGAN2), "style_based_gan_pytorch" (rosinality's StyleGAN),
            "r3gan_official" (its authors' state dicts; their snapshots are pickles, see `foreign.r3gan_official`),
            "pro_gan_pytorch" (akanimax's Progressive GAN), "genforce_stylegan" (its StyleGAN),
            "cyclegan_and_pix2pix" (junyanz's translators; a config of pix2pix takes any of them as its generator).
        config: a ConfigDict or nested dict, see configs/base.py, for images of the weights' size.
        workdir: a folder that holds no run yet.
        generator, discriminator: files, see `foreign.state_dict.read_state_dict`; one of them may be missing. A
            checkpoint that holds several networks may be named for each of them.
        generator_ema: the moving average of that generator's weights, where the config keeps one (ema.decay); without,
            the average begins as the generator.
        truncation: of "pretrained_biggan", which has running statistics for several: 0.02 to 1; by default 1.

    Raises:
        ValueError, ConfigError: files that hold other weights, listing the first entries that differ; a config that
            does not fit; a folder with a run. FileNotFoundError: no such file.
    """
    if kind not in KINDS:
        raise ConfigError(f"weights can be imported of {', '.join(KINDS)}, not of {kind!r}")
    of_generator, of_discriminator = KINDS[kind]
    if generator is None and discriminator is None:
        raise ConfigError("import needs a file of weights, of the generator, the discriminator, or both")
    if discriminator is not None and of_discriminator is None:
        raise ConfigError(f"{kind} has no discriminator: its weights were never published")
    if generator_ema is not None and generator is None:
        raise ConfigError("a moving average belongs to a generator: name its weights too, or as the generator's")
    if truncation is not None:
        if kind != "pretrained_biggan":
            raise ConfigError(f"{kind} has one set of running statistics: leave truncation out")
        of_generator = functools.partial(of_generator, truncation=truncation)
    if (Path(workdir).expanduser() / "config.json").exists():
        raise ConfigError(f"{workdir} holds a run: name another --workdir")

    config = resolve(config)
    if kind in _OF_ALL_SIZES:
        size = config["data"]["shape"][0]
        of_generator = functools.partial(of_generator, size=size)
        of_discriminator = functools.partial(of_discriminator, size=size)
    imported = {}
    if generator is not None:
        imported["generator"] = of_generator(read_state_dict(generator, "generator"))
    if discriminator is not None and of_discriminator is not None:
        imported["discriminator"] = of_discriminator(read_state_dict(discriminator, "discriminator"))
    average = None if generator_ema is None else of_generator(read_state_dict(generator_ema, "generator_ema"))
    fitted = _fitted(config, imported, average)
    setup = Setup.of(fitted)
    state = _state(setup, imported, average)

    workdir = check_writable(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.save(0, state)
    claim(workdir, fitted, saved=True, **_found(setup))  # last: without it the folder holds no run
    _report(workdir, fitted, imported)
    return fitted


def _fitted(config: dict[str, Any], imported: Mapping[str, Imported], average: Imported | None) -> dict[str, Any]:
    """The config with the imported networks in place of its own."""
    shape = tuple(config["data"]["shape"])
    changed = {**config, "method": dict(config["method"]), "regularizers": dict(config.get("regularizers", {}))}
    classes = {name: network.num_classes for name, network in imported.items()}
    if len(set(classes.values())) > 1:
        raise ConfigError(f"the two networks are of different numbers of classes: {classes}")
    for name, network in imported.items():
        pair = config["method"].get("type", "").startswith("pix2pix.") and name == "discriminator"
        if network.image_shape != shape and not pair:
            raise ConfigError(
                f"these weights are of a {name} of {network.image_shape} images, and the config's data.shape is {shape}: "
                "use a config of that size, or set data.shape"
            )
        changed[name] = dict(network.settings)
        if network.num_classes or "num_classes" in changed["method"]:
            changed["method"]["num_classes"] = network.num_classes
        if network.latent_dim is not None:
            changed["latents"] = {"type": "normal", "dim": network.latent_dim}
    if average is not None:
        if not {"decay", "half_life_kimg"} & config.get("ema", {}).keys():
            raise ConfigError("the config keeps no moving average of the generator: set ema.decay to have one")
        if average.settings != imported["generator"].settings:
            raise ConfigError("generator_ema is of another network than the generator")
    heads = {name for network in imported.values() for name in network.heads}
    if "rotation" in heads and not any(r["type"].startswith("rotation.") for r in _nested(changed["regularizers"])):
        changed["regularizers"]["rotation"] = dict(_ROTATION)
    if "regularizers" not in config:  # a game that takes none
        del changed["regularizers"]
    return changed


def _nested(regularizers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All regularisers of a config, with those inside of others."""
    found = [settings for settings in regularizers.values() if isinstance(settings, Mapping) and "type" in settings]
    return [inner for settings in found for inner in (settings, *_nested(settings))]


def _state(setup: Setup, imported: Mapping[str, Imported], average: Imported | None) -> TrainState:
    """The state before the first round, with the imported networks in it."""
    given = {name: network.variables for name, network in imported.items()}
    given |= {name: head for network in imported.values() for name, head in network.heads.items()}
    kept = average.variables if average is not None else given.get("generator")

    def begin(given: Mapping[str, PyTree], kept: PyTree) -> TrainState:  # what is replaced is never computed
        state = setup.method.init(jax.random.key(setup.seed))
        networks = dict(state.networks)
        for name, variables in given.items():
            networks[name] = networks[name].replace(**_split(variables))
            if name == "generator" and networks[name].ema:
                networks[name] = networks[name].replace(ema=_split(kept))
        return state.replace(networks=networks)

    wanted = jax.eval_shape(lambda: begin({}, None))
    made = jax.eval_shape(begin, given, kept)
    if lines := differences(described(named_leaves(made)), described(named_leaves(wanted))):
        raise ConfigError("the weights do not fit the networks of the config:\n  " + "\n  ".join(lines))
    return jax.jit(begin)(given, kept)


def _split(variables: PyTree) -> dict[str, PyTree]:
    return {"params": variables["params"], "stats": {k: v for k, v in variables.items() if k != "params"}}


def _found(setup: Setup) -> dict[str, Any]:
    """The facts of the data that training writes down; none where it cannot be opened."""
    try:
        source = setup.source()
    except (OSError, ValueError, ImportError) as error:
        print(f"this folder can be sampled, but not trained on for want of data: {error}", flush=True)
        return {}
    return facts(source)


def _report(workdir: Path, config: Mapping[str, Any], imported: Mapping[str, Imported]) -> None:
    for name, network in imported.items():
        count = sum(leaf.size for leaf in jax.tree.leaves(network.variables["params"]))
        settings = ", ".join(f"{key} {value}" for key, value in network.settings.items())
        print(f"{name}: {count:,} parameters; {settings}")
    if "latents" in config:
        latents, classes = config["latents"], config["method"].get("num_classes", 0)
        print(f"latents {latents['type']} of {latents['dim']}, num_classes {classes}")
    print(f"imported into {workdir}, checkpoint of step 0", flush=True)
