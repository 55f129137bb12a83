"""Which of an encoder's outputs is the mean of the latent, and which its spread."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.importing import Question
from latentviewer.domain.ports import Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.importing.onnx.graph import shown
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError
from latentviewer.engine.importing.onnx.network import Dims

Form = Literal["none", "log variance", "variance", "standard deviation", "log deviation"]

_TITLES: dict[Form, str] = {
    "log variance": "log variances",
    "standard deviation": "standard deviations",
    "variance": "variances",
    "log deviation": "logs of standard deviations",
    "none": "nothing that says how sure it is",
}
_NAMED: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("log variance", re.compile(r"(log|ln)_?var")),
    ("log deviation", re.compile(r"(log|ln)_?(std|sigma|scale|dev)")),
    ("standard deviation", re.compile(r"std|stdev|sigma|scale|(?<![a-z])dev")),
    ("variance", re.compile(r"(?<![a-z])var(?![a-z])|variance")),
)
_MEAN = re.compile(r"mean|(?<![a-z])mu(?![a-z])|(?<![a-z])loc(?![a-z])")
_DRAWN = re.compile(r"(?<![a-z])z(?![a-z])|sample|code|embed")
_BOTH = re.compile(r"moments|parameters|(mean|mu).*(log|ln)_?var")
# Those that latent diffusion models clamp log variances to, and the same of their halves.
_LOG_VARIANCE_BOUNDS = (-30.0, 20.0)


@dataclass(frozen=True)
class Latent:
    """How an encoder's outputs are read.

    Attributes:
        mean, spread: their names; no spread where there is none or the mean's output has both.
        form: what the spread is.
        halved: the axis of one sample along which the output is halved into mean and spread.
        shape: of one mean.
    """

    mean: str
    spread: str | None
    form: Form
    halved: int | None
    shape: tuple[int, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that have to be computed."""
        return (self.mean,) if self.spread is None else (self.mean, self.spread)

    def posterior(self, given: list[NDArray[Any]]) -> Posterior:
        """Of the outputs, each (b, *shape), means and deviations (b, d)."""
        if self.halved is not None:
            given = list(np.split(given[0], 2, axis=self.halved + 1))
        mean = _rows(given[0])
        if self.form == "none":
            return Posterior(mean)
        return Posterior(mean, _deviation(_rows(given[1]), self.form))


def latent_of(
    inquiry: Inquiry,
    results: Mapping[str, NDArray[Any]],
    picture: int,
    wanted: Dims | None,
    channels_last: bool,
) -> Latent:
    """Reads an encoder's outputs.

    Args:
        results: (b, *shape) of a first try, by name.
        picture: how many values one picture has.
        wanted: what the decoder takes; None where there is none.
        channels_last: whether the halves of an output lie along its last axis.

    Raises:
        MissingError: none of them is a latent.
    """
    latents = {name: array for name, array in results.items() if _size(array) != picture}
    if not latents:
        raise MissingError(
            "it makes pictures of pictures and gives no latent; export its encoder and its "
            "decoder as two files, or the latent as a further output."
        )
    fitting = {n: a for n, a in latents.items() if wanted is None or _fits(a.shape[1:], wanted)}
    if wanted is not None and not fitting:
        for name, array in latents.items():
            axis = _doubled(array.shape[1:], wanted)
            if axis is not None:
                why = f"“{shown(name)}” has twice what the decoder takes."
                return _halves(inquiry, name, array, axis, "log variance", why)
        # No pair; whoever called says so, and needs the latent for that.
        fitting = latents
    return _told_apart(inquiry, fitting, channels_last, wanted)


