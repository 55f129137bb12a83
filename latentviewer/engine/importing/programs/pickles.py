"""Pickles of whole modules, whose classes are the author's own.

Unpickling runs what the file names, so that it is only done once the file is trusted. Until then
its pickle is read without making or importing anything, to say what it names.
"""

import io
import mmap
import pickle
import pickletools
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Model
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.programs.network import WRITE_ADAPTER, said
from latentviewer.engine.importing.programs.offered import OFFERED
from latentviewer.engine.importing.programs.parts import calls_of, described, hints_of
from latentviewer.engine.importing.programs.questions import (
    capabilities_of,
    image_of,
    latent_dim_of,
    questions_on,
    role_of,
)
from latentviewer.engine.importing.programs.trial import connect
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.content import content_kind
from latentviewer.io.failures import cannot_read

_FORMAT = "pickled module"
_LARGEST_PICKLE_BYTES = 64 << 20
_ZIP, _OLD = b"PK\x03\x04", pickle.dumps(0x1950A86A20F9469CFC6C, 2)  # how torch's files begin
_OLD_PICKLES = 5  # one after another, and then the numbers
_USUAL = ("torch.", "collections.", "numpy.", "builtins.set", "copyreg._reconstructor")
_SHOWN, _LONGEST_NAME = 4, 200
_MOST_INSTRUCTIONS = 2_000_000
_KEPT_UNDER = ("model", "net", "network", "module", "generator")


def _recognises(path: Path) -> bool:
    try:
        return path.is_file() and content_kind(path) == "pickle"
    except (UserError, OSError):
        return False


def _offer(path: Path, answers: Answers) -> Offer:
    digest = OFFERED.hashed(path)
    names = _names(path)
    foreign = [name for name in names if not name.startswith(_USUAL)]
    shown = foreign or names
    listed = ", ".join(f"“{name[:80]}”" for name in shown[:_SHOWN])
    more = f" and {len(shown) - _SHOWN:,} more" if len(shown) > _SHOWN else ""
    named = f"{listed}{more}" if shown else "nothing by name"
    danger = (
        f"{path} is a Python pickle that asks for {named}, and opening it runs whatever it names; "
        "open it only if you trust where it comes from."
    )
    role = role_of(path, answers)
    return Offer(
        path=str(path),
        format=_FORMAT,
        file_hash=digest,
        found=(
            f"A pickle that asks for {named}.",
            "The code of those classes is not in the file and has to be installed; trust in the "
            "file does not cover it.",
        ),
        capabilities=capabilities_of(role),
        latent_dim=latent_dim_of(str(path), answers) if role == "decoder" else None,
        image=image_of(answers),
        questions=questions_on(path, answers),
        danger=danger,
    )


def _open(path: Path, answers: Answers, device: str) -> Model:
    content, digest = OFFERED.content(path)
    net = _module_in(_unpickled(path, content), path)
    modules = list(net.values()) if isinstance(net, dict) else [net]
    state: dict[str, Tensor] = {}
    for index, module in enumerate(modules):
        module.float().to(device).eval().requires_grad_(False)
        state |= {f"{index}.{key}": tensor for key, tensor in module.state_dict().items()}
    calls = calls_of(net, role_of(path, answers), path)
    card = described(path, _FORMAT, digest, state)
    hints = hints_of(net, calls, latent_dim_of(str(path), answers))
    return connect(card, calls, answers, hints, device)


def _unpickled(path: Path, content: bytes) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, that the source of a class has changed
            if content.startswith((_ZIP, _OLD)):
                return torch.load(io.BytesIO(content), map_location="cpu", weights_only=False)
            return pickle.loads(content)
    except ModuleNotFoundError as error:
        raise UserError(
            f"{path} needs the Python module “{error.name}”, which is not installed; install it, "
            f"or {WRITE_ADAPTER} beside the model's own source."
        ) from error
    except AttributeError as error:
        raise UserError(
            f"{path} needs a class that is not where it was ({said(error)}); "
            f"{WRITE_ADAPTER} that defines it and loads the weights."
        ) from error
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{path} could not be unpickled ({said(error)}); it is damaged or was made with other "
            "versions: save it again, or its state dict as safetensors."
        ) from error


def _module_in(value: Any, path: Path) -> Any:
    """The module, or a dictionary of an encoder and a decoder."""
    if isinstance(value, nn.Module):
        return value
    if isinstance(value, dict):
        parts = {key: part for key, part in value.items() if isinstance(part, nn.Module)}
        if any(key in parts for key in ("encoder", "decoder", "encode", "decode")):
            return parts
        kept = [parts[key] for key in _KEPT_UNDER if key in parts] or list(parts.values())
        if kept:
            return kept[0]
        if any(isinstance(part, Tensor) for part in value.values()):
            raise UserError(
                f"{path} holds weights and no network to put them in; {WRITE_ADAPTER} that "
                "builds the network and loads them."
            )
    raise UserError(
        f"{path} holds a {type(value).__name__} and no module of PyTorch's; "
        f"{WRITE_ADAPTER} that says how it is called."
    )


def _names(path: Path) -> list[str]:
    """The classes and functions that the file's pickles name; the author's own first."""
    try:
        with path.open("rb") as file:
            found = _named_in_zip(path) if file.read(2) == b"PK" else _named_in_file(file)
    except ZIP_DAMAGE as error:  # pickletools says ValueError of a damaged instruction
        raise UserError(f"{path} is damaged ({said(error)}); copy or download it again.") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    return sorted(found, key=lambda name: (name.startswith(_USUAL), name))


def _named_in_zip(path: Path) -> set[str]:
    found: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for entry in checked_entries(archive, path):
            if not entry.filename.endswith("data.pkl"):
                continue
            if entry.file_size > _LARGEST_PICKLE_BYTES:
                raise UserError(
                    f"{path}: its pickle has {entry.file_size:,} bytes, too many for a module; "
                    "save its state dict as safetensors."
                )
            found |= _named_in(io.BytesIO(archive.read(entry)))
    return found


def _named_in_file(file: BinaryIO) -> set[str]:
    # Mapped, as a read of it never takes more memory than there are bytes, whatever is claimed.
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
        count = _OLD_PICKLES if stream[: len(_OLD)] == _OLD else 1
        return {name for _ in range(count) for name in _named_in(stream)}


def _named_in(stream: Any) -> set[str]:
    """What the next pickle names, told by its instructions; none of them is followed.

    https://docs.python.org/3/library/pickletools.html
    """
    names: set[str] = set()
    texts = ["?", "?"]
    memo: dict[Any, str] = {}
    for count, (instruction, argument, _place) in enumerate(pickletools.genops(stream)):
        name = instruction.name
        if name in ("GLOBAL", "INST"):
            names.add(str(argument).replace(" ", "."))
        elif name == "STACK_GLOBAL":
            names.add(".".join(texts))
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"):
            memo[len(memo) if name == "MEMOIZE" else argument] = texts[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            texts = [texts[-1], memo.get(argument, "?")]
        elif isinstance(argument, str):
            texts = [texts[-1], argument[:_LONGEST_NAME]]
        if count > _MOST_INSTRUCTIONS:
            raise ValueError(f"it has more than {_MOST_INSTRUCTIONS:,} instructions")
    return names


TRUSTED_PICKLE = Importer(_recognises, _offer, _open)
"""Of any pickle that is not opened without trust; comes after the importers of those that are."""
