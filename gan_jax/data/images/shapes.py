"""Which shapes the leaves of an element may have: images (H, W, C), voxels (D, H, W, 1), points (2,) or (1,)."""

from __future__ import annotations

from collections.abc import Mapping

from gan_jax import ranges


def is_points(shape: tuple[int, ...]) -> bool:
    """Whether a leaf of this shape is a point of the line or of the plane."""
    return shape in ((1,), (2,))


def check_shapes(shape: tuple[int, ...], own: Mapping[str, tuple[int, ...]]) -> None:
    """Raises ValueError unless these are shapes of leaves. own: of the leaves that differ from `shape`."""
    if not is_points(shape) and not _is_image(shape) and not _is_voxels(shape):
        raise ValueError(
            f"shape must be (height, width, 1 to 4 channels), (depth, height, width, 1) for voxels, or (2,) or (1,)"
            f" for points; got {shape}."
        )
    for key, each in own.items():
        if key == "label":
            raise ValueError("shapes names leaves that hold images or voxels, not 'label'.")
        ranges.wholes(f"shapes[{key!r}]", each)
        if not (_is_voxels(each) if key == "voxels" else _is_image(each)):
            wanted = "(depth, height, width, 1)" if key == "voxels" else "(height, width, 1 to 4 channels)"
            raise ValueError(f"shapes[{key!r}] must be {wanted}; got {each}.")
    if is_points(shape) and own:
        raise ValueError("shapes says what differs from `shape`, and points have no other leaf.")
    sizes = {each[:2] for each in (shape, *own.values()) if _is_image(each)}
    if len(sizes) > 1:
        told = " and ".join(f"{h} x {w}" for h, w in sorted(sizes))
        raise ValueError(f"all images of an element have one height and width; shape and shapes say {told}.")


def check_leaf(key: str, sizes: Mapping[tuple[int, ...], int], shape: tuple[int, ...]) -> None:
    """Raises ValueError where a leaf of these sizes is not of the kind that its final shape says."""
    if key == "voxels":
        if not _is_voxels(shape):
            found = next(iter(sizes))
            raise ValueError(
                f"the source holds voxels, which do not go with shape {shape}: set `shape` to {found}, or shapes to"
                f" {{'voxels': {found}}} beside images."
            )
        if wrong := [size for size in sizes if size != shape]:
            raise ValueError(
                f"voxels of shape {wrong[0]} are not {shape}, and volumes are not resized. Set their shape to the"
                f" stored one, or store them anew. Sizes found: {told(sizes)}."
            )
        return
    fits = all(size == shape if is_points(shape) else len(size) == 3 for size in sizes)
    if not fits or _is_voxels(shape):
        held = "points" if any(map(is_points, sizes)) else "images"
        advice = f" Set shapes to {{{key!r}: (height, width, channels)}}." if _is_voxels(shape) else ""
        raise ValueError(
            f"the source holds {held} ({key}, sizes {told(sizes)}), which does not go with shape {shape}.{advice}"
        )


def told(sizes: Mapping[tuple[int, ...], int]) -> str:
    """The commonest sizes in words."""
    common = sorted(sizes, key=lambda size: sizes[size], reverse=True)
    told = ", ".join(f"{' x '.join(map(str, size))} ({sizes[size]})" for size in common[:5])
    return told + (f" and {len(common) - 5} more" if len(common) > 5 else "")


def _is_image(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and min(shape) >= 1 and shape[2] <= 4


def _is_voxels(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and min(shape) >= 1 and shape[3] == 1
