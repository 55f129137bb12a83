"""Exports read back: frames, sizes, pace; cancelled and failed ones leave nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from latentviewer.domain.errors import UserError
from latentviewer.io import video
from latentviewer.io.exports import (
    check_export_path,
    export_frames,
    write_gif,
    write_npy,
    write_strip,
    write_video,
)
from latentviewer.io.frames import joined_strip


def ramp(count: int, height: int = 28, width: int = 28, channels: int = 1) -> NDArray[np.float32]:
    """Frames of one value each, from black to white."""
    values = np.linspace(0, 1, count, dtype=np.float32)[:, None, None, None]
    return np.broadcast_to(values, (count, height, width, channels)).copy()


def decoded(path: Path) -> tuple[list[NDArray[Any]], str, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        pictures = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        assert stream.average_rate is not None
        return pictures, stream.codec_context.name, float(stream.average_rate)


def run(steps: Any) -> list[Any]:
    return list(steps)


@pytest.mark.parametrize("encoder", ["libvpx-vp9", "mpeg4"])
def test_an_mp4_has_every_frame_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    monkeypatch.setattr(video, "ENCODERS", (encoder,))
    if not video.available_encoders():
        pytest.skip(f"this build of PyAV has no {encoder}")
    steps = run(export_frames(ramp(12), tmp_path / "p.mp4", fps=10, scale=4))
    assert [s.fraction for s in steps] == [(i + 1) / 12 for i in range(12)]
    pictures, _, rate = decoded(tmp_path / "p.mp4")
    assert rate == 10
    assert [p.shape for p in pictures] == [(112, 112, 3)] * 12
    shown = [p.mean() for p in pictures]
    np.testing.assert_allclose(shown, np.linspace(0, 255, 12), atol=6)


def test_a_colour_and_odd_sized_mp4(tmp_path: Path) -> None:
    frames = np.zeros((3, 9, 7, 3), np.uint8)
    frames[..., 0] = 200
    write_video(frames, tmp_path / "p.mp4", fps=5, scale=3)
    pictures, _, _ = decoded(tmp_path / "p.mp4")
    assert [p.shape for p in pictures] == [(28, 22, 3)] * 3
    np.testing.assert_allclose(pictures[1].mean(axis=(0, 1)), [200, 0, 0], atol=12)


def test_no_encoder_under_the_gpl_is_ever_used(tmp_path: Path) -> None:
    assert not {"libx264", "libx264rgb", "libx265", "libxvid"} & set(video.ENCODERS)
    assert video.available_encoders()
    write_video(ramp(2), tmp_path / "p.mp4")
    content = (tmp_path / "p.mp4").read_bytes()
    assert b"x264" not in content
    assert b"x265" not in content


def test_an_encoder_that_does_not_open_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "available_encoders", lambda: ("h264_nvenc", "mpeg4"))
    write_video(ramp(2), tmp_path / "p.mp4")
    assert len(decoded(tmp_path / "p.mp4")[0]) == 2
    monkeypatch.setattr(video, "available_encoders", tuple)
    with pytest.raises(UserError, match="GIF or PNG"):
        write_video(ramp(2), tmp_path / "q.mp4")
    assert not (tmp_path / "q.mp4").exists()


def test_default_sizes_are_large_enough_to_look_at(tmp_path: Path) -> None:
    write_video(ramp(1), tmp_path / "p.mp4")
    assert decoded(tmp_path / "p.mp4")[0][0].shape == (504, 504, 3)
    write_gif(ramp(2, 8, 8), tmp_path / "p.gif")
    with Image.open(tmp_path / "p.gif") as picture:
        assert picture.size == (512, 512)
    write_strip(ramp(2), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.size == (280, 140)


@pytest.mark.parametrize("fps", [7, 24, 50])
def test_a_gif_keeps_count_grey_values_and_pace(tmp_path: Path, fps: int) -> None:
    run(export_frames(ramp(fps), tmp_path / "p.gif", fps=fps, scale=1))
    with Image.open(tmp_path / "p.gif") as picture:
        durations, values = [], []
        for frame in ImageSequence.Iterator(picture):
            durations.append(frame.info["duration"])
            values.append(np.asarray(frame.convert("L")).mean())
        assert picture.info["loop"] == 0
    assert len(durations) == fps
    assert sum(durations) == 1000
    assert max(durations) - min(durations) <= 10
    np.testing.assert_allclose(values, np.linspace(0, 255, fps), atol=0.6)


def test_a_colour_gif(tmp_path: Path) -> None:
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    frames[0, ..., 0], frames[1, ..., 1] = 255, 255
    write_gif(frames, tmp_path / "p.gif", scale=1)
    with Image.open(tmp_path / "p.gif") as picture:
        shown = [
            np.asarray(f.convert("RGB"))[4, 4].tolist() for f in ImageSequence.Iterator(picture)
        ]
    assert shown == [[255, 0, 0], [0, 255, 0]]


def test_a_strip_holds_every_pixel(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).random((5, 6, 4, 1), np.float32)
    frames[0, 0, 0] = np.nan
    frames[0, 0, 1] = 7
    run(export_frames(frames, tmp_path / "p.png", scale=2))
    with Image.open(tmp_path / "p.png") as picture:
        strip = np.asarray(picture)
    assert strip.shape == (12, 40)
    assert strip[0, 0] == 0
    assert strip[0, 2] == 255
    np.testing.assert_array_equal(
        strip[::2, 8::2], np.rint(np.hstack(list(frames[1:, ..., 0])) * 255)
    )


def test_a_long_strip_wraps_into_rows() -> None:
    frames = [np.full((2, 3, 1), i, np.uint8) for i in range(5)]
    strip = joined_strip(frames, most_pixels=7)
    assert strip.shape == (6, 6, 1)
    np.testing.assert_array_equal(strip[::2, ::3, 0], [[0, 1], [2, 3], [4, 0]])


def test_an_npy_is_the_frames_as_they_are(tmp_path: Path) -> None:
    run(export_frames(ramp(3), tmp_path / "p.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), ramp(3))
    write_npy(np.eye(3, dtype=np.float32), tmp_path / "z.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), np.eye(3))


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png", ".npy"])
def test_a_cancelled_export_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_bytes(b"before")
    taken = []

    def frames() -> Iterator[NDArray[np.float32]]:
        for i, frame in enumerate(ramp(50)):
            taken.append(i)
            yield frame

    steps = export_frames(frames(), path, scale=1, count=50)
    for _ in range(5):
        next(steps)
    steps.close()
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert len(taken) <= 6


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png", ".npy"])
def test_a_decoder_that_fails_midway_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    def frames() -> Iterator[NDArray[np.float32]]:
        yield ramp(1)[0]
        raise UserError("the decoder failed")

    with pytest.raises(UserError, match="the decoder failed"):
        run(export_frames(frames(), tmp_path / f"p{suffix}", scale=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png", ".npy"])
def test_no_frames_is_said(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UserError, match="There is no frame"):
        run(export_frames([], tmp_path / f"p{suffix}"))
    assert list(tmp_path.iterdir()) == []


def test_bad_requests_are_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    def never() -> Iterator[NDArray[np.float32]]:
        raise AssertionError("a frame was decoded")
        yield

    with pytest.raises(UserError, match=r"\.avi.*\.png, \.gif, \.mp4 or \.npy"):
        run(export_frames(never(), tmp_path / "p.avi"))
    with pytest.raises(UserError, match="no suffix"):
        check_export_path(tmp_path / "p")
    check_export_path(tmp_path / "p.MP4")
    with pytest.raises(UserError, match="not 0"):
        run(export_frames(never(), tmp_path / "p.mp4", fps=0))
    with pytest.raises(UserError, match="at most 50"):
        run(export_frames(never(), tmp_path / "p.gif", fps=60))
    with pytest.raises(UserError, match="at least 1"):
        run(export_frames(never(), tmp_path / "p.gif", scale=0))
    with pytest.raises(UserError, match="does not exist"):
        run(export_frames(never(), tmp_path / "none" / "p.gif"))


def test_frames_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    frames = [np.zeros((4, 4, 1), np.float32), np.zeros((5, 4, 1), np.float32)]
    for suffix in (".gif", ".mp4", ".png", ".npy"):
        with pytest.raises(UserError, match="Frame 2 has shape"):
            run(export_frames(frames, tmp_path / f"p{suffix}"))
    with pytest.raises(UserError, match="height, width, 1 or 3"):
        run(export_frames([np.zeros((4, 4, 2), np.float32)], tmp_path / "p.png"))


@pytest.mark.parametrize(("name", "most"), [("p.gif", 2_000), ("p.png", 5_000)])
def test_files_that_hold_all_frames_in_memory_have_a_limit(
    tmp_path: Path, name: str, most: int
) -> None:
    check_export_path(tmp_path / name, most)
    with pytest.raises(UserError, match=f"at most {most:,} frames"):
        next(export_frames(iter(()), tmp_path / name, count=most + 1))
    check_export_path(tmp_path / "p.mp4", 100_000)
    assert not (tmp_path / name).exists()
