"""The weights in a file: which state dicts there are, and their tensors as float32.

safetensors, and torch.save's files in the zip and the old format, told by their content. No
code of the file is run, and only the tensors that are asked for are read.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.engine.importing.checkpoints.inert_pickles import shown
from latentviewer.engine.importing.checkpoints.part_names import Part, part_of, words_of
from latentviewer.engine.importing.checkpoints.tensor_claims import TensorClaim, claim_of
from latentviewer.engine.importing.checkpoints.torch_files import TorchFile, layout_of
from latentviewer.engine.weights import read_header
from latentviewer.io.safetensors_spaces import is_safetensors

_DEEPEST = 4  # dictionaries within dictionaries
_MOST = 40  # that are offered
_MOST_ENTRIES = 1_000_000  # of all dictionaries together
_WHOLE = "the file itself"
_WRAPPERS = ("module.", "_orig_mod.")  # of data parallel and compiled networks
_LONGEST_NAME = 200
_FLOATS = ("F64", "F32", "F16", "BF16")
_OTHERS = ("BOOL", "U8", "I8", "I16", "I32", "I64")


@dataclass(frozen=True, eq=False)
class StateDict:
    """Tensors of a network in a file.

    Attributes:
        path: of the file.
        name: where in the file they are, such as `model` or `models.generator`.
        shapes: by tensor, in the order in which they were saved.
        in_order: whether that is the order of the layers; safetensors sorts by name.
    """

    path: Path
    name: str
    shapes: Mapping[str, tuple[int, ...]]
    in_order: bool
    _check: Callable[[tuple[str, ...]], None]
    _read: Callable[[tuple[str, ...]], dict[str, Tensor]]

    @property
    def numbers(self) -> int:
        """How many numbers the tensors hold together."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def check(self, names: Iterable[str]) -> None:
        """Looks at what the file says of the named tensors; reads no numbers.

        Raises:
            UserError, UnsafeFileError: as `tensors`, as far as that can be said without them.
        """
        self._check(tuple(names))

    def tensors(self, names: Iterable[str] | None = None) -> dict[str, Tensor]:
        """The named tensors, all by default; floating-point ones as float32, on the CPU.

        Raises:
            UserError: the file is damaged, a tensor is sparse, quantised or of a dtype that is
                not read, or has NaN or infinite values; it is named.
            UnsafeFileError: a tensor claims more numbers than the file has.
        """
        return as_floats(self.path, self._read(tuple(self.shapes if names is None else names)))


