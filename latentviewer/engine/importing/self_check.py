"""Whether an imported model does what its offer says, tried on real samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Check
from latentviewer.domain.ports import Capability, Images, Model
from latentviewer.domain.space import Latents
from latentviewer.engine.devices import list_devices

_SAME = 1e-4  # relative to the spread of what is compared: more than rounding makes
_DRAWN = 8


@dataclass(frozen=True, eq=False)
class SelfCheck:
    """What a check gave.

    Attributes:
        checks: one line for each thing that was looked at.
        decoded: (b, h, w, c) pictures of the samples, or of draws from the prior where the
            model does not encode; None where it does not decode.
    """

    checks: tuple[Check, ...]
    decoded: Images | None


def self_check(
    model: Model, images: Images | None, elsewhere: Callable[[str], Model] | None = None
) -> SelfCheck:
    """Encodes and decodes a few samples and compares.

    Args:
        images: (b, h, w, c) float32 in 0..1 of the model's shape, two or more; None where there
            are none, and then only what needs none is tried.
        elsewhere: opens the same model on another device.

    Raises:
        UserError: the model refuses what its own offer says it takes.
    """
    can = model.card.capabilities
    checks: list[Check] = []
    latents: Latents | None = None
    if Capability.ENCODE in can and images is not None:
        posterior = model.encode(images)
        latents = posterior.mean
        checks.append(_shape("Latents", latents, (len(images), model.card.latent_dim)))
        checks.append(_finite("Latents", latents))
        checks.append(_varied(latents))
        if posterior.std is not None:
            checks.append(_spread(posterior.std))
        alone = np.concatenate([model.encode(image[None]).mean for image in images])
        checks.append(_same("Encoding", latents, model.encode(images).mean, alone))
    elif Capability.ENCODE in can:
        checks.append(Check("Encoding", None, "Not tried: no data set to try it on was named."))
    decoded: Images | None = None
    if Capability.DECODE in can:
        from_data = latents is not None and bool(np.isfinite(latents).all())
        tried = latents if from_data and latents is not None else _drawn(model)
        decoded = model.decode(tried)
        shape = model.card.image
        wanted = (len(tried), shape.height, shape.width, shape.channels)
        checks.append(_shape("Pictures", decoded, wanted))
        checks.append(_finite("Pictures", decoded))
        alone = np.concatenate([model.decode(z[None]) for z in tried])
        checks.append(_same("Decoding", decoded, model.decode(tried), alone))
        if from_data and images is not None:
            checks.append(_round_trip(images, decoded))
        checks.append(_agreement(decoded, tried, elsewhere))
    return SelfCheck(tuple(checks), decoded)


def _drawn(model: Model) -> Latents:
    if Capability.SAMPLE in model.card.capabilities:
        return model.sample(_DRAWN, 0)
    shape = (_DRAWN, model.card.latent_dim)
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _shape(name: str, array: NDArray[np.float32], wanted: tuple[int, ...]) -> Check:
    sizes = " x ".join(str(side) for side in array.shape[1:])
    if array.shape == wanted:
        return Check(f"{name}: shape", True, f"{sizes}, for each of {len(array)}.")
    said = " x ".join(str(side) for side in wanted[1:])
    return Check(f"{name}: shape", False, f"{sizes} came where {said} was to be expected.")


def _finite(name: str, array: NDArray[np.float32]) -> Check:
    bad = int((~np.isfinite(array)).sum())
    if bad:
        text = f"{bad:,} of {array.size:,} values are not finite numbers."
        return Check(f"{name}: finite", False, text)
    low, high = float(array.min()), float(array.max())
    return Check(f"{name}: finite", True, f"All values are finite, from {low:.3g} to {high:.3g}.")


def _varied(latents: Latents) -> Check:
    std = latents.astype(np.float64).std(axis=0)
    still = int((std < 1e-6 * max(float(np.abs(latents).max()), 1e-12)).sum())
    d = latents.shape[1]
    name = "Latents: differ between samples"
    if still == d:
        return Check(name, False, "All samples have the same latent.")
    moving = f"{d - still} of {d} dimensions differ between the samples tried"
    return Check(name, True, f"{moving}; their deviation is {float(np.median(std)):.3g}.")


def _spread(std: Latents) -> Check:
    low, high = float(std.min()), float(std.max())
    good = bool(np.isfinite(std).all()) and low > 0 and high < 1e3
    text = f"Standard deviations from {low:.3g} to {high:.3g}"
    if good:
        return Check("Posterior: spread", True, f"{text}.")
    return Check("Posterior: spread", False, f"{text}; is the second output a log variance?")


def _same(
    name: str, first: NDArray[np.float32], again: NDArray[np.float32], alone: NDArray[np.float32]
) -> Check:
    """Whether it answers alike twice, and in a batch as alone."""
    scale = max(float(np.nanstd(first.astype(np.float64))), 1e-12)
    twice = _largest(first, again) / scale
    batched = _largest(first, alone) / scale
    if not twice <= _SAME:
        text = f"Asked twice, it answers differently, by {twice:.2g} of the spread."
        return Check(f"{name}: same answer twice", False, text)
    if not batched <= _SAME:
        text = (
            f"In a batch it answers differently than alone, by {batched:.2g} of the spread; batch "
            "normalisation may be in training mode."
        )
        return Check(f"{name}: same answer twice", False, text)
    return Check(f"{name}: same answer twice", True, "Twice, and in a batch as alone.")


def _largest(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    if a.shape != b.shape:
        return float("inf")
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0))


def _round_trip(images: Images, decoded: Images) -> Check:
    name = "Round trip"
    if decoded.shape != images.shape:
        return Check(name, False, "The pictures have another shape than the images.")
    error = float(np.square(decoded.astype(np.float64) - images).mean())
    mean = images.mean(axis=0, keepdims=True, dtype=np.float64)
    guess = float(np.square(mean - images).mean())
    compared = f"Mean squared error {error:.4f}; the mean image would have {guess:.4f}"
    if error < guess:
        return Check(name, True, f"{compared}.")
    return Check(name, False, f"{compared}: check what values and colours it takes and gives.")


def _agreement(
    decoded: Images, latents: Latents, elsewhere: Callable[[str], Model] | None
) -> Check:
    name = "Accelerator"
    others = [device for device in list_devices() if device.name != "cpu"]
    if not others or elsewhere is None:
        return Check(name, None, "There is none on this machine to compare with.")
    try:
        difference = _largest(decoded, elsewhere(others[0].name).decode(latents))
    except UserError as error:
        return Check(name, False, str(error))
    good = difference <= 1e-2
    return Check(
        name, good, f"{others[0].title} differs from the processor by at most {difference:.2g}."
    )
