"""How long the window's event loop is ever kept waiting while work runs."""

import time

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer

from latentviewer.bench.rows import Row
from latentviewer.bootstrap import open_sample_window
from latentviewer.bootstrap.staging import Stage

_TICK_MS = 5
_SECONDS, _QUICK_SECONDS = 12.0, 4.0
_POINTS, _QUICK_POINTS = 70_000, 10_000
_P99_MS, _WORST_MS = 16.0, 50.0


def loop_rows(quick: bool) -> list[Row]:
    """Gaps of a 5 ms timer while UMAP runs in the child, and while encoding and training."""
    seconds = _QUICK_SECONDS if quick else _SECONDS
    points = _QUICK_POINTS if quick else _POINTS
    rows = []
    with open_sample_window() as stage:
        rows += _gaps(stage, "idle", seconds)
        job = stage.encode_for_ever()
        rows += _gaps(stage, "while encoding", seconds)
        job.cancel()
        job = stage.train_for_ever()
        rows += _gaps(stage, "while training", seconds)
        job.cancel()
        umap = stage.start_umap(points)
        rows += _gaps(stage, f"while UMAP of {points:,} runs", 2 * seconds)
        umap.cancel()
    return rows


def _gaps(stage: Stage, name: str, seconds: float) -> list[Row]:
    stage.wait_until_quiet_for(0.5)
    ticks: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    timer.start(_TICK_MS)
    loop.exec()
    timer.stop()
    gaps = 1000 * np.diff(ticks)
    p99, worst = float(np.percentile(gaps, 99)), float(gaps.max())
    return [
        Row(f"event-loop gap {name}, p99", "ms", p99, _P99_MS, "limit", p99 / _P99_MS,
            f"at most {_P99_MS:g} ms", p99 <= _P99_MS),
        Row(f"event-loop gap {name}, worst", "ms", worst, _WORST_MS, "limit", worst / _WORST_MS,
            f"at most {_WORST_MS:g} ms", worst <= _WORST_MS),
    ]  # fmt: skip
