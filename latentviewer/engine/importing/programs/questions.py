"""What is asked about a network that cannot be looked into before it is trusted."""

import dataclasses
from pathlib import Path
from typing import Literal, get_args

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.domain.ports import Capability, ImageShape
from latentviewer.engine.importing.convention import (
    Values,
    order_question,
    values_of,
    values_question,
)
from latentviewer.engine.importing.programs.network import Spread

Role = Literal["encoder", "decoder", "autoencoder"]

_TRIED = "tried"  # the answer that leaves it to a first try
_LARGEST_SIDE, _LARGEST_LATENT = 8192, 1 << 24

_ROLES: dict[Role, str] = {
    "encoder": "An encoder: pictures to latents",
    "decoder": "A decoder: latents to pictures",
    "autoencoder": "Both, an autoencoder",
}
_CHANNELS = (("1", "1, grey"), ("3", "3, colour"), ("4", "4, colour and alpha"), ("2", "2"))
_NOT_SAID = "The file does not say."
_SIZES = (
    Question("height", "Height of its pictures", (), "28", f"{_NOT_SAID} MNIST has 28."),
    Question("width", "Width of its pictures", (), "28", f"{_NOT_SAID} MNIST has 28."),
    Question("channels", "Channels of its pictures", _CHANNELS, "1", f"{_NOT_SAID} MNIST has 1."),
)
_LATENT_DIM = Question("latent_dim", "Dimensions of a latent", (), "64", _NOT_SAID)
_MEAN = Question(
    "mean_output",
    "Which output is the mean",
    (("1", "The first"), ("2", "The second"), ("3", "The third")),
    "1",
    "Of an encoder with several outputs, the mean is nearly always the first.",
)
_SPREAD = Question(
    "spread",
    "The output after the mean",
    (
        ("log variance", "The log variance"),
        ("standard deviation", "The standard deviation"),
        ("none", "Something else"),
    ),
    "log variance",
    "Nearly all variational autoencoders give the log variance; where there is none, it is moot.",
)


def role_question(path: Path) -> Question:
    """Asks what part of a model the file is, as `role`."""
    name = path.stem.lower()
    guess: Role = "autoencoder"
    if "decoder" in name or "generator" in name:
        guess = "decoder"
    elif "encoder" in name.replace("autoencoder", ""):
        guess = "encoder"
    why = "Told by the file's name." if guess != "autoencoder" else _NOT_SAID
    return Question("role", "What it is", tuple(_ROLES.items()), guess, why)


def role_of(path: Path, answers: Answers) -> Role:
    """The answer to a `role_question`."""
    given = answered(role_question(path), answers)
    return next(role for role in _ROLES if role == given)


def questions_on(path: Path, answers: Answers) -> tuple[Question, ...]:
    """All that is asked, with the answers so far."""
    role = role_of(path, answers)
    asked = [role_question(path), *_SIZES]
    if role == "decoder":
        asked.append(_LATENT_DIM)
    else:
        asked += [_values_question("input"), _MEAN, _SPREAD]
    if role != "encoder":
        asked.append(_values_question("output"))
    if image_of(answers).channels == 3:
        asked.append(order_question())
    return tuple(asked)


def capabilities_of(role: Role) -> frozenset[Capability]:
    """What a network of a role will be able to do at least."""
    each = {"encoder": {Capability.ENCODE}, "decoder": {Capability.DECODE}}
    return frozenset(each.get(role, {Capability.ENCODE, Capability.DECODE}))


def image_of(answers: Answers) -> ImageShape:
    """The shape of the pictures that are shown, as it was answered."""
    height, width, channels = (int(answered(question, answers)) for question in _SIZES)
    return ImageShape(height, width, 3 if channels > 2 else 1)


def sizes_of(path: str, answers: Answers) -> tuple[int, int, int]:
    """Height, width and the network's channels, as they were answered.

    Raises:
        UserError: larger than any picture that is shown.
    """
    height, width, channels = (int(answered(question, answers)) for question in _SIZES)
    if max(height, width) > _LARGEST_SIDE:
        raise UserError(
            f"{path}: pictures of {height:,} x {width:,} pixels are larger than can be shown; "
            f"answer height and width with at most {_LARGEST_SIDE:,}."
        )
    return height, width, channels


def latent_dim_of(path: str, answers: Answers) -> int:
    """Dimensions of a decoder's latents, as they were answered.

    Raises:
        UserError: more than any decoder has.
    """
    dim = int(answered(_LATENT_DIM, answers))
    if dim > _LARGEST_LATENT:
        raise UserError(
            f"{path}: a latent of {dim:,} dimensions is too large; answer it with at most "
            f"{_LARGEST_LATENT:,}."
        )
    return dim


def mean_output_of(answers: Answers) -> int:
    """Which output is the mean, from 0."""
    return int(answered(_MEAN, answers)) - 1


def spread_of(answers: Answers) -> Spread:
    """What the output after the mean is."""
    given = answered(_SPREAD, answers)
    return next(spread for spread in get_args(Spread) if spread == given)


def values_answered(side: Literal["input", "output"], answers: Answers) -> Values | None:
    """What black and white are; None where a first try is to tell."""
    question = _values_question(side)
    return None if answered(question, answers) == _TRIED else values_of(question, answers)


def _values_question(side: Literal["input", "output"]) -> Question:
    whys = {
        "input": "What its decoder gives tells what its encoder takes.",
        "output": "A first try tells by the range.",
    }
    asked = values_question(side, "0..1", whys[side])
    choices = ((_TRIED, "Told by a first try"), *asked.choices)
    return dataclasses.replace(asked, guess=_TRIED, choices=choices)
