"""How a foreign network takes and gives pictures, and the way from and to our own arrays.

Ours are (b, h, w, c) float32 in 0..1 with one channel or three; networks differ in the order of
axes and channels and in what black and white are.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.domain.ports import Images, ImageShape

Layout = Literal["NCHW", "NHWC", "flat"]
Values = Literal["0..1", "-1..1", "0..255", "logits"]
Order = Literal["RGB", "BGR"]

_VALUES: dict[Values, str] = {
    "0..1": "0 to 1",
    "-1..1": "−1 to 1",
    "0..255": "0 to 255",
    "logits": "logits, squashed to 0 to 1",
}
_PAPER = 1.0  # what shows through where a picture with alpha is clear
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True)
class Convention:
    """How a network's pictures are to be read.

    Attributes:
        height, width: in pixels.
        channels: that the network has: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
        layout: the order of the axes; `flat` for (b, h * w * channels), channels last.
        order: of the colours.
        values: what black and white are.
    """

    height: int
    width: int
    channels: int
    layout: Layout = "NCHW"
    order: Order = "RGB"
    values: Values = "0..1"

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1 or self.channels not in (1, 2, 3, 4):
            raise ValueError(
                f"{self.height} x {self.width} with {self.channels} channels is no picture"
            )

    @property
    def image(self) -> ImageShape:
        """The shape of the pictures that the program shows: without alpha."""
        return ImageShape(self.height, self.width, 3 if self.channels > 2 else 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one picture as the network has it, without the batch."""
        h, w, c = self.height, self.width, self.channels
        return {"NCHW": (c, h, w), "NHWC": (h, w, c), "flat": (h * w * c,)}[self.layout]

    def given(self, images: Images) -> NDArray[np.float32]:
        """Our (b, h, w, c) in 0..1 to what the network takes, (b, *shape).

        Colour is brought to grey where the network has none, and the other way round.
        """
        x: NDArray[Any] = np.asarray(images, np.float32)
        colours = 3 if self.channels > 2 else 1
        if x.shape[3] == 3 and colours == 1:
            x = x @ _GREY[:, None]
        elif x.shape[3] == 1 and colours == 3:
            x = np.repeat(x, 3, axis=3)
        if self.order == "BGR" and colours == 3:
            x = x[..., ::-1]
        if self.channels in (2, 4):
            x = np.concatenate([x, np.ones((*x.shape[:3], 1), np.float32)], axis=3)
        if self.values == "-1..1":
            x = 2 * x - 1
        elif self.values == "0..255":
            x = 255 * x
        if self.layout == "NCHW":
            x = x.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(x.reshape(len(x), *self.shape), np.float32)

    def shown(self, made: NDArray[Any]) -> Images:
        """What the network gave, (b, *shape), to our (b, h, w, c) in 0..1; alpha over white.

        What is not a number becomes 0, so that it can be shown; the self-check tells of it.
        """
        h, w, c = self.height, self.width, self.channels
        x: NDArray[Any] = np.asarray(made, np.float32)
        if self.layout == "NCHW":
            x = x.reshape(len(x), c, h, w).transpose(0, 2, 3, 1)
        else:
            x = x.reshape(len(x), h, w, c)
        if self.values == "-1..1":
            x = (x + 1) / 2
        elif self.values == "0..255":
            x = x / 255
        elif self.values == "logits":
            x = 1 / (1 + np.exp(-np.clip(x, -80, 80)))
        x = np.clip(np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        if c in (2, 4):
            alpha = x[..., -1:]
            x = x[..., :-1] * alpha + _PAPER * (1 - alpha)
        if self.order == "BGR" and x.shape[3] == 3:
            x = x[..., ::-1]
        return np.ascontiguousarray(x, np.float32)


def values_question(side: Literal["input", "output"], guess: Values, why: str) -> Question:
    """Asks what black and white are, as `input_values` or `output_values`."""
    # A network takes no logits; it only gives them.
    choices = tuple((v, text) for v, text in _VALUES.items() if side == "output" or v != "logits")
    title = "Values it takes" if side == "input" else "Values it gives"
    return Question(f"{side}_values", title, choices, guess, why)


def order_question(guess: Order = "RGB") -> Question:
    """Asks for the order of the colours, as `order`."""
    choices = tuple((order, ", ".join(order)) for order in get_args(Order))
    return Question("order", "Order of colours", choices, guess, "Nearly all networks have RGB.")


def values_of(question: Question, answers: Answers) -> Values:
    """The answer to a `values_question`."""
    return next(v for v in _VALUES if v == answered(question, answers))


def order_of(question: Question | None, answers: Answers) -> Order:
    """The answer to an `order_question`; RGB where it is not asked."""
    return "BGR" if question is not None and answered(question, answers) == "BGR" else "RGB"


def likely_values(made: NDArray[Any]) -> tuple[Values, str]:
    """What a decoder's outputs look like, and why."""
    low, high = float(np.min(made)), float(np.max(made))
    why = f"A first try gave values from {low:.3g} to {high:.3g}."
    if not np.isfinite([low, high]).all():
        return "0..1", "A first try gave values that are not finite."
    if low >= -1e-3 and high <= 1 + 1e-3:
        return "0..1", why
    if low >= -1 - 1e-3 and high <= 1 + 1e-3:
        return "-1..1", why
    if low >= -1 and high > 8:
        return "0..255", why
    return "logits", why
