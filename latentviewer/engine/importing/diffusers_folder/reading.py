"""What a folder of diffusers holds and lacks, told without loading any of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.domain.ports import ImageShape
from latentviewer.engine.importing.diffusers_folder.config import (
    CONFIG,
    DENOISER,
    Component,
    Layout,
    check_config,
    factor_of,
    layout_in,
    size_of,
    whole,
)
from latentviewer.engine.importing.diffusers_folder.denoising import SCHEDULERS
from latentviewer.engine.importing.diffusers_folder.weights import Weights, variants_of, weights_of

_LARGEST_SIDE = 4096
_USUAL_SIDE = 256  # of networks that do not say what they were trained on


@dataclass(frozen=True)
class Reading:
    """What a folder says.

    Attributes:
        layout: which parts there are.
        parts: its networks that are used, `autoencoder` or `denoiser` or both.
        weights: of each.
        image: the shape of its pictures.
        spatial: channels, rows and columns of a latent.
        step: what height and width must be multiples of.
        questions: what is asked.
        missing: sentences on what is not there, or not supported.
    """

    layout: Layout
    parts: Mapping[str, Component]
    weights: Mapping[str, Weights]
    image: ImageShape
    spatial: tuple[int, int, int]
    step: int
    questions: tuple[Question, ...]
    missing: tuple[str, ...]


def read_folder(path: Path, answers: Answers) -> Reading:
    """What a folder says, with the answers so far.

    Raises:
        UserError: it is none of diffusers', or a file in it is damaged.
        UnsafeFileError: its weights are pickled, or are said to lie elsewhere.
    """
    layout = layout_in(path)
    if layout is None:
        raise UserError(
            f"{path} is no folder of diffusers with a network that is known; choose another."
        )
    named = {"autoencoder": layout.autoencoder, "denoiser": layout.denoiser}
    parts = {name: part for name, part in named.items() if part is not None}
    for part in parts.values():
        check_config(part)
    questions = _questions(layout, parts)
    chosen = {question.key: answered(question, answers) for question in questions}
    weights = {name: weights_of(part, chosen.get("variant", "")) for name, part in parts.items()}
    height, width = int(chosen["height"]), int(chosen["width"])
    if max(height, width) > _LARGEST_SIDE:
        raise UserError(
            f"{path}: pictures of {height:,} x {width:,} pixels are too large; answer height and "
            f"width with at most {_LARGEST_SIDE:,}."
        )
    autoencoder, denoiser = layout.autoencoder, layout.denoiser
    factor = 1 if autoencoder is None else factor_of(autoencoder)
    step = factor * (1 if denoiser is None else factor_of(denoiser))
    channels = whole(next(iter(parts.values())), "in_channels", 3)
    latent = channels if autoencoder is None else _latent_channels(autoencoder)
    missing = [part.missing for part in weights.values() if part.missing is not None]
    return Reading(
        layout=layout,
        parts=parts,
        weights=weights,
        image=ImageShape(height, width, 3 if channels > 1 else 1),
        spatial=(latent, max(height // factor, 1), max(width // factor, 1)),
        step=step,
        questions=questions,
        missing=(*missing, *_unsupported(layout, latent)),
    )


def _latent_channels(autoencoder: Component) -> int:
    if autoencoder.kind != "VQModel":
        return whole(autoencoder, "latent_channels", 4)
    return whole(autoencoder, "vq_embed_dim", whole(autoencoder, "latent_channels", 3))


def _questions(layout: Layout, parts: Mapping[str, Component]) -> tuple[Question, ...]:
    first = layout.denoiser or layout.autoencoder
    assert first is not None, "there is one of the two"
    latent = layout.autoencoder if layout.denoiser is not None else None
    factor = 1 if latent is None else factor_of(latent)
    told = size_of(first)
    sides = (_USUAL_SIDE, _USUAL_SIDE) if told is None else (told[0] * factor, told[1] * factor)
    why = f"{CONFIG} has it as sample_size; smaller pictures are quicker."
    if told is None:
        why = f"{CONFIG} does not say; nearly any size will do."
    asked = [
        Question("height", "Height of its pictures", (), str(sides[0]), why),
        Question("width", "Width of its pictures", (), str(sides[1]), why),
    ]
    variants = sorted({name for part in parts.values() for name in variants_of(part)})
    if len(variants) > 1:
        choices = tuple((name, name or "In full") for name in variants)
        asked.append(Question("variant", "Weights", choices, variants[0], "Several are there."))
    return tuple(asked)


def _unsupported(layout: Layout, latent: int) -> list[str]:
    """What the networks would need that is not offered here."""
    found = []
    for part in (layout.autoencoder, layout.denoiser):
        if part is None:
            continue
        place = part.folder / CONFIG
        takes, gives = whole(part, "in_channels", 3), whole(part, "out_channels", 3)
        if part.kind == DENOISER and layout.autoencoder is not None:
            if takes != latent:
                found.append(
                    f"{place}: the network denoises {takes} channels, and latents have {latent}; "
                    "choose another model."
                )
        elif takes not in (1, 3):
            found.append(
                f"{place}: the network takes {takes} channels, and pictures have 1 or 3; choose "
                "another model."
            )
        if gives != takes and not (part.kind == DENOISER and gives == 2 * takes):
            found.append(
                f"{place}: the network takes {takes} channels and gives {gives}; choose another "
                "model."
            )
        asks = part.config.get("class_embed_type") or part.config.get("num_class_embeds")
        if part.kind == DENOISER and asks:
            found.append(
                f"{place}: the network has to be asked for a class, which is not done here; choose "
                "one without “num_class_embeds”."
            )
    kind = (layout.schedule or {}).get("_class_name", "DDPMScheduler")
    if layout.denoiser is not None and kind not in SCHEDULERS:
        found.append(
            f"{layout.folder}: noise is added as by “{str(kind)[:60]}”, which is not done here; "
            "choose a model that was trained as DDPM is."
        )
    return found
