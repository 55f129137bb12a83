"""The map's frames, picking and lasso beside pyqtgraph, matplotlib and the bare memory."""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from latentviewer.bench.rows import Row
from latentviewer.domain.locality import nearby_order
from latentviewer.domain.ports import Splat
from latentviewer.kernels.pick import pick
from latentviewer.kernels.rasteriser import NumbaRasteriser

_WIDTH, _HEIGHT, _RADIUS = 1200, 900, 2.5
_CLASSES = 10
_MILLION = 1_000_000
_FRAMES = 21


def map_rows(quick: bool) -> list[Row]:
    """Frames for a changed view at 1 and 10 million points, set-up, 3D, hover, lasso.

    `quick` leaves the peer out at 10 million, which takes it half a minute.
    """
    rows: list[Row] = []
    rasteriser = NumbaRasteriser()
    frames: dict[int, float] = {}
    for count, goal in ((_MILLION, 60), (10 * _MILLION, 100)):
        coordinates, colours = _points(count, 2)
        name = f"2D frame, {count // _MILLION}M points"
        draw = _drawing(rasteriser, coordinates, colours)
        if quick and count > _MILLION:
            frames[count] = _median_ms([_ms(draw) for _ in range(_FRAMES)])
            rows.append(Row(name, "ms", frames[count], None, "pyqtgraph", None, "", None))
            continue
        ours, peer, peer_set_up = _beside_pyqtgraph(draw, coordinates, colours)
        frames[count] = ours
        rows.append(
            Row(name, "ms", ours, peer, "pyqtgraph ScatterPlotItem", peer / ours,
                f"at least {goal} times faster", peer >= goal * ours)
        )  # fmt: skip
        if count > _MILLION:
            set_up = _set_up_ms(coordinates, colours)
            rows.append(
                Row("set-up of 10M points", "ms", set_up, peer_set_up,
                    "pyqtgraph ScatterPlotItem", peer_set_up / set_up,
                    "at least 20 times faster", peer_set_up >= 20 * set_up)
            )  # fmt: skip
    coordinates, _ = _points(10 * _MILLION, 2)
    read = _read_ms(coordinates)
    ours = frames[10 * _MILLION]
    rows.append(
        Row("2D frame, 10M points, beside the bare read", "ms", ours, read, "one pass over memory",
            ours / read, "at most 20 times the read", ours <= 20 * read)
    )  # fmt: skip
    for count in (_MILLION, 10 * _MILLION):
        solid, colours = _points(count, 3)
        draw = _drawing(rasteriser, solid, colours)
        deep = _median_ms([_ms(draw) for _ in range(_FRAMES)])
        rows.append(
            Row(f"3D frame, {count // _MILLION}M points", "ms", deep, frames[count], "our 2D frame",
                deep / frames[count], "at most 3 times the 2D frame", deep <= 3 * frames[count])
        )  # fmt: skip
    rows.append(_hover(rasteriser))
    rows.append(_lasso(rasteriser))
    return rows


def _points(count: int, dims: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, _CLASSES, count).astype(np.uint8)
    return rng.random((count, dims), np.float32), colours


def _splat(coordinates: NDArray[np.float32], colours: NDArray[np.uint8], step: int) -> Splat:
    dims = coordinates.shape[1]
    transform = np.zeros((dims, dims + 1), np.float32)
    # Another view in each frame, all points in it.
    transform[0, 0], transform[1, 1] = _WIDTH - step, _HEIGHT - step
    if dims == 3:
        transform[2, 2] = 1
    rng = np.random.default_rng(1)
    palette = np.column_stack(
        [rng.integers(60, 255, (_CLASSES, 3)), np.full(_CLASSES, 255)]
    ).astype(np.uint8)
    background = np.array([20, 22, 26, 255], np.uint8)
    return Splat(
        coordinates, transform, colours, palette, _RADIUS, _WIDTH, _HEIGHT, background, mixed=True
    )


def _drawing(
    rasteriser: NumbaRasteriser, coordinates: NDArray[np.float32], colours: NDArray[np.uint8]
) -> Callable[[], object]:
    """Draws another view at every call."""
    coordinates, colours = _in_order(coordinates, colours)
    splats = cycle([_splat(coordinates, colours, step) for step in range(_FRAMES)])
    rasteriser.draw(next(splats))
    return lambda: rasteriser.draw(next(splats))


