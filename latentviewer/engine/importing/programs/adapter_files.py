"""Adapter files: a few Python functions that say how a model is called.

The way in for every model that no importer knows. The file is parsed to say what is in it, and
executed only once it is trusted; `new_adapter` writes one that works, to be changed.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.programs.adapted_model import AdaptedModel
from latentviewer.engine.importing.programs.adapter_template import TEMPLATE
from latentviewer.engine.importing.programs.offered import OFFERED
from latentviewer.io.failures import cannot_read, cannot_write, check_regular, first_line

_LARGEST_BYTES = 1_000_000
_FUNCTIONS = {
    "encode": Capability.ENCODE,
    "decode": Capability.DECODE,
    "sample": Capability.SAMPLE,
}


def new_adapter(path: Path) -> Path:
    """Writes an adapter file that works as it is, to be changed; returns its path.

    Args:
        path: with the ending .py, which is added where there is none.

    Raises:
        UserError: there is a file already, it has another ending, or it cannot be written.
    """
    path = path.absolute()
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file in it, such as adapter.py.")
    if not path.suffix:
        path = path.with_suffix(".py")
    if path.suffix.lower() != ".py":
        raise UserError(f"{path} does not end in .py, as an adapter file must; name it so.")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        raise UserError(
            f"{path} is there already and is not written over; name another file."
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


@dataclass(frozen=True)
class _Outline:
    """What an adapter's source defines, without running it."""

    functions: frozenset[str]
    image: ImageShape | None
    latent_dim: int | None
    spread: bool  # whether encode returns a pair somewhere
    imports: tuple[str, ...]


def _recognises(path: Path) -> bool:
    """Whether it defines encode or decode at its top, or breaks the rules of Python."""
    if path.suffix.lower() != ".py":
        return False
    try:
        source = _source(path)
    except UserError:
        return False
    try:
        functions = _outline(path, source).functions
    except UserError:
        return b"def encode" in source or b"def decode" in source
    return bool(functions & {"encode", "decode"})


def _offer(path: Path, answers: Answers) -> Offer:
    _check_size(path)
    source, digest = OFFERED.read(path)
    outline = _outline(path, source)
    capabilities = {_FUNCTIONS[name] for name in outline.functions}
    if outline.spread:
        capabilities.add(Capability.POSTERIOR)
    missing = []
    if not outline.functions & {"encode", "decode"}:
        missing.append("It defines neither encode nor decode; write one of them.")
    defined = ", ".join(sorted(outline.functions))
    uses = ", ".join(outline.imports[:8])
    found = [f"A Python adapter with the functions {defined}."]
    if outline.imports:
        found.append(f"It imports {uses}{' and more' if len(outline.imports) > 8 else ''}.")
    found.append(
        "Trust covers this file alone: files that it reads or imports may change without being "
        "asked about again."
    )
    return Offer(
        path=str(path),
        format="Python adapter",
        file_hash=digest,
        found=tuple(found),
        capabilities=frozenset(capabilities),
        latent_dim=outline.latent_dim,
        image=outline.image,
        danger=(
            f"{path} is a Python program of {len(source.splitlines()):,} lines, which runs when it "
            "is opened and may do whatever you may do; open it only if you have read it or trust "
            "where it comes from."
        ),
        missing=tuple(missing),
    )


def _open(path: Path, answers: Answers, device: str) -> Model:
    _check_size(path)
    source, digest = OFFERED.content(path)
    return AdaptedModel(path, source, digest)


def _check_size(path: Path) -> None:
    check_regular(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise cannot_read(path, error) from error
    if size > _LARGEST_BYTES:
        raise UserError(
            f"{path} has {size:,} bytes, and an adapter file has at most {_LARGEST_BYTES:,}; keep "
            "data in files of their own beside it."
        )


def _source(path: Path) -> bytes:
    _check_size(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error


def _outline(path: Path, source: bytes) -> _Outline:
    """What the source defines.

    Raises:
        UserError: it is no Python; the line is named.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's, of odd escapes and the like
            tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise UserError(
            f"{path} is no valid Python in line {error.lineno or 1} ({error.msg}); mend it there."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UserError(
            f"{path} cannot be parsed as Python ({first_line(error)}); mend it or write it anew."
        ) from error
    functions: set[str] = set()
    constants: dict[str, Any] = {}
    spread = False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in _FUNCTIONS:
            functions.add(node.name)
            spread = spread or (node.name == "encode" and any(_pairs(node)))
        if isinstance(node, ast.ImportFrom):
            functions |= {alias.asname or alias.name for alias in node.names} & set(_FUNCTIONS)
        for name, value in _assigned(node):
            if name in _FUNCTIONS:
                functions.add(name)
            constants[name] = value
    return _Outline(
        functions=frozenset(functions),
        image=_image(constants.get("IMAGE")),
        latent_dim=_latent_dim(constants.get("LATENT_DIM")),
        spread=spread,
        imports=tuple(dict.fromkeys(_imports(tree))),
    )


def _assigned(node: ast.stmt) -> Iterator[tuple[str, Any]]:
    """Names that a statement assigns to, with the value where it is a plain one."""
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return
    try:
        plain: Any = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        plain = None  # computed, so that only running it tells
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, plain


def _pairs(function: ast.FunctionDef) -> Iterator[bool]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield len(node.value.elts) == 2


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def _image(value: Any) -> ImageShape | None:
    if not isinstance(value, tuple | list) or len(value) != 3:
        return None
    if not all(type(side) is int and side > 0 for side in value) or value[2] not in (1, 3):
        return None
    return ImageShape(*value)


def _latent_dim(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


ADAPTER_FILE = Importer(_recognises, _offer, _open)
"""Of what `new_adapter` writes, once it is filled in."""
