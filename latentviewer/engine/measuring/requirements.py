"""What a model and a data set need so that something can be measured; said before any work."""

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, ImageShape, ModelCard

_VERBS = {
    Capability.ENCODE: "encode",
    Capability.DECODE: "decode",
    Capability.SAMPLE: "draw samples from a prior",
    Capability.CLASSIFY: "classify",
    Capability.DENOISE: "denoise",
}


def need_capabilities(card: ModelCard, *capabilities: Capability) -> None:
    """Refuses a model that lacks one of them.

    Raises:
        UserError: it names the first that is lacking.
    """
    for capability in capabilities:
        if capability not in card.capabilities:
            raise UserError(f"{card.name} cannot {_VERBS[capability]}; choose a model that can.")


def need_samples(data: DataSet, least: int = 1) -> None:
    """Refuses a data set that is empty or too small.

    Raises:
        UserError: fewer than `least` samples.
    """
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so nothing can be measured on it.")
    if len(data) < least:
        raise UserError(
            f"{data.name} holds {len(data)} of the {least} samples or more that are needed; "
            "choose a larger data set."
        )


def need_images(card: ModelCard, image: ImageShape, source: str) -> None:
    """Refuses images that are not of the model's shape.

    Args:
        source: where they come from, by name.

    Raises:
        UserError: both shapes are named.
    """
    if image != card.image:
        raise UserError(
            f"{card.name} takes images of {_said(card.image)}, those of {source} have "
            f"{_said(image)}; choose two that fit each other."
        )


def _said(image: ImageShape) -> str:
    plural = "" if image.channels == 1 else "s"
    return f"{image.height} x {image.width} pixels and {image.channels} channel{plural}"
