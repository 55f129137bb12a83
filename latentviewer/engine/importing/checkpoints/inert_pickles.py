"""What a pickle says, read without making any of the objects it asks for.

Python's own reader calls whatever a pickle names. This one only takes notes: it never looks up,
imports or calls anything, and what it gives back is made of plain values and `Made`.
The instructions: https://github.com/python/cpython/blob/3.11/Lib/pickletools.py
"""

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_MOST_INSTRUCTIONS = 1_000_000  # each makes at most one small object
# Keys are hashed and compared at every use, which a few long ones make last for ever.
_MOST_PARTS_OF_A_KEY = 8
_LONGEST_KEY = 4096
_WIDEST_KEY_BITS = 64
_DICTS = frozenset(
    {"collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict"}
)
_SETS = frozenset({"builtins.set", "builtins.frozenset"})
_MAKERS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__"})
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # since Python 2
PERSISTENT = "a persistent id"


class DamagedPickle(ValueError):  # noqa: N818  (said of the file, not of the program)
    """The instructions make no sense; the text says which."""


class ForbiddenName(Exception):  # noqa: N818
    """The pickle names something that may not be in it; the text is that name."""


@dataclass(frozen=True)
class Named:
    """A class or function that a pickle names, such as `torch.nn.modules.linear.Linear`."""

    path: str


@dataclass(eq=False)
class Made:
    """An object that a pickle asks for, and that was not made.

    Attributes:
        of: the class or function that it would have been made by.
        args: what that would have been called with.
        state: what the object would have been filled with, or None.
        items: keys and values put into it, where it is some kind of dictionary.
    """

    of: str
    args: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Inert:
    """What a pickle says.

    Attributes:
        value: the object it holds.
        end: the position after it, in bytes.
        stored: what it refers to outside of itself, such as storages, in order.
    """

    value: Any
    end: int
    stored: tuple[Made, ...]


def read_inert(data: bytes, allows: Callable[[str], bool]) -> Inert:
    """The first pickle in `data`, of protocol 0 to 5.

    OrderedDict and its like are given as dict, sets as list, bytearray as bytes. Entries whose
    keys are long, or anything but plain values and tuples of them, are left out.

    Args:
        allows: whether a class or function may be named, such as `os.system`.

    Raises:
        DamagedPickle: it is cut short, or its instructions make no sense.
        ForbiddenName: it names what is not allowed.
    """
    machine = _Machine(allows)
    stream = io.BytesIO(data)
    try:
        for instruction, argument, _place in pickletools.genops(stream):
            machine.count(1)
            machine.follow(instruction.name, argument)
    except DamagedPickle:
        raise
    except IndexError as error:
        raise DamagedPickle("it takes more than there is") from error
    except (ValueError, DeprecationWarning) as error:
        # What pickletools says of a damaged instruction; of escapes that are none it only warns.
        raise DamagedPickle(shown(str(error))) from error
    return Inert(machine.result(), stream.tell(), tuple(machine.stored))


def shown(text: str, longest: int = 120) -> str:
    """A file's own text for a sentence: short, on one line."""
    return "".join(c if c.isprintable() else "?" for c in text[:longest])


