"""Films as data sets: the right frames, wherever decoding begins, and nothing but the file."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Numbers
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures import films
from latentviewer.io.pictures.films import FilmData
from latentviewer.io.pictures.placeholder import placeholder

FORMATS = [
    pytest.param(".mp4", "mp4", "mpeg4", 2, id="mp4"),
    pytest.param(".mov", "mov", "mjpeg", 0, id="mov"),
    pytest.param(".mkv", "matroska", "ffv1", 0, id="mkv"),
    pytest.param(".webm", "webm", "libvpx", 0, id="webm"),
    pytest.param(".avi", "avi", "mpeg4", 2, id="avi with frames out of order"),
    pytest.param(".avi", "avi", "mjpeg", 0, id="avi"),
]


def film(
    container_format: str, codec: str, between: int = 0, count: int = 60,
    size: tuple[int, int] = (64, 48),
) -> bytes:  # fmt: skip
    """Frames that get brighter by 4 each, 25 a second, a key frame every 12."""
    buffer = BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = 12
        stream.bit_rate = 20_000_000
        stream.options = {"bf": str(between)} if between else {}
        for i in range(count):
            pixels = np.full((size[1], size[0], 3), 4 * (i % 64), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def opened(path: Path) -> FilmData:
    data = open_data(str(path))
    assert isinstance(data, FilmData)
    return data


@pytest.mark.parametrize(("suffix", "container_format", "codec", "between"), FORMATS)
def test_every_frame_is_the_one_of_its_time(
    tmp_path: Path, suffix: str, container_format: str, codec: str, between: int
) -> None:
    path = tmp_path / f"film{suffix}"
    path.write_bytes(film(container_format, codec, between))
    data = opened(path)
    assert (len(data), data.image, data.notes) == (60, ImageShape(48, 64, 3), ())
    whole = data.images(np.arange(60))
    np.testing.assert_allclose(whole[:, 24, 32, 0], 4 * np.arange(60), atol=6)
    assert (np.diff(whole[:, 24, 32, 0].astype(int)) > 0).all()
    time, frame = data.columns["time_s"], data.columns["frame"]
    assert isinstance(time, Numbers)
    assert isinstance(frame, Numbers)
    np.testing.assert_allclose(time.values, np.arange(60) / 25, atol=2e-3)
    np.testing.assert_array_equal(frame.values, np.arange(60))
    for rows in ([59], [31], [30, 2, 30, 58], [13, 12, 11], []):
        fresh = opened(path)
        np.testing.assert_array_equal(fresh.images(np.array(rows, np.int64)), whole[rows])
    report = inspect_path(path)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "video", 60)
    assert is_here(str(path))


def test_seeking_gives_what_decoding_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "_NEAR", 1)
    for name, container_format, codec, between in (
        ("a.mp4", "mp4", "mpeg4", 2),
        ("a.mkv", "matroska", "mpeg4", 2),
        ("b.mp4", "mp4", "mjpeg", 0),
        ("a.avi", "avi", "mpeg4", 2),
    ):
        path = tmp_path / name
        path.write_bytes(film(container_format, codec, between))
        whole = opened(path).images(np.arange(60))
        rows = np.array([3, 17, 23, 24, 40, 59])
        data = opened(path)
        np.testing.assert_array_equal(data.images(rows), whole[rows])
        np.testing.assert_array_equal(opened(path).images(np.array([35])), whole[[35]])


def test_a_long_film_is_sampled_evenly_and_a_large_one_made_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "MOST_FRAMES", 6)
    path = tmp_path / "a.mp4"
    path.write_bytes(film("mp4", "mpeg4", count=51, size=(640, 160)))
    data = opened(path)
    assert data.image == ImageShape(64, 256, 3)
    assert data.notes == (
        "The frames of 640 x 160 pixels are made smaller, 256 x 64.",
        "Of the 51 frames 6, spread evenly, are taken.",
    )
    assert [data.columns["frame"].text(row) for row in range(6)] == [
        "0",
        "10",
        "20",
        "30",
        "40",
        "50",
    ]
    np.testing.assert_allclose(data.images(np.arange(6))[:, 9, 9, 0], 40 * np.arange(6), atol=6)
    monkeypatch.setattr(films, "_MOST_PACKETS", 9)
    assert opened(path).notes[-1] == "Frames after the first 9 are left out."


def test_few_frames_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "_KEPT", 5)
    path = tmp_path / "a.mp4"
    path.write_bytes(film("mp4", "mpeg4"))
    data = opened(path)
    whole = data.images(np.arange(60))
    assert len(data._kept) == 5
    np.testing.assert_array_equal(data.images(np.arange(50, 60)), whole[50:])
    with pytest.raises(IndexError, match="rows 0 to 59"):
        data.images(np.array([60]))


def test_a_film_that_vanishes_or_is_cut_later_shows_the_cross(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    content = film("matroska", "ffv1")
    path.write_bytes(content)
    data = opened(path)
    whole = opened(path).images(np.arange(60))
    path.write_bytes(content[: len(content) // 2])
    shown = data.images(np.array([5, 55]))
    np.testing.assert_array_equal(shown[0], whole[5])
    np.testing.assert_array_equal(shown[1], placeholder(data.image))
    path.unlink()
    np.testing.assert_array_equal(data.images(np.array([9]))[0], placeholder(data.image))
    # What was seen before is still there.
    np.testing.assert_array_equal(data.images(np.array([5]))[0], whole[5])


def test_a_film_that_is_cut_short_has_fewer_frames(tmp_path: Path) -> None:
    content = film("matroska", "ffv1")
    (tmp_path / "a.mkv").write_bytes(content[: len(content) // 2])
    data = opened(tmp_path / "a.mkv")
    assert 10 < len(data) < 50
    # One without its table of contents, which an MP4 has at its end, cannot be read at all.
    (tmp_path / "a.mp4").write_bytes(film("mp4", "mpeg4")[:-200])
    with pytest.raises(UserError, match=r"a\.mp4 is cut short or damaged"):
        opened(tmp_path / "a.mp4")


@pytest.mark.parametrize("suffix", films.FILM_SUFFIXES)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"GIF89a" + bytes(99),
        b"\x00\x00\x00\x20ftypisom" + bytes(99),
        b"\x1a\x45\xdf\xa3" + bytes(99),
        b"RIFF\0\0\0\0AVI " + bytes(99),
    ],
)
def test_what_is_no_film_is_refused_in_one_sentence(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\{suffix} (is|has) ") as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert inspect_path(path)["why"] == str(caught.value)


def test_a_title_that_is_not_utf8_does_no_harm(tmp_path: Path) -> None:
    buffer = BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        container.metadata["title"] = "entitled"
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        black = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(black))
        container.mux(stream.encode())
    assert b"entitled" in buffer.getvalue()
    (tmp_path / "a.mkv").write_bytes(buffer.getvalue().replace(b"entitled", b"entitle\xff"))
    assert len(opened(tmp_path / "a.mkv")) == 1


def test_a_film_without_pictures_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(UserError, match="has no pictures in it"):
        opened(tmp_path / "a.mkv")


def test_a_name_with_a_protocol_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for spec in ("concat:a.mp4", "http://127.0.0.1/a.mp4", "file:a.mp4", "pipe:0.mp4"):
        with pytest.raises(UserError, match="There is no data set"):
            open_data(spec)


WHOLE = [
    film("mp4", "mpeg4", 2, 12, (16, 16)),
    film("matroska", "ffv1", 0, 6, (16, 16)),
    film("avi", "mjpeg", 0, 6, (16, 16)),
]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    whole=st.sampled_from(WHOLE),
    part=st.floats(0, 0.999),
    flip=st.integers(0, 255),
    more=st.lists(st.floats(0, 0.999), max_size=4),
)
def test_a_film_broken_anywhere_is_read_or_refused(
    tmp_path: Path, whole: bytes, part: float, flip: int, more: list[float]
) -> None:
    content = bytearray(whole)
    for place in (part, *more):
        content[int(len(content) * place)] ^= flip
    path = tmp_path / "a.mkv"
    path.write_bytes(content if flip else content[: int(len(content) * part)])
    with suppress(UserError):
        data = open_data(str(path))
        assert len(data.images(np.arange(len(data)))) == len(data)
