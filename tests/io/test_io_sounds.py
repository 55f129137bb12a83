"""WAV files as spectrograms: checked against sines of known frequency, and no header believed."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import wavfile

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Numbers
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures import sounds
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.pictures.placeholder import placeholder
from latentviewer.io.pictures.spectrogram import span_of, spectrogram, window_of
from latentviewer.io.pictures.wav import read_samples, read_wav_facts

RATE = 16_000


def sine(hertz: float, seconds: float = 1.024, rate: int = RATE) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def wav(path: Path, samples: NDArray[Any], rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = samples if samples.dtype != np.float64 else (samples * 32_767).astype(np.int16)
    wavfile.write(path, rate, whole)
    return path


def opened(place: Path) -> LazyImages:
    data = open_data(str(place))
    assert isinstance(data, LazyImages)
    return data


def texts(data: LazyImages, column: str) -> list[str]:
    return [data.columns[column].text(row) for row in range(len(data))]


def mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0, 7000.0])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_sine_is_a_bright_line_at_its_frequency(tmp_path: Path, hertz: float, rate: int) -> None:
    path = wav(tmp_path / "a.wav", sine(hertz, 2.5, rate), rate)
    data = opened(path)
    assert data.image == ImageShape(64, 64, 1)
    shown = data.images(np.array([0]))[0, :, :, 0]
    # 65 steps on the mel scale lie between the edges of 64 bands; the lowest is the last row.
    band = mel(hertz) / mel(rate / 2) * 65 - 1
    brightest = 63 - shown.argmax(axis=0)
    np.testing.assert_allclose(brightest, band, atol=0.75)
    # Full scale is 0 dB, give or take what falls beside the middle of the band.
    assert shown.max() > 255 - 255 * 4 / 80
    assert np.median(shown) < 40


def test_loudness_is_read_off_the_grey() -> None:
    samples = np.zeros(span_of(RATE) + window_of(RATE) // 2, np.float32)
    assert spectrogram(samples, RATE).max() == 0
    loud = sine(1000, len(samples) / RATE).astype(np.float32)
    levels = [spectrogram(loud * gain, RATE)[:, 30].max() for gain in (0.1, 0.01, 0.001)]
    # 20 dB are a quarter of the 80 from black to white.
    np.testing.assert_allclose(np.diff(np.array(levels, float)), -255 / 4, atol=1)


def test_a_click_is_a_column_at_its_time(tmp_path: Path) -> None:
    samples = np.zeros(2 * span_of(RATE), np.int16)
    samples[span_of(RATE) // 2] = 32_000
    shown = opened(wav(tmp_path / "a.wav", samples)).images(np.array([0, 1]))[..., 0]
    assert np.flatnonzero(shown[0].max(axis=0)).tolist() == [31]
    assert shown[1].max() == 0


def test_files_are_cut_into_pictures_and_subfolders_are_labels(tmp_path: Path) -> None:
    wav(tmp_path / "low/b10.wav", sine(300, 1.024 * 3.4))
    wav(tmp_path / "low/b2.WAV", sine(300, 0.2))
    wav(tmp_path / "high/a.wav", sine(3000, 1.024 * 1.6))
    (tmp_path / "high/broken.wav").write_bytes(b"RIFF")
    (tmp_path / "readme.txt").write_text("hello")
    data = opened(tmp_path)
    assert texts(data, "label") == ["high"] * 3 + ["low"] * 4
    files = ["high/a.wav"] * 2 + ["high/broken.wav", "low/b2.WAV"] + ["low/b10.wav"] * 3
    assert texts(data, "file") == files
    time = data.columns["time_s"]
    assert isinstance(time, Numbers)
    np.testing.assert_allclose(time.values, [0, 1.024, 0, 0, 0, 1.024, 2.048])
    assert texts(data, "broken") == ["", "", "damaged", "", "", "", ""]
    shown = data.images(np.arange(7))
    np.testing.assert_array_equal(shown[2], placeholder(data.image))
    assert shown[0].argmax(axis=0)[5] < shown[4].argmax(axis=0)[5]
    report = inspect_path(tmp_path)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "wav", 7)
    assert report["notes"] == list(data.notes)
    assert inspect_path(tmp_path / "high/a.wav")["rows"] == 2
    assert is_here(str(tmp_path))


def test_every_coding_gives_the_same(tmp_path: Path) -> None:
    tone = sine(1000, 0.5) * 0.5
    expected = tone.astype(np.float32)
    for samples in (
        np.rint(tone * 127 + 128).astype(np.uint8), (tone * 32_768).astype(np.int16),
        (tone * 2**31).astype(np.int32), tone.astype(np.float32),
    ):  # fmt: skip
        path = wav(tmp_path / "a.wav", samples)
        read = read_samples(path, read_wav_facts(path), 0, len(tone))
        np.testing.assert_allclose(read, expected, atol=0.01)
    wavfile.write(path, RATE, tone)
    facts = read_wav_facts(path)
    np.testing.assert_allclose(read_samples(path, facts, 0, len(tone)), expected, atol=1e-6)
    assert read_samples(path, facts, len(tone) - 2, 5)[2:].tolist() == [0, 0, 0]
    packed = (tone * 2**23).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    path.write_bytes(riff(packed, bits=24))
    read = read_samples(path, read_wav_facts(path), 0, len(tone))
    np.testing.assert_allclose(read, expected, atol=1e-6)


def test_channels_are_mixed_and_what_is_not_finite_is_silent(tmp_path: Path) -> None:
    stereo = np.stack([np.full(99, 0.5), np.full(99, -0.1)], axis=1).astype(np.float32)
    stereo[3:6] = [[np.nan, np.nan], [np.inf, 0.2], [1e30, 1e30]]
    path = wav(tmp_path / "a.wav", stereo)
    read = read_samples(path, read_wav_facts(path), 0, 99)
    np.testing.assert_allclose(read[[0, 3, 4, 5]], [0.2, 0, 0.1, 1], atol=1e-6)


def riff(
    samples: bytes, kind: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16,
    claimed: int | None = None, before: bytes = b"",
) -> bytes:  # fmt: skip
    block = channels * bits // 8
    coding = struct.pack("<HHIIHH", kind, channels, rate, rate * block % 2**32, block, bits)
    size = struct.pack("<I", len(samples) if claimed is None else claimed)
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", 16) + coding + b"data" + size + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_header_that_lies_is_taken_by_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(bytes(RATE * 2), claimed=0xFFFF_FFFE))
    assert read_wav_facts(path).frames == RATE
    assert len(opened(path)) == 1
    # Chunks of other kinds, one of them of odd length, come first.
    path.write_bytes(riff(bytes(200), before=b"LIST\x03\0\0\0abc\0junk\x02\0\0\0xy"))
    assert read_wav_facts(path).frames == 100


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no WAV file"),
        (b"RIFF\0\0\0\0AVI ", "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "has no samples"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5000, "has no samples"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff", "has no samples"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0abcd", "is cut short"),
        (b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd", "before their description"),
        (riff(b""), "has no samples"),
        (riff(bytes(99), kind=85), r"coding that is not read here \(85, 16 bits\)"),
        (riff(bytes(99), bits=12), "coding that is not read here"),
        (riff(bytes(99), kind=3), "coding that is not read here"),
        (riff(bytes(99), channels=0), "contradicts itself"),
        (riff(bytes(99), channels=30_000), "contradicts itself"),
        (riff(bytes(99), rate=0), "contradicts itself"),
        (riff(bytes(99), rate=4_000_000_000), "contradicts itself"),
    ],
)
def test_what_is_no_wav_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert inspect_path(path)["why"] == str(caught.value)


def test_a_file_that_is_gone_or_cut_later_shows_the_cross(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", sine(1000, 3))
    data = opened(path)
    path.write_bytes(path.read_bytes()[: RATE * 3])
    shown = data.images(np.array([0, 2]))
    assert shown[0].max() > 200
    np.testing.assert_array_equal(shown[1], placeholder(data.image))
    path.unlink()
    np.testing.assert_array_equal(data.images(np.array([0]))[0], placeholder(data.image))


def test_a_sound_that_never_ends_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "_MOST_PICTURES", 3)
    wav(tmp_path / "a.wav", sine(1000, 1.024 * 2))
    wav(tmp_path / "b.wav", sine(1000, 1.024 * 2))
    data = opened(tmp_path)
    assert texts(data, "file") == ["a.wav", "a.wav", "b.wav"]
    assert data.notes == ("Pictures after the first 3 are left out.",)


WHOLE = riff((sine(500, 0.05) * 9999).astype(np.int16).tobytes())


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    place=st.integers(0, 60), value=st.integers(0, 255), cut=st.integers(0, len(WHOLE)),
    kind=st.sampled_from([(1, 16), (3, 32), (3, 64), (1, 8), (1, 24)]),
)  # fmt: skip
def test_a_wav_broken_anywhere_is_read_or_refused(
    tmp_path: Path, place: int, value: int, cut: int, kind: tuple[int, int]
) -> None:
    content = bytearray(riff(WHOLE[44:], kind[0], bits=kind[1]))
    content[place] = value
    (tmp_path / "a.wav").write_bytes(content[:cut])
    with suppress(UserError):
        data = opened(tmp_path / "a.wav")
        assert data.images(np.arange(min(3, len(data)))).shape[1:] == (64, 64, 1)
