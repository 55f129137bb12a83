"""How a stretch of sound becomes a picture: a log-mel spectrogram.

With the sampling rate f_s, a window has N samples, the power of two next to 32 ms, and the next
one begins N / 2 later; 64 of them are the columns of a picture, so that it spans 64 N / 2 samples,
about one second. A column is |FFT(w x)|^2 / (sum(w) / 2)^2 with a Hann window w, which gives 1
for a sine of full scale. 64 triangles over the mel scale, mel(f) = 2595 log10(1 + f / 700)
(O'Shaughnessy, Speech Communication, 1987), from 0 to f_s / 2, each with the highest weight 1, add
up the powers of their band. 10 log10 of that, from -80 to 0 dB, are the greys 0 to 255; the lowest
band is the lowest row. Greys are not scaled to each picture: what is quiet is dark.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Height and width of the picture in pixels: bands and windows."""
_WINDOW_S = 0.032
_FLOOR_DB = -80.0


def window_of(rate: int) -> int:
    """N: samples of one window at a sampling rate in Hz."""
    return int(2 ** round(np.log2(rate * _WINDOW_S)))


def span_of(rate: int) -> int:
    """Samples that one picture spans from the beginning of its first window to the next picture."""
    return SIDE * window_of(rate) // 2


def spectrogram(samples: NDArray[np.float32], rate: int) -> NDArray[np.uint8]:
    """Samples (span_of(rate) + window_of(rate) // 2,), -1 to 1, as a picture (64, 64) uint8."""
    length = window_of(rate)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[:: length // 2]
    hann = np.hanning(length + 1)[:-1]
    power = np.abs(np.fft.rfft(frames[:SIDE] * hann, axis=1)) ** 2 / (hann.sum() / 2) ** 2
    bands = _triangles(rate, length) @ power.T
    decibels = 10 * np.log10(np.maximum(bands, 1e-12))
    greys = (decibels - _FLOOR_DB) / -_FLOOR_DB * 255
    picture: NDArray[np.uint8] = np.clip(np.rint(greys[::-1]), 0, 255).astype(np.uint8)
    return picture


@lru_cache(maxsize=8)
def _triangles(rate: int, length: int) -> NDArray[np.float64]:
    """Weights (64, length // 2 + 1) of the frequencies in each band."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, SIDE + 2) / 2595) - 1)
    frequencies = np.arange(length // 2 + 1) * rate / length
    # A band is never narrower than the steps of the FFT, or the lowest ones would be empty.
    step = rate / length
    low = np.minimum(edges[:-2], edges[1:-1] - step)[:, None]
    high = np.maximum(edges[2:], edges[1:-1] + step)[:, None]
    middle = edges[1:-1][:, None]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling))