class _Machine:
    """The stack and the memo, and what each instruction does to them."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self._allows = allows
        self.stored: list[Made] = []
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # what lay on the stack before each mark
        self._memo: dict[int, Any] = {}
        self._counted = 0

    def count(self, steps: int) -> None:
        self._counted += steps
        if self._counted > _MOST_INSTRUCTIONS:
            raise DamagedPickle(f"it has more than {_MOST_INSTRUCTIONS:,} instructions")

    def result(self) -> Any:
        if len(self._stack) != 1 or self._below:
            raise DamagedPickle("it ends with more or less than one object")
        return self._stack[0]

    def follow(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _PUSHED:
            stack.append(bytes(argument) if isinstance(argument, bytearray) else argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in _TUPLES:
            size = _TUPLES[name]
            if len(stack) < size:
                raise IndexError
            stack[-size:] = [tuple(stack[-size:])]
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            if argument not in self._memo:
                raise DamagedPickle(f"it recalls object {argument}, which it has not kept")
            stack.append(self._memo[argument])
        elif name not in ("PROTO", "FRAME", "STOP"):
            self._act(name, argument)

    def _act(self, name: str, argument: Any) -> None:
        stack = self._stack
        match name:
            case "MARK":
                self._below.append(stack)
                self._stack = []
            case "POP":
                if self._below and not stack:
                    self._since_mark()
                else:
                    stack.pop()
            case "POP_MARK":
                self._since_mark()
            case "DUP":
                stack.append(stack[-1])
            case "TUPLE" | "LIST" | "FROZENSET" | "DICT":
                self._collect(name)
            case "APPEND":
                value = stack.pop()
                self._add([value])
            case "APPENDS" | "ADDITEMS":
                self._add(self._since_mark())
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self._set([key, value])
            case "SETITEMS":
                self._set(self._since_mark())
            case "GLOBAL":
                stack.append(self._named(*str(argument).split(" ", 1)))
            case "STACK_GLOBAL":
                own, module = stack.pop(), stack.pop()
                stack.append(self._named(module, own))
            case "REDUCE" | "NEWOBJ":
                given, maker = stack.pop(), stack.pop()
                stack.append(self._made(maker, given))
            case "NEWOBJ_EX":
                _named, given, maker = stack.pop(), stack.pop(), stack.pop()
                stack.append(self._made(maker, given))
            case "OBJ":
                inner = self._since_mark()
                self._stack.append(self._made(inner[0], tuple(inner[1:])))
            case "INST":
                maker = self._named(*str(argument).split(" ", 1))
                inner = self._since_mark()
                self._stack.append(self._made(maker, tuple(inner)))
            case "BUILD":
                state = stack.pop()
                if isinstance(stack[-1], Made):
                    stack[-1].state = state
                elif not isinstance(stack[-1], dict | list):  # what was a class of its own
                    raise DamagedPickle("it fills what cannot be filled")
            case "PERSID" | "BINPERSID":
                told = stack.pop() if name == "BINPERSID" else argument
                stack.append(self._persistent(told))
            case "EXT1" | "EXT2" | "EXT4":
                raise ForbiddenName(f"copyreg extension {argument}")
            case _:
                raise DamagedPickle(f"it has the instruction {name}, which has no place in a file")

    def _since_mark(self) -> list[Any]:
        if not self._below:
            raise DamagedPickle("it looks for a mark that is not there")
        above = self._stack
        self._stack = self._below.pop()
        return above

    def _collect(self, name: str) -> None:
        items = self._since_mark()
        if name == "DICT":
            self._stack.append({})
            self._set(items)
        else:
            self._stack.append(tuple(items) if name == "TUPLE" else items)

    def _add(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Made):  # a class of its own: what is listed in it is not kept
            raise DamagedPickle("it adds to what is no list")

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if len(items) % 2:
            raise DamagedPickle("it gives a key without a value")
        if isinstance(target, Made):
            target = target.items
        if not isinstance(target, dict):
            raise DamagedPickle("it puts keys into what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if _is_plain(key):
                target[key] = value

    def _named(self, module: Any, own: Any = None) -> Named:
        if not isinstance(module, str) or not isinstance(own, str):
            raise DamagedPickle("it names a class with what is no text")
        path = f"{_RENAMED.get(module, module)}.{own}"
        if not self._allows(path):
            raise ForbiddenName(path)
        return Named(path)

    def _persistent(self, told: Any) -> Any:
        """torch keeps storages apart; in its old format also the source of each class."""
        if isinstance(told, tuple) and len(told) > 1 and told[0] == "module":
            return told[1]
        note = Made(PERSISTENT, told if isinstance(told, tuple) else (told,))
        self.stored.append(note)
        return note

    def _made(self, maker: Any, given: Any) -> Any:
        """The note of a call, or the plain value where the call is one of a few known ones."""
        if not isinstance(maker, Named) or not isinstance(given, tuple):
            raise DamagedPickle("it calls what is neither a class nor a function")
        if maker.path in _MAKERS and given and isinstance(given[0], Named):
            return self._made(given[0], ())
        if maker.path in _DICTS:
            return self._pairs(given)
        if maker.path in _SETS:
            # The list itself: copies of one list could add up to any size.
            return given[0] if given and isinstance(given[0], list) else []
        return Made(maker.path, given)

    def _pairs(self, given: tuple[Any, ...]) -> dict[Any, Any]:
        """What a dictionary would be made of: a dictionary, or pairs as Python 2 wrote them."""
        for value in given:
            if isinstance(value, dict):
                return value
            if isinstance(value, list):
                self.count(len(value))
                pairs = (pair for pair in value if isinstance(pair, list | tuple))
                return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and _is_plain(pair[0])}
        return {}


def _is_plain(key: Any) -> bool:
    """Whether a key can be hashed and compared quickly."""
    if isinstance(key, tuple):
        return len(key) <= _MOST_PARTS_OF_A_KEY and all(_is_atom(part) for part in key)
    return _is_atom(key)


def _is_atom(key: Any) -> bool:
    if isinstance(key, str | bytes):
        return len(key) <= _LONGEST_KEY
    if isinstance(key, int):
        return key.bit_length() <= _WIDEST_KEY_BITS
    return key is None or isinstance(key, float) or (isinstance(key, Named) and _is_atom(key.path))


_PUSHED = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