def as_floats(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by name with floating-point ones as float32.

    Raises:
        UserError: one has NaN or infinite values; it is named.
    """
    found = {}
    for name, tensor in tensors.items():
        found[name] = tensor.float() if tensor.is_floating_point() else tensor
        if not bool(torch.isfinite(found[name]).all()):
            raise UserError(
                f"{path}: tensor “{name}” holds NaN or infinite values, so the model cannot "
                "answer; take another copy or an earlier checkpoint."
            )
    return found


def holds_weights(path: Path) -> bool:
    """Whether a file is one that weights can be read from, told by its content."""
    try:
        return path.is_file() and (is_safetensors(path) or layout_of(path) in ("zip", "old"))
    except (UserError, OSError):
        return False


def state_dicts_of(path: Path) -> tuple[StateDict, ...]:
    """Every state dict in a file, the one that is most likely meant first.

    Raises:
        UserError: missing, damaged, or without any.
        UnsafeFileError: it names what could run code, or claims more than it has.
    """
    if is_safetensors(path):
        return (_of_safetensors(path),)
    if layout_of(path) is None:
        raise UserError(
            f"{path} cannot be read as weights, for it is neither safetensors nor a file of "
            "torch.save; save the model's state dict as one of them."
        )
    return state_dicts_in(TorchFile(path))


def state_dicts_in(file: TorchFile) -> tuple[StateDict, ...]:
    """Every state dict in a file of torch.save, the one that is most likely meant first.

    Raises:
        UserError: there is none.
    """
    collector = _Collector(file)
    if isinstance(file.root, dict):
        collector.collect(file.root, ())
    found = collector.found
    weighty = [one for one in found if any(name.endswith("weight") for name in one.shapes)]
    if not (weighty or found):
        raise UserError(f"{file.path} holds no state dict; save one with the model's state_dict().")
    return tuple(sorted(weighty or found, key=_rank)[:_MOST])


def weights_question(found: tuple[StateDict, ...]) -> Question | None:
    """Asks which state dict is meant, as `weights_in`; None where there is but one."""
    if len(found) < 2:
        return None
    choices = tuple((one.name, f"{one.name} ({len(one.shapes)} tensors)") for one in found)
    why = "Averaged weights come first, then a generator's, then the largest."
    return Question("weights_in", "Which weights", choices, found[0].name, why)


def state_dict_of(path: Path, answers: Answers) -> StateDict:
    """The state dict that is meant; raises as `state_dicts_of` does."""
    return chosen_of(state_dicts_of(path), answers)


def chosen_of(found: tuple[StateDict, ...], answers: Answers) -> StateDict:
    """The one that a `weights_question` was answered with."""
    question = weights_question(found)
    if question is None:
        return found[0]
    return next(one for one in found if one.name == answered(question, answers))


def _rank(one: StateDict) -> tuple[int, int]:
    words, part = words_of(one.name), part_of(one.name)
    if part is Part.BOTH:
        kind = 0
    elif "ema" in words:
        kind = 1
    elif part is Part.DISCRIMINATOR:
        kind = 4
    else:
        kind = 2 if part is Part.DECODER else 3
    return kind, -one.numbers


class _Collector:
    """Goes through dictionaries within dictionaries.

    The same few can be in one another in ever so many ways; it stops after as many entries as
    any honest file has.
    """

    def __init__(self, file: TorchFile) -> None:
        self._file = file
        self._claims: dict[int, dict[str, TensorClaim]] = {}
        self._left = _MOST_ENTRIES
        self.found: list[StateDict] = []

    def collect(self, held: dict[Any, Any], place: tuple[str, ...]) -> None:
        """Adds a dictionary's own tensors, those of dictionaries in it, and pairs of them."""
        self._left -= 1 + len(held)
        if self._left < 0:
            return
        if own := self._own(held):
            self._add(".".join(place) or _WHOLE, own)
        parts: dict[Part, str] = {}
        for key, inner in held.items():
            if not isinstance(key, str) or not isinstance(inner, dict) or "optim" in key.lower():
                continue
            if len(place) < _DEEPEST:
                self.collect(inner, (*place, key))
            part = part_of(key) if self._own(inner) else None
            if part is not None and (part not in parts or part.value in key.lower()):
                parts[part] = key
        if Part.ENCODER in parts and Part.DECODER in parts:
            self._join(held, place, (parts[Part.ENCODER], parts[Part.DECODER]))

    def _own(self, held: dict[Any, Any]) -> dict[str, TensorClaim]:
        """The tensors in a dictionary, looked for once."""
        if id(held) not in self._claims:
            self._claims[id(held)] = _claims_in(held)
        return self._claims[id(held)]

    def _join(self, held: dict[Any, Any], place: tuple[str, ...], keys: tuple[str, str]) -> None:
        joined = {
            f"{part}.{name}": claim
            for part, key in zip(("encoder", "decoder"), keys, strict=True)
            for name, claim in self._own(held[key]).items()
        }
        self._add(".".join((*place, " and ".join(keys))), joined)

    def _add(self, name: str, claims: dict[str, TensorClaim]) -> None:
        self.found.append(_of_claims(self._file, shown(name, _LONGEST_NAME), claims))


def _claims_in(held: dict[Any, Any]) -> dict[str, TensorClaim]:
    claims = ((key, claim_of(value)) for key, value in held.items() if isinstance(key, str))
    return {_plain_name(key): claim for key, claim in claims if claim is not None}


def _of_claims(file: TorchFile, name: str, claims: Mapping[str, TensorClaim]) -> StateDict:
    def check(names: tuple[str, ...]) -> None:
        file.check({name: claims[name] for name in names})

    def read(names: tuple[str, ...]) -> dict[str, Tensor]:
        return file.read({name: claims[name] for name in names})

    return StateDict(file.path, name, {k: c.shape for k, c in claims.items()}, True, check, read)


def _of_safetensors(path: Path) -> StateDict:
    entries = read_header(path)
    within = {_plain_name(name): name for name in entries}

    def check(names: tuple[str, ...]) -> None:
        for name in names:
            dtype = entries[within[name]].dtype
            if dtype not in (*_FLOATS, *_OTHERS):
                raise UserError(
                    f"{path}: tensor “{name}” is {dtype}, which is not read; save it as float32."
                )

    def read(names: tuple[str, ...]) -> dict[str, Tensor]:
        from safetensors import SafetensorError, safe_open

        check(names)
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                return {name: file.get_tensor(within[name]) for name in names}
        except (SafetensorError, OSError) as error:
            raise UserError(f"{path} is damaged ({error}); copy or download it again.") from error

    shapes = {name: entries[own].shape for name, own in within.items()}
    return StateDict(path, _WHOLE, shapes, False, check, read)


def _plain_name(name: str) -> str:
    while name.startswith(_WRAPPERS):
        name = name.partition(".")[2]
    return shown(name, _LONGEST_NAME)
