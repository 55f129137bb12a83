"""Folders of diffusers: autoencoders, and unconditional diffusion in pixels or latents.

The networks are diffusers' own, from a fixed list of classes, with the settings of their
config.json; nothing is downloaded and no code of the folder is run.
"""

from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Capability, Model, ModelCard
from latentviewer.engine.importing.diffusers_folder import denoising
from latentviewer.engine.importing.diffusers_folder.building import MEND, networks
from latentviewer.engine.importing.diffusers_folder.config import (
    CONFIG,
    PIPELINE,
    SCHEDULE,
    Component,
    folder_of,
    layout_in,
)
from latentviewer.engine.importing.diffusers_folder.models import (
    FAMILY,
    DiffusersAutoencoder,
    capabilities_of,
    scaling_of,
)
from latentviewer.engine.importing.diffusers_folder.reading import Reading, read_folder
from latentviewer.engine.importing.diffusers_folder.weights import hash_of, headers_of
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.weights import parameter_count


def _recognises(path: Path) -> bool:
    """Whether it is a folder with one of the known networks, or a file in it that says so."""
    try:
        folder = folder_of(path)
        return layout_in(folder) is not None
    except OSError:
        return False
    except UserError:
        # A damaged pipeline is one all the same, and its offer says what is wrong with it.
        return (folder / PIPELINE).is_file()


def _offer(path: Path, answers: Answers) -> Offer:
    reading = read_folder(path, answers)
    c, h, w = reading.spatial
    return Offer(
        path=str(path),
        format=FAMILY,
        file_hash=hash_of(reading.parts, reading.weights),
        found=_found(reading),
        capabilities=_capabilities(reading),
        latent_dim=c * h * w,
        image=reading.image,
        questions=reading.questions,
        missing=reading.missing,
    )


def _open(path: Path, answers: Answers, device: str) -> Model:
    reading = read_folder(path, answers)
    if reading.missing:
        raise UserError(reading.missing[0])
    if reading.image.height % reading.step or reading.image.width % reading.step:
        raise UserError(
            f"{path} takes pictures whose sides are multiples of {reading.step}, and not "
            f"{reading.image.height} x {reading.image.width}; answer height and width so."
        )
    nets = networks(path, reading)
    c, h, w = reading.spatial
    card = ModelCard(
        name=reading.layout.folder.name,
        path=str(reading.layout.folder),
        family=FAMILY,
        latent_dim=c * h * w,
        image=reading.image,
        capabilities=_capabilities(reading),
        data=None,
        weights_hash=hash_of(reading.parts, reading.weights),
        parameters=_parameters(reading),
        figures={},
    )
    autoencoder = None
    if "autoencoder" in nets:
        net = nets["autoencoder"]
        try:
            scaling = scaling_of(net.config, c)
        except ValueError as error:
            place = reading.parts["autoencoder"].folder / CONFIG
            raise UserError(f"{place}: {error}; {MEND}.") from error
        autoencoder = DiffusersAutoencoder(net, card, reading.spatial, scaling, device)
    if "denoiser" not in nets:
        assert autoencoder is not None, "there is one of the two"
        return autoencoder
    try:
        schedule = denoising.schedule_of(reading.layout.schedule or {})
    except ValueError as error:
        raise UserError(
            f"{reading.layout.folder}: in {SCHEDULE}, {error}; take the one that belongs to the "
            "weights."
        ) from error
    return denoising.DiffusersDenoiser(
        nets["denoiser"], card, reading.spatial, schedule, autoencoder, device
    )


def _found(reading: Reading) -> tuple[str, ...]:
    layout = reading.layout
    kinds = " and ".join(part.kind for part in reading.parts.values())
    of = f", of a {layout.pipeline}" if layout.pipeline else ""
    c, h, w = reading.spatial
    found = [
        f"{kinds} of diffusers{of}, with {_parameters(reading):,} weights.",
        f"A latent has {c} x {h} x {w} numbers, laid out flat.",
    ]
    if layout.autoencoder is not None:
        found.append(_scaling(layout.autoencoder))
    if layout.denoiser is not None and layout.schedule is None:
        found.append(f"There is no {SCHEDULE}; noise is taken to be added as in DDPM.")
    if layout.unused:
        found.append(f"Not used: {', '.join(layout.unused)[:200]}.")
    return tuple(found)


def _scaling(part: Component) -> str:
    names = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")
    told = [f"{name} {str(part.config[name])[:60]}" for name in names if part.config.get(name)]
    if not told:
        return "Latents are scaled as is usual for its class."
    return f"Latents are brought to the scale of a diffusion, by {' and '.join(told)}."


def _capabilities(reading: Reading) -> frozenset[Capability]:
    if reading.layout.denoiser is not None:
        return denoising.CAPABILITIES
    return capabilities_of(reading.parts["autoencoder"].kind)


def _parameters(reading: Reading) -> int:
    there = [part for part in reading.weights.values() if part.missing is None]
    return sum(parameter_count(headers_of(part)) for part in there)


DIFFUSERS_FOLDER = Importer(_recognises, _offer, _open)
"""Of `save_pretrained`, whole pipelines or one network."""
