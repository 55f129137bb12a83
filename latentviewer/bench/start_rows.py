"""From the start of the process to the first painted window, and to the first decode."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from latentviewer.bench.rows import Row

_RUNS, _QUICK_RUNS = 7, 3
_PAINT_RATIO, _DECODE_S = 1.3, 3.0

_BARE = """
import json, sys, time
from PySide6.QtWidgets import QApplication
import pyqtgraph
from PySide6.QtCore import QTimer
app = QApplication([])
class Window(pyqtgraph.PlotWidget):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(json.dumps({"event": "first-paint", "monotonic": time.monotonic()}), flush=True)
        QTimer.singleShot(0, app.quit)
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""


def start_rows(quick: bool) -> list[Row]:
    """Medians over several processes; the bare window is PySide6 with a pyqtgraph plot."""
    runs = _QUICK_RUNS if quick else _RUNS
    ours_command = [sys.executable, "-m", "latentviewer"]
    # Alternating, so that a busy moment of the machine falls on both.
    bare, paint, decode = [], [], []
    # The first start after an installation writes the byte code of both.
    _seconds([sys.executable, "-c", _BARE], "first-paint")
    _seconds(ours_command, "first-decode")
    for _ in range(runs):
        bare.append(_seconds([sys.executable, "-c", _BARE], "first-paint"))
        paint.append(_seconds(ours_command, "first-paint"))
        decode.append(_seconds(ours_command, "first-decode"))
    ours, peer = statistics.median(paint), statistics.median(bare)
    first = statistics.median(decode)
    return [
        Row("process start to first painted window", "s", ours, peer, "bare PySide6 + pyqtgraph",
            ours / peer, f"at most {_PAINT_RATIO} times the peer", ours <= _PAINT_RATIO * peer),
        Row("process start to first decoded hover", "s", first, _DECODE_S, "limit",
            first / _DECODE_S, f"at most {_DECODE_S:g} s", first <= _DECODE_S),
    ]  # fmt: skip


def _seconds(command: list[str], event: str) -> float:
    with tempfile.TemporaryDirectory() as state:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
            "LATENTVIEWER_EXIT_AFTER": event,
            "LATENTVIEWER_STATE": state,
        }
        # An ordinary machine keeps byte code; some containers forbid it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        begun = time.monotonic()
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=180, check=True
        )
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["monotonic"]) - begun
