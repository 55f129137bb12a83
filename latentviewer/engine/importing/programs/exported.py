"""TorchScript files and exported programs: networks that come with code of their own.

Neither is loaded before it is trusted; until then only the names in the zip file are read.
The formats: https://docs.pytorch.org/docs/stable/jit.html and
https://docs.pytorch.org/docs/stable/export/pt2_archive.html
"""

import dataclasses
import io
import logging
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Model
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.programs.network import Calls, said
from latentviewer.engine.importing.programs.offered import OFFERED
from latentviewer.engine.importing.programs.parts import calls_of, described, hints_of
from latentviewer.engine.importing.programs.questions import (
    Role,
    capabilities_of,
    image_of,
    latent_dim_of,
    questions_on,
    role_of,
)
from latentviewer.engine.importing.programs.trial import Hints, connect
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.content import content_kind
from latentviewer.io.failures import cannot_read

_SCRIPT, _EXPORTED = "torchscript", "exported program"
_LARGEST_BYTES, _LARGEST_RATIO = 64 << 30, 1000  # code and zeros shrink well
_PAIR = ("encoder", "decoder")


def _is_script(path: Path) -> bool:
    try:
        return path.is_file() and content_kind(path) == "torchscript"
    except (UserError, OSError):
        return False


def _is_exported(path: Path) -> bool:
    try:
        if not path.is_file() or content_kind(path) not in ("zip", "pickle", "npz"):
            return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (UserError, OSError, *ZIP_DAMAGE):
        return False
    ends = {name.rpartition("/")[2] for name in names}
    return "archive_format" in ends or "serialized_exported_program.json" in ends


def _script_offer(path: Path, answers: Answers) -> Offer:
    names = _names(path)
    code = [name for name in names if "/code/" in name and name.endswith(".py")]
    if not code:
        raise UserError(f"{path} is a TorchScript file without code; export the model again.")
    danger = (
        f"{path} is a TorchScript file, a program: {_counted(code, 'file')} of code in it, such as "
        f"“{code[0][:100]}”, would run when it is opened and used; open it only if you trust where "
        "it comes from."
    )
    return _offer(
        path, answers, _SCRIPT, f"TorchScript with {_counted(code, 'file')} of code.", danger
    )


def _exported_offer(path: Path, answers: Answers) -> Offer:
    names = _names(path)
    models = _models_in(names)
    compiled = [name for name in names if "/aotinductor/" in f"/{name}"]
    missing: tuple[str, ...] = ()
    if compiled and not models:
        missing = (
            f"It holds machine code for one kind of machine (“{compiled[0][:100]}”) and no graph, "
            "which is not run here; save the model with torch.export.save.",
        )
    elif not models:
        missing = ("It holds no graph under models/; save the model with torch.export.save.",)
    elif len(models) > 1 and not set(_PAIR) <= set(models):
        missing = (
            f"It holds {len(models)} graphs, {', '.join(models)[:100]}; name two of them encoder "
            "and decoder, or save one alone.",
        )
    danger = (
        f"{path} is an exported PyTorch program: its graphs ({', '.join(models)[:100] or 'none'}) "
        "are code, and what torch.export.load reads beside them are pickles, which can run "
        "anything; open it only if you trust where it comes from."
    )
    found = f"An exported program, with the graphs {', '.join(models)[:100] or 'of none'}."
    return _offer(path, answers, _EXPORTED, found, danger, missing)


def _offer(
    path: Path,
    answers: Answers,
    kind: str,
    found: str,
    danger: str,
    missing: tuple[str, ...] = (),
) -> Offer:
    role = role_of(path, answers)
    later = "What it takes and gives is tried when it is opened; the answers say how."
    return Offer(
        path=str(path),
        format=kind,
        file_hash=OFFERED.hashed(path),
        found=(found, later),
        capabilities=capabilities_of(role),
        latent_dim=latent_dim_of(str(path), answers) if role == "decoder" else None,
        image=image_of(answers),
        questions=questions_on(path, answers),
        danger=danger,
        missing=missing,
    )


