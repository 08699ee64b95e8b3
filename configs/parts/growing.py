"""Growing runs (Karras et al., arXiv:1710.10196), for the configs that grow."""

from __future__ import annotations

from collections.abc import Mapping

from ml_collections import ConfigDict

NETWORKS = ("generator", "discriminator")


def growing(
    config: ConfigDict,
    fade_kimg: float,
    stable_kimg: float,
    total_kimg: float,
    batch_sizes: Mapping[int, int],
    rates: Mapping[int, float] | None = None,
    first: int = 4,
    base: int = 4,
) -> None:
    """Cuts a run into stretches: at every size, new layers fade in, then all stay as they are; the last size to the end.

    first: the side that the run begins with, all of it faded in. batch_sizes, rates: by the side from which on they
    hold, from the first image that fades; rates None: the optimisers' own. The optimisers begin anew at every stretch.
    """
    height, width, channels = config.data.shape
    sides = [side for side in (base << k for k in range(12)) if first <= side <= min(height, width)]
    at = lambda table, side: table[max(s for s in table if s <= max(side, min(table)))]
    stretches, shown, began = [], 0.0, {}
    for side in sides:
        shape = (height * side // min(height, width), width * side // min(height, width), channels)
        batch_size, last = at(batch_sizes, side), side == sides[-1]
        began[side] = shown - batch_size / 2000  # half a round before, out of reach of rounding
        lengths = [] if side == first else [(True, fade_kimg)]
        for fade, kimg in [*lengths, (False, max(total_kimg - shown - fade_kimg, 0) if last else stable_kimg)]:
            if not kimg:
                continue
            rounds = max(round(1000 * kimg / batch_size), 1)
            reset = {"reset": NETWORKS} if stretches else {}
            stretches.append({"rounds": rounds, "shape": shape, "batch_size": batch_size, "fade": fade, **reset})
            shown += rounds * batch_size / 1000
    config.stretches = tuple(stretches)
    config.steps = sum(each["rounds"] for each in stretches)
    if rates is not None:
        values = [at(rates, side) for side in sides]
        changes = [i for i in range(1, len(sides)) if values[i] != values[i - 1]]
        schedule = {"schedule": "stairs", "counts": "kimg", "values": (values[0], *(values[i] for i in changes))}
        schedule["boundaries"] = tuple(began[sides[i]] for i in changes)
        for player in NETWORKS:
            rest = {key: value for key, value in config.optim[player].items() if key != "learning_rate"}
            rate = ConfigDict(schedule) if changes else values[0]
            config.optim[player] = ConfigDict({**rest, "learning_rate": rate})
