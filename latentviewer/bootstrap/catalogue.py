"""Names and paths to samples, spaces, models and data sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from latentviewer.bootstrap.importing import import_offer, open_import
from latentviewer.bundled import data_folder, models_folder, state_folder
from latentviewer.domain.errors import DataSetFoundError, UnsafeFileError, UserError

if TYPE_CHECKING:
    from latentviewer.app.services import ModelFound, Opened, Sample
    from latentviewer.domain.expression import Context
    from latentviewer.domain.importing import Offer
    from latentviewer.domain.ports import DataSet, Model, ModelCard
    from latentviewer.domain.space import Space

_SAMPLES = (
    (
        "mnist-vae",
        "MNIST digits",
        "10,000 handwritten digits in the 16 latent dimensions of a variational autoencoder.",
        "image vae",
        "mnist:test",
        "test-latents.arrow",
    ),
    (
        "mnist-ae",
        "MNIST, autoencoder",
        "The same digits by a plain autoencoder: 16 dimensions without a prior, and with holes.",
        "image autoencoder",
        "mnist:test",
        "test-latents.arrow",
    ),
    (
        "mnist-ldm",
        "MNIST, diffusion",
        "3,000 digits in the space of a diffusion model: ask for a digit, watch it form.",
        "image diffusion",
        "mnist:test",
        "test-latents.arrow",
    ),
    (
        "mnist-classifier",
        "MNIST, classified",
        "The same digits in the layers of a network that tells them apart.",
        "image classifier",
        "mnist:test",
        "test-latents.arrow",
    ),
    (
        "digits-vae",
        "Small digits",
        "1,797 handwritten digits of 8 × 8 pixels. Small, quick, and always complete.",
        "image vae",
        "digits",
        "latents.arrow",
    ),
    (
        "faces-vae",
        "Cartoon faces",
        "5,000 drawn faces with twelve known attributes, in the 32 dimensions of a VAE.",
        "image vae",
        "faces:test",
        "test-latents.arrow",
    ),
    (
        "faces-ae",
        "Faces, autoencoder",
        "The same faces by a plain autoencoder: 32 dimensions without a prior.",
        "image autoencoder",
        "faces:test",
        "test-latents.arrow",
    ),
    (
        "faces-gan",
        "Faces, GAN",
        "3,000 faces from the prior of a GAN, with its discriminator's score of each.",
        "image gan",
        "faces:train",
        "latents.arrow",
    ),
    (
        "faces-ldm",
        "Faces, diffusion",
        "2,500 of the same faces in the space of a diffusion model: noise that becomes a face.",
        "image diffusion",
        "faces:test",
        "test-latents.arrow",
    ),
    (
        "faces-classifier",
        "Faces, classified",
        "The same faces in the layers of a network that tells their attributes.",
        "image classifier",
        "faces:test",
        "test-latents.arrow",
    ),
    (
        "shapes-beta-vae",
        "Shapes, beta-VAE",
        "5,000 scenes of seven known factors. Which dimension stands for which?",
        "image vae",
        "shapes:test",
        "test-latents.arrow",
    ),
    (
        "bridge",
        "Vehicles on a bridge",
        "1,000 vehicles of which only the weight is seen. A mixture infers the type.",
        "gaussian mixture",
        "bridge",
        "latents.arrow",
    ),
)


# Said here as well as in the models' cards, which are not read to list the samples.
_WITHOUT_ENCODER = frozenset({"image gan", "gaussian mixture"})


def samples() -> tuple[Sample, ...]:
    """The spaces that come with the program."""
    from latentviewer.app.services import Sample

    found = []
    for name, title, description, kind, data, file in _SAMPLES:
        space = models_folder() / name / file
        encodes = kind not in _WITHOUT_ENCODER
        found.append(
            Sample(name, title, description, kind, name, data, space, space.is_file(), encodes)
        )
    return tuple(found)


def settings_file() -> Path:
    """Where the settings lie."""
    return state_folder() / "settings.json"


def data_folders() -> tuple[Path, ...]:
    """Folders the user named for data sets, then the standard one."""
    from latentviewer.app.settings import settings_from_json
    from latentviewer.io.settings import load_settings

    values, _sentence = load_settings(settings_file(), keep_aside=False)
    named = settings_from_json(values).data_folders
    return (*(Path(folder) for folder in named), data_folder())


def open_reference(reference: str) -> Opened | ModelFound:
    """A sample's name, or a path of a space, a table of vectors, or a project.

    After a path, `#NAME` says which vectors are meant where a file holds several.

    Raises:
        UserError: it is not there, or cannot be read; the sentence says why.
        UnsafeFileError: opening it could run code.
    """
    from latentviewer.app.services import ModelFound, Opened
    from latentviewer.domain.space import LEFT_OUT, NOTES
    from latentviewer.io.content import folder_kind, place_and_pick
    from latentviewer.io.projects import is_project, read_project
    from latentviewer.io.spaces import is_vectors, open_space
    from latentviewer.io.within import check_within

    for sample in samples():
        if sample.name == reference:
            space = dataclasses.replace(open_space(sample.space), name=sample.title)
            return Opened(space, None, None)
    path, pick = place_and_pick(reference)
    if _is_bare(reference) and not path.exists():
        raise UserError(
            f"There is no “{reference}”: no file of that name is here, and the bundled samples "
            f"are {_listed(sample.name for sample in samples())}."
        )
    if pick is None and (offer := model_offer(path)) is not None:
        return ModelFound(str(path.absolute()), None, offer)
    if path.is_dir() and folder_kind(path) is None:
        inside = sorted(path.glob("*.arrow"))
        if len(inside) == 1:
            check_within(inside[0], path)
            path = inside[0]
        elif (path / "config.json").is_file():
            return ModelFound(str(path), model_card(str(path)).data)
        elif _is_data_set(path):
            raise _encode_it(path)
        else:
            raise UserError(f"{path} is a folder without a space; open one of the files in it.")
    if path.is_file() and is_project(path):
        session, space = read_project(path)
        return Opened(space, session, path)
    if pick is None and not is_vectors(path) and _is_data_set(path):
        raise _encode_it(path)
    space = open_space(path, pick)
    extra = space.provenance.extra
    return Opened(space, None, None, (*extra.get(LEFT_OUT, ()), *extra.get(NOTES, ())))


def _is_data_set(path: Path) -> bool:
    from latentviewer.io.idx_folders import pairs_in
    from latentviewer.io.image_places import image_format

    try:
        return (path.is_dir() and bool(pairs_in(path))) or image_format(path) is not None
    except UserError:
        return False  # opening it as vectors says what is wrong


def _encode_it(path: Path) -> DataSetFoundError:
    return DataSetFoundError(
        f"{path} is a data set; choose Encode data set with model from the palette, or say "
        f"“latentviewer encode MODEL {path} -o SPACE.arrow”.",
        str(path.absolute()),
    )


def model_offer(path: Path) -> Offer | None:
    """What a model of another program is; None for anything else.

    Vectors are kept in safetensors files as well; what reads as a network is none of them.
    """
    from latentviewer.io.content import content_kind
    from latentviewer.io.projects import is_project
    from latentviewer.io.spaces import is_vectors

    if not path.is_file():
        return import_offer(path)
    vectors = is_vectors(path)
    if is_project(path) or (vectors and content_kind(path) != "safetensors"):
        return None
    offer = import_offer(path)
    return None if offer is not None and offer.missing and vectors else offer


def find_space(reference: str) -> Space:
    """The space of a sample's name or a path."""
    return _opened(reference).space