def _open_script(path: Path, answers: Answers, device: str) -> Model:
    content, digest = OFFERED.content(path)
    with _sentence(path, "a TorchScript file"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, on torch.jit
        net: Any = torch.jit.load(io.BytesIO(content), map_location=device)  # type: ignore[no-untyped-call]
        net = net.float().eval()
    calls = calls_of(net, role_of(path, answers), path)
    card = described(path, _SCRIPT, digest, net.state_dict())
    dim = latent_dim_of(str(path), answers)
    return connect(card, calls, answers, hints_of(net, calls, dim), device)


def _open_exported(path: Path, answers: Answers, device: str) -> Model:
    content, digest = OFFERED.content(path)
    models = _models_in(_names(path))
    with _sentence(path, "an exported program"):
        programs = _programs(content, models)
        loaded = {name: program.module().to(device) for name, program in programs.items()}
    state = {
        f"{name}.{key}": tensor
        for name, program in programs.items()
        for key, tensor in program.state_dict.items()
    }
    card = described(path, _EXPORTED, digest, state)
    if set(_PAIR) <= set(loaded):
        calls = Calls(loaded["encoder"], loaded["decoder"])
        hints = _signature(path, programs["encoder"], "encoder")
        other = _signature(path, programs["decoder"], "decoder")
        if hints.batch and other.batch and hints.batch != other.batch:
            raise UserError(
                f"{path}: its encoder takes {hints.batch} at once and its decoder {other.batch}; "
                "export both with the same size of a batch, or with any."
            )
        hints = dataclasses.replace(hints, batch=hints.batch or other.batch)
        return connect(card, calls, answers, hints, device)
    (name, net), role = next(iter(loaded.items())), role_of(path, answers)
    calls = {
        "encoder": Calls(net, None),
        "decoder": Calls(None, net),
        "autoencoder": Calls(net, None, rebuilds=True),
    }[role]
    return connect(card, calls, answers, _signature(path, programs[name], role), device)


def _programs(content: bytes, models: list[str]) -> dict[str, Any]:
    """The exported programs by name."""
    if len(models) == 1:
        return {models[0]: torch.export.load(io.BytesIO(content))}
    # Of several, torch.export.load gives only the one called “model”.
    from torch.export.pt2_archive._package import load_pt2

    programs = load_pt2(io.BytesIO(content)).exported_programs
    return {name: programs[name] for name in _PAIR}


def _signature(path: Path, program: Any, role: Role) -> Hints:
    """What the graph says of the one array that it takes."""
    wanted = program.graph_signature.user_inputs
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    taken = [values.get(name) for name in wanted]
    if len(taken) != 1 or not isinstance(taken[0], Tensor) or taken[0].ndim < 2:
        raise UserError(
            f"{path}: its graph takes {len(taken)} inputs ({', '.join(map(str, wanted))[:100]}), "
            "and only graphs of one array with a row for each sample are called; export it so."
        )
    if not taken[0].dtype.is_floating_point:
        raise UserError(
            f"{path}: its graph takes numbers of type {taken[0].dtype}, and pictures and latents "
            "are given as floating-point ones; export it so."
        )
    batch, *rest = taken[0].shape
    shape = tuple(side if isinstance(side, int) else 0 for side in rest)
    known = 0 not in shape
    return Hints(
        picture=shape if known and role != "decoder" else None,
        latents=(shape,) if known and role == "decoder" else (),
        batch=batch if isinstance(batch, int) else None,
        dtype=taken[0].dtype,
    )


def _names(path: Path) -> list[str]:
    """The files in the zip, after they were found harmless."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = checked_entries(archive, path, _LARGEST_BYTES, _LARGEST_RATIO)
    except ZIP_DAMAGE as error:
        raise UserError(f"{path} is damaged ({said(error)}); copy or download it again.") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    return [entry.filename for entry in entries]


def _models_in(names: list[str]) -> list[str]:
    """The names of the graphs; `model` for the one in a file of before torch 2.8."""
    found = [
        name.rpartition("models/")[2].removesuffix(".json")
        for name in names
        if "/models/" in f"/{name}" and name.endswith(".json")
    ]
    if any(name.endswith("serialized_exported_program.json") for name in names):
        found.append("model")
    return found


def _counted(things: list[str], word: str) -> str:
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"


@contextmanager
def _sentence(path: Path, kind: str) -> Iterator[None]:
    """Turns whatever loading raises, or logs in place of raising it, into one sentence."""
    heard: list[str] = []
    with _overheard(logging.getLogger("torch.export"), heard.append):
        try:
            yield
        except (Exception, SystemExit) as error:
            reason = heard[0] if heard else said(error)
            raise UserError(
                f"{path} could not be loaded as {kind} ({reason}); it is damaged, or of another "
                f"version of torch than {torch.__version__}: export it again."
            ) from error


@contextmanager
def _overheard(logger: logging.Logger, hear: Callable[[str], object]) -> Iterator[None]:
    """Keeps a library's log from the terminal; passes on what its errors say."""

    def listen(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            hear(said(record.exc_info[1]))
        return False

    logger.addFilter(listen)
    try:
        yield
    finally:
        logger.removeFilter(listen)


TORCHSCRIPT = Importer(_is_script, _script_offer, _open_script)
"""Of `torch.jit.save`."""

EXPORTED_PROGRAM = Importer(_is_exported, _exported_offer, _open_exported)
"""Of `torch.export.save`, and pairs of graphs called encoder and decoder in one file."""
