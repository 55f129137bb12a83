"""WAV files: what their header says, checked against the file, and stretches of their samples."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.image_files import BrokenImageError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHUNKS = 1_000
_RATES_HZ = (1_000, 768_000)
_MOST_CHANNELS = 64


@dataclass(frozen=True)
class WavFacts:
    """What a WAV file holds.

    Attributes:
        rate: samples a second.
        channels: side by side.
        floating: whether samples are floating point, else whole numbers.
        width: bytes of one sample of one channel.
        offset: of the first sample in the file, in bytes.
        frames: samples of each channel, as many as the file really has.
    """

    rate: int
    channels: int
    floating: bool
    width: int
    offset: int
    frames: int


def read_wav_facts(path: Path) -> WavFacts:
    """From the header alone: PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64.

    A header that claims more samples than there are, as a recording that was broken off has, is
    taken by what is there.

    Raises:
        BrokenImageError: unreadable, no WAV file, of another coding, or without samples.
    """
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(12)
            if start[:4] != b"RIFF" or start[8:] != b"WAVE":
                raise _broken(path, "is no WAV file", "empty" if not size else "damaged")
            coding = None
            for _ in range(_MOST_CHUNKS):
                head = file.read(8)
                if len(head) < 8:
                    break
                name, length = head[:4], struct.unpack("<I", head[4:])[0]
                if name == b"fmt ":
                    coding = _coding(file.read(min(length, 40)), path)
                    length -= min(length, 40)
                elif name == b"data" and coding is not None:
                    rate, channels, floating, width = coding
                    there = max(0, min(length, size - file.tell()))
                    frames = there // (channels * width)
                    if not frames:
                        raise _broken(path, "has no samples", "empty")
                    return WavFacts(rate, channels, floating, width, file.tell(), frames)
                # Chunks begin at even places.
                file.seek(length + length % 2, 1)
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise BrokenImageError(
            str(cannot_read(path, error)), "gone" if gone else "unreadable"
        ) from error
    raise _broken(path, "has no samples, or they stand before their description", "damaged")


def read_samples(path: Path, facts: WavFacts, first: int, count: int) -> NDArray[np.float32]:
    """A stretch of samples, the mean of the channels, -1 to 1, (count,) float32.

    Past the end it is silent. What is no finite number is 0.

    Raises:
        BrokenImageError: the file is gone, unreadable or shorter than it was.
    """
    check_regular(path)
    step = facts.channels * facts.width
    wanted = max(0, min(count, facts.frames - first))
    try:
        with path.open("rb") as file:
            file.seek(facts.offset + first * step)
            content = file.read(wanted * step)
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise BrokenImageError(
            str(cannot_read(path, error)), "gone" if gone else "unreadable"
        ) from error
    if len(content) < wanted * step:
        raise _broken(path, "is shorter than it was", "damaged")
    mono = _numbers(content, facts).reshape(-1, facts.channels).mean(axis=1, dtype=np.float64)
    samples = np.zeros(count, np.float32)
    samples[:wanted] = np.clip(np.nan_to_num(mono, posinf=0, neginf=0), -1, 1)
    return samples


def _numbers(content: bytes, facts: WavFacts) -> NDArray[np.float64]:
    if facts.floating:
        with np.errstate(invalid="ignore"):
            floats = np.frombuffer(content, f"<f{facts.width}").astype(np.float64)
        # Bounded, so that the mean of the channels stays finite.
        finite: NDArray[np.float64] = np.nan_to_num(floats, posinf=0, neginf=0)
        return np.clip(finite, -1e6, 1e6)
    if facts.width == 1:
        # Alone of all widths, this one is without a sign.
        return (np.frombuffer(content, np.uint8).astype(np.float64) - 128) / 128
    if facts.width == 3:
        wide = np.zeros((len(content) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        return wide.reshape(-1).view("<i4").astype(np.float64) / 2**31
    whole = np.frombuffer(content, f"<i{facts.width}").astype(np.float64)
    return whole / float(1 << (8 * facts.width - 1))


def _coding(head: bytes, path: Path) -> tuple[int, int, bool, int]:
    """Rate, channels, whether floating, bytes of a sample."""
    if len(head) < 16:
        raise _broken(path, "is cut short", "damaged")
    kind, channels, rate, _, block, bits = struct.unpack("<HHIIHH", head[:16])
    if kind == _EXTENSIBLE and len(head) >= 26:
        kind = struct.unpack("<H", head[24:26])[0]
    known = (kind == _PCM and bits in (8, 16, 24, 32)) or (kind == _FLOAT and bits in (32, 64))
    if not known:
        raise _broken(path, f"has a coding that is not read here ({kind}, {bits} bits)", "coding")
    sound = 1 <= channels <= _MOST_CHANNELS and _RATES_HZ[0] <= rate <= _RATES_HZ[1]
    if not sound or block != channels * bits // 8:
        raise _broken(
            path, f"contradicts itself ({channels} channels, {rate:,} samples a second)", "damaged"
        )
    return rate, channels, kind == _FLOAT, bits // 8


def _broken(path: Path, what: str, reason: str) -> BrokenImageError:
    return BrokenImageError(f"{path} {what}; save it as WAV, 16 bits PCM.", reason)