def _set_up_ms(coordinates: NDArray[np.float32], colours: NDArray[np.uint8]) -> float:
    """What the map does once for new points: their order and the copies in it."""
    return _ms(lambda: _in_order(coordinates, colours))


def _in_order(
    coordinates: NDArray[np.float32], colours: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    order = nearby_order(coordinates)
    return np.ascontiguousarray(coordinates[order]), np.ascontiguousarray(colours[order])


def _beside_pyqtgraph(
    draw: Callable[[], object], coordinates: NDArray[np.float32], colours: NDArray[np.uint8]
) -> tuple[float, float, float]:
    """Milliseconds of our frame and the peer's after a changed view, and of the peer's set-up.

    A few of ours before each of the peer's, so that a busy moment of the machine falls on both.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph
    from PySide6.QtGui import QImage, QPainter

    app = pyqtgraph.mkQApp()
    plot = pyqtgraph.PlotWidget()
    plot.resize(_WIDTH, _HEIGHT)
    brushes = np.array(
        [pyqtgraph.mkBrush(pyqtgraph.intColor(i, _CLASSES)) for i in range(_CLASSES)]
    )
    begun = time.perf_counter()
    item = pyqtgraph.ScatterPlotItem(
        x=coordinates[:, 0], y=coordinates[:, 1], size=2 * _RADIUS, pen=None,
        brush=brushes[colours],
    )  # fmt: skip
    plot.addItem(item)
    image = QImage(_WIDTH, _HEIGHT, QImage.Format.Format_RGB32)

    def frame() -> None:
        painter = QPainter(image)
        plot.render(painter)
        painter.end()

    frame()
    set_up = 1000 * (time.perf_counter() - begun)
    ours: list[float] = []
    times: list[float] = []
    for step in range(3 if len(coordinates) > _MILLION else 11):
        ours += [_ms(draw) for _ in range(5)]
        plot.setXRange(0, 1 + 0.001 * step, padding=0)
        plot.setYRange(0, 1 + 0.001 * step, padding=0)
        times.append(_ms(frame))
    plot.close()
    app.sendPostedEvents()
    return _median_ms(ours), _median_ms(times), set_up


def _hover(rasteriser: NumbaRasteriser) -> Row:
    coordinates, colours = _points(_MILLION, 2)
    ids = rasteriser.draw(_splat(coordinates, colours, 0)).ids
    at = np.random.default_rng(0).uniform((0, 0), (_WIDTH, _HEIGHT), (20_000, 2)).tolist()
    begun = time.perf_counter()
    for x, y in at:
        pick(ids, x, y)
    per_pick = 1e6 * (time.perf_counter() - begun) / len(at)
    return Row("hover pick, whatever the number of points", "µs", per_pick, None, "", None,
               "constant time: one look-up", True)  # fmt: skip


def _lasso(rasteriser: NumbaRasteriser) -> Row:
    points, _ = _points(_MILLION, 2)
    rng = np.random.default_rng(2)
    angles = np.sort(rng.random(200)) * 2 * np.pi
    radii = 0.5 * rng.uniform(0.3, 1, 200)
    polygon = (0.5 + radii[:, None] * np.c_[np.cos(angles), np.sin(angles)]).astype(np.float32)
    rasteriser.inside(points, polygon)
    ours = _median_ms([_ms(lambda: rasteriser.inside(points, polygon)) for _ in range(9)])
    name = "lasso of 200 corners over 1M points"
    try:
        from matplotlib.path import Path
    except ImportError:
        return Row(name, "ms", ours, None, "matplotlib is not installed", None, "", None)
    path = Path(polygon)
    peer = _median_ms([_ms(lambda: path.contains_points(points)) for _ in range(3)])
    return Row(name, "ms", ours, peer, "matplotlib contains_points", peer / ours,
               "at least 20 times faster", peer >= 20 * ours)  # fmt: skip


def _read_ms(coordinates: NDArray[np.float32]) -> float:
    """Touches every byte once, on all cores, as the rasteriser may."""
    cores = os.cpu_count() or 1
    parts = np.array_split(coordinates.reshape(-1).view(np.int64), cores)
    with ThreadPoolExecutor(cores) as pool:
        return _median_ms(
            [_ms(lambda: list(pool.map(np.bitwise_or.reduce, parts))) for _ in range(21)]
        )


def _ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _median_ms(times: list[float]) -> float:
    return statistics.median(times)
