"""Moving pictures are read back as what was written."""

import shutil

import numpy as np
import pytest
from PIL import Image

from gan_jax.runtime.writers.video import save_video

FRAMES = [np.full((6, 5, 1), 60 * i, np.uint8) for i in range(4)]


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_frames_come_back(tmp_path, ending):
    path = tmp_path / f"walk{ending}"
    assert save_video(path, iter(FRAMES), fps=10) == 4
    with Image.open(path) as opened:
        assert (opened.n_frames, opened.size) == (4, (5, 6))
        for i, frame in enumerate(FRAMES):
            opened.seek(i)
            np.testing.assert_allclose(np.asarray(opened.convert("L")), frame[..., 0], atol=2)
            opened.load()
            assert opened.info["duration"] == 100
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_mp4_by_ffmpeg(tmp_path):
    assert save_video(tmp_path / "walk.mp4", FRAMES) == 4
    assert (tmp_path / "walk.mp4").stat().st_size > 500


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"out ends in .gif, .webp, .mp4"):
        save_video(tmp_path / "walk.avi", FRAMES)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="needs the program ffmpeg"):
        save_video(tmp_path / "walk.mp4", FRAMES)
    with pytest.raises(ValueError, match="a frame or more"):
        save_video(tmp_path / "walk.gif", [])
    for fps in (0, float("nan")):
        with pytest.raises(ValueError, match="fps"):
            save_video(tmp_path / "walk.gif", FRAMES, fps)
