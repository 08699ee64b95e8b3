"""Grey, RGB and their alpha channels, one into the other."""

from __future__ import annotations

import numpy as np

_LUMA = np.array([299, 587, 114], np.uint32)  # thousandths, ITU-R 601


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 [h, w, c] -> uint8 [h, w, channels]; 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    What has alpha and must lose it is laid on white; what must gain it becomes opaque.
    """
    have = image.shape[2]
    if have == channels:
        return image
    colour, alpha = (image, None) if have in (1, 3) else (image[..., :-1], image[..., -1:])
    if alpha is not None and channels in (1, 3):
        cover = alpha.astype(np.uint32)
        colour = ((colour * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)
    want = 1 if channels <= 2 else 3
    if colour.shape[2] == 1 and want == 3:
        colour = np.repeat(colour, 3, axis=2)
    elif colour.shape[2] == 3 and want == 1:
        colour = ((colour @ _LUMA + 500) // 1000).astype(np.uint8)[..., None]
    if channels in (1, 3):
        return colour
    return np.concatenate([colour, np.full_like(colour[..., :1], 255) if alpha is None else alpha], axis=2)
