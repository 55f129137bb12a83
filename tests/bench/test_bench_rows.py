"""The benchmark says what it measured; no figure of it is asserted here."""

import json

import pytest

from latentviewer.bench import run
from latentviewer.bench.map_rows import _hover, _lasso, _points, _read_ms, _splat
from latentviewer.bench.rows import Row
from latentviewer.cli import main
from latentviewer.kernels.rasteriser import NumbaRasteriser


def test_json_has_machine_and_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Row("frame", "ms", 2.0, 100.0, "peer", 50.0, "at least 60 times faster", False)
    monkeypatch.setattr(run, "_rows_of", lambda group, quick, say: [row])
    assert main(["bench", "--json", "--only", "map"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"machine", "rows"}
    (told,) = document["rows"]
    assert set(told) == {"name", "unit", "ours", "peer", "peer_name", "ratio", "goal", "met"}
    assert told["met"] is False


def test_all_groups_run_unless_some_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        run, "_rows_of", lambda group, quick, say: asked.append((group, quick)) or []
    )
    assert main(["bench", "--quick"]) == 0
    assert asked == [(group, True) for group in run.GROUPS]
    assert main(["bench", "--models"]) == 0
    assert asked[-1] == ("models", False)
    capsys.readouterr()


def test_the_lasso_row_compares_with_matplotlib() -> None:
    pytest.importorskip("matplotlib")
    row = _lasso(NumbaRasteriser())
    assert row.peer is not None
    assert row.ratio == pytest.approx(row.peer / row.ours)
    assert row.met == (row.peer >= 20 * row.ours)


def test_the_frames_measured_show_every_point() -> None:
    coordinates, colours = _points(20_000, 2)
    frame = NumbaRasteriser().draw(_splat(coordinates, colours, 3))
    assert frame.drawn == 20_000


def test_hover_and_read_give_figures() -> None:
    assert _hover(NumbaRasteriser()).ours > 0
    assert _read_ms(_points(100_000, 2)[0]) > 0
