"""A pencil for Pillow that thinks in the picture's own pixels and draws several times larger."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Pen:
    """Draws shapes on a square picture; what it draws is smoothed when it is made small.

    Args:
        side: of the finished picture, in pixels.
        finer: how many times larger it is drawn.
    """

    def __init__(self, side: int, finer: int, background: Colour) -> None:
        self._finer = finer
        self._image = Image.new("RGB", (side * finer, side * finer), background)
        self._draw = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        """The picture at its own size; each pixel the mean of those drawn."""
        return self._image.reduce(self._finer)

    def oval(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """A filled ellipse about (x, y) with half axes `across` and `down`."""
        self._draw.ellipse(self._box(x - across, y - down, x + across, y + down), fill=colour)

    def ring(
        self, x: float, y: float, across: float, down: float, colour: Colour, width: float
    ) -> None:
        """The outline of an ellipse."""
        box = self._box(x - across, y - down, x + across, y + down)
        self._draw.ellipse(box, outline=colour, width=self._width(width))

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self._finer, y * self._finer) for x, y in points], fill=colour)

    def block(
        self, left: float, top: float, right: float, bottom: float, round_by: float, colour: Colour
    ) -> None:
        """A filled rectangle with round corners; nothing where it has no height."""
        if bottom > top and right > left:
            self._draw.rounded_rectangle(
                self._box(left, top, right, bottom), radius=round_by * self._finer, fill=colour
            )

    def frame(
        self, left: float, top: float, right: float, bottom: float, round_by: float,
        colour: Colour, width: float,
    ) -> None:  # fmt: skip
        """The outline of a rectangle with round corners."""
        self._draw.rounded_rectangle(
            self._box(left, top, right, bottom), radius=round_by * self._finer, outline=colour,
            width=self._width(width),
        )  # fmt: skip

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A line through the points with round ends."""
        self._draw.line(
            [(x * self._finer, y * self._finer) for x, y in points], fill=colour,
            width=self._width(width), joint="curve",
        )  # fmt: skip
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, colour)

    def arc(
        self, x: float, y: float, across: float, down: float, angles: tuple[float, float],
        colour: Colour, width: float,
    ) -> None:  # fmt: skip
        """A part of an ellipse's outline, angles in degrees clockwise from the right."""
        box = self._box(x - across, y - down, x + across, y + down)
        self._draw.arc(box, *angles, fill=colour, width=self._width(width))

    def _box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return [value * self._finer for value in (left, top, right, bottom)]

    def _width(self, width: float) -> int:
        return max(1, round(width * self._finer))


def between(a: Colour, b: Colour, part: float) -> Colour:
    """A colour on the way from one to another."""
    red, green, blue = (round(x + (y - x) * part) for x, y in zip(a, b, strict=True))
    return red, green, blue
