"""Features of the 2015 Inception, images a second, beside torch-fidelity on the same random weights, in one run.

    python benchmarks/features.py --size=32 --batch=16 --rounds=5     # needs the parity extra

The two alternate; the ratio of each pair counts, so that a busy machine slows both. Inputs are uint8 images; both compute
the tap "2048". Times are wall-clock after one round to warm up; OMP_WAIT_POLICY=passive keeps PyTorch's idle threads from
taking the cores.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def declare_missing_operators():
    """torchvision's operators, where its build and torch's do not fit: torch-fidelity imports it and uses none."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library


def without_weights(kind, torch):
    """The network as it is initialised: speed does not depend on the published weights."""
    read, load = torch.load, kind.load_state_dict
    torch.load, kind.load_state_dict = lambda *args, **kwargs: {}, lambda *args, **kwargs: None
    try:
        return kind("inception-v3-compat", ["2048"], feature_extractor_weights_path=__file__).eval()
    finally:
        torch.load, kind.load_state_dict = read, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    kept = declare_missing_operators()  # as long as the library object lives

    import numpy as np
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    from gan_jax.features.inception import inception, random_variables
    from gan_jax.nn.compiling import compiled

    theirs = without_weights(FeatureExtractorInceptionV3, torch)
    ours = inception(random_variables(0), taps=("2048",))
    extract = compiled(lambda net, images: net(images)["2048"])
    images = np.random.default_rng(0).integers(0, 256, (options.batch, options.size, options.size, 3), np.uint8)
    batch = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())

    def jax_round() -> float:
        began = time.perf_counter()
        extract(ours, images).block_until_ready()
        return time.perf_counter() - began

    def torch_round() -> float:
        began = time.perf_counter()
        with torch.no_grad():
            theirs(batch)
        return time.perf_counter() - began

    began = time.perf_counter()
    jax_round()
    print(f"first round, compilation included: {time.perf_counter() - began:.1f} s")
    torch_round()
    pairs = [(jax_round(), torch_round()) for _ in range(options.rounds)]
    per_second = [options.batch / np.array(times) for times in zip(*pairs, strict=True)]
    ratios = np.array([b / a for a, b in pairs])
    print(f"images/s: gan_jax {np.median(per_second[0]):.1f}, torch-fidelity {np.median(per_second[1]):.1f}")
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    print(
        f"ratio {middle:.2f} (quartiles {low:.2f} to {high:.2f}) over {options.rounds} pairs, {torch.get_num_threads()} threads"
    )
    del kept


if __name__ == "__main__":
    main()