def _told_apart(
    inquiry: Inquiry, latents: Mapping[str, NDArray[Any]], channels_last: bool, wanted: Dims | None
) -> Latent:
    guess: Form
    forms = {name: _form(name) for name in latents}
    means = [n for n in latents if forms[n] is None and _MEAN.search(n.lower())]
    plain = [n for n in latents if forms[n] is None]
    mean = (means or plain or list(latents))[0]
    shape = latents[mean].shape[1:]
    like = [n for n in latents if n != mean and latents[n].shape[1:] == shape]
    spread = next((n for n in like if forms[n] is not None), None)
    if spread is not None and means:
        return Latent(mean, spread, forms[spread] or "none", None, shape)
    if len(latents) == 1 or not like:
        axis = len(shape) - 1 if channels_last else 0
        both = _BOTH.search(mean.lower()) is not None
        settled = wanted is not None and None not in wanted[axis : axis + 1]
        if not settled and shape[axis] % 2 == 0:
            guess = "log variance" if both else "none"
            why = f"The output is called “{shown(mean)}”."
            return _halves(inquiry, mean, latents[mean], axis, guess, why)
        return Latent(mean, None, "none", None, shape)
    spread = spread or next((n for n in like if not _DRAWN.search(n.lower())), like[0])
    if means:
        guess, why = "none", "No output is called a variance or a deviation."
    else:
        guess, why = _likely_form(forms[spread], spread, latents[spread])
    form = _asked(inquiry, f"What “{shown(spread)}” holds", guess, why)
    return Latent(mean, None if form == "none" else spread, form, None, shape)


def _halves(
    inquiry: Inquiry, name: str, array: NDArray[Any], axis: int, guess: Form, why: str
) -> Latent:
    form = _asked(inquiry, "Second half of the latent", guess, why)
    shape = list(array.shape[1:])
    if form == "none" and guess == "none":
        return Latent(name, None, "none", None, tuple(shape))
    shape[axis] //= 2
    return Latent(name, None, form, axis, tuple(shape))


def _asked(inquiry: Inquiry, title: str, guess: Form, why: str) -> Form:
    choices: list[tuple[str, str]] = [*_TITLES.items()]
    answer = inquiry.ask(Question("posterior", title, tuple(choices), guess, why))
    return next(form for form in _TITLES if form == answer)


def _form(name: str) -> Form | None:
    """What an output's name says that it is, if it is a spread and no mean besides."""
    lower = name.lower()
    if _BOTH.search(lower):
        return None
    return next((form for form, pattern in _NAMED if pattern.search(lower)), None)


def _likely_form(named: Form | None, name: str, array: NDArray[Any]) -> tuple[Form, str]:
    if named is not None:
        return named, f"The output is called “{shown(name)}”."
    if float(np.min(array)) >= 0:
        return "standard deviation", "A first try gave no value below 0."
    return "log variance", f"A first try gave values below 0, down to {float(np.min(array)):.3g}."


def _size(array: NDArray[Any]) -> int:
    return math.prod(array.shape[1:])


def _bare(dims: Dims) -> Dims:
    return tuple(side for side in dims if side != 1)


def _fits(shape: Dims, wanted: Dims) -> bool:
    """Whether an encoder's output can be what the decoder takes; it may be flat on one side."""
    a, b = _bare(shape), _bare(wanted)
    if len(a) == len(b):
        return all(y is None or x == y for x, y in zip(a, b, strict=True))
    if len(a) > 1 and len(b) > 1:
        return False
    return None not in b and math.prod(x or 1 for x in a) == math.prod(y or 1 for y in b)


def _doubled(shape: tuple[int, ...], wanted: Dims) -> int | None:
    """The axis along which a shape has twice what is wanted."""
    for axis, side in enumerate(shape):
        half = [*shape]
        half[axis] = side // 2
        if side % 2 == 0 and _fits(tuple(half), wanted):
            return axis
    return None


def _rows(array: NDArray[Any]) -> Latents:
    return np.ascontiguousarray(array.reshape(len(array), -1), np.float32)


def _deviation(spread: Latents, form: Form) -> Latents:
    low, high = _LOG_VARIANCE_BOUNDS
    if form == "log variance":
        spread = np.exp(np.clip(spread, low, high) / 2)
    elif form == "log deviation":
        spread = np.exp(np.clip(spread, low / 2, high / 2))
    elif form == "variance":
        spread = np.sqrt(np.maximum(spread, 0))
    return np.ascontiguousarray(spread, np.float32)
