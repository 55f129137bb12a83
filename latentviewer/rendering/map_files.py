"""Maps as files: PNG, SVG and PDF, told by the name's ending."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from latentviewer.app.map_sheet import MapSheet
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Rasteriser
from latentviewer.io.atomic import replacing
from latentviewer.jobs.progress import Progress
from latentviewer.rendering.composing import compose
from latentviewer.rendering.figure import Figure
from latentviewer.rendering.svg import svg_pieces

MAP_SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class WrittenMap:
    """A map that was written.

    Attributes:
        drawn: how many points are on it.
        notes: sentences on how they are drawn.
    """

    drawn: int
    notes: tuple[str, ...]


def export_map(
    sheet: MapSheet, path: Path, rasteriser: Callable[[], Rasteriser]
) -> Generator[Progress, None, WrittenMap]:
    """Writes a map, whole or not at all; closing the generator leaves nothing behind.

    For .png and .pdf a QGuiApplication that knows the bundled fonts must exist.

    Args:
        rasteriser: makes one, for points that are too many to be shapes.

    Raises:
        UserError: another ending, a full disk, or a place that cannot be written.
    """
    check_map_path(path)
    yield Progress(None, "Laying out")
    figure, drawn, notes = compose(sheet, rasteriser, path.suffix.lower() != ".png")
    with replacing(path) as temporary, temporary.open("wb") as file:
        for content in _contents(figure, path.suffix.lower()):
            if content is not None:
                file.write(content)
            yield Progress(None, "Drawing")
    return WrittenMap(drawn, notes)


def check_map_path(path: Path) -> None:
    """Refuses an ending that cannot be written, before anything is drawn.

    Raises:
        UserError: names those that can.
    """
    if path.suffix.lower() not in MAP_SUFFIXES:
        raise UserError(f"{path}: write a map to a name that ends in .png, .svg or .pdf.")


def _contents(figure: Figure, suffix: str) -> Iterator[bytes | None]:
    if suffix == ".svg":
        return (piece.encode("utf-8") for piece in svg_pieces(figure))
    # Qt is not on the way to an SVG.
    from latentviewer.rendering.painting import pdf_of, png_of

    return pdf_of(figure) if suffix == ".pdf" else png_of(figure)