def _opened(reference: str) -> Opened:
    from latentviewer.app.services import Opened

    found = open_reference(reference)
    if isinstance(found, Opened):
        return found
    if found.offer is not None and found.offer.danger is not None:
        raise UnsafeFileError(found.offer.danger)
    raise UserError(
        f"{reference} is a model without latents; encode a data set with it first: "
        f"latentviewer encode {reference} DATA -o SPACE.arrow."
    )


def find_context(reference: str) -> Context:
    """What an expression can name: the space, and a project's groups and kept latents."""
    from latentviewer.app.naming import context_of
    from latentviewer.app.projects import session_from_json
    from latentviewer.domain.expression import Context

    opened = _opened(reference)
    if opened.session is None:
        return Context(opened.space, {}, {})
    state = session_from_json(opened.session, opened.space, reference)
    return context_of(opened.space, state)


def model_folder(reference: str) -> Path:
    """The folder of a bundled model's name, or the path itself.

    A bare name means the bundled model even where a folder of that name is here; that one is
    meant by `./name`.

    Raises:
        UserError: a bare name that is neither.
    """
    bundled = bundled_models()
    if reference in bundled:
        return models_folder() / reference
    path = Path(reference).expanduser()
    if _is_bare(reference) and not path.exists():
        raise UserError(
            f"There is no model “{reference}”: no folder of that name is here, and the bundled "
            f"models are {_listed(bundled)}."
        )
    return path


def bundled_models() -> tuple[str, ...]:
    """Names of the models that come with the program."""
    return tuple(sorted(config.parent.name for config in models_folder().glob("*/config.json")))


def _is_bare(reference: str) -> bool:
    """Whether it reads as a name, not as a path."""
    return not Path(reference).suffix and not any(mark in reference for mark in "/\\~")


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def open_model(reference: str) -> Model:
    """A model by bundled name, folder, or file of another program.

    Raises:
        UserError, UnsafeFileError: it is not there, broken, or could run code.
    """
    from latentviewer.engine.devices import leave_a_core_to_the_window
    from latentviewer.engine.loading import open_model as load

    leave_a_core_to_the_window()
    path = model_folder(reference)
    return open_import(path) or load(path)


def model_card(reference: str) -> ModelCard:
    """What is known of a model; one of another program has to be opened for that."""
    from latentviewer.engine.loading import model_card as read

    path = model_folder(reference)
    imported = open_import(path)
    return read(path) if imported is None else imported.card


def open_data(reference: str, folder: Path | None = None) -> DataSet:
    """A data set by name or folder; looks in `folder`, then where the user said, then in
    the standard place.

    Raises:
        DataNotHereError: it is in none of them.
    """
    from latentviewer.io.datasets import open_data as load

    return load(reference, [folder] if folder is not None else list(data_folders()))
