"""What an ONNX file holds, found without onnxruntime and without running anything.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Tensors lie
in more places than a graph's list of them: in attributes, in the graphs of attributes, in
functions and in training information; all of them are found.
"""

import math
import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from latentviewer.engine.importing.onnx.wire import Span, Wire, WireError

_DEEPEST = 12  # graphs within graphs; networks have one or two
_MOST_AXES = 32
_EXTERNAL = 1  # TensorProto.DataLocation
_DATA_FIELDS = (4, 5, 6, 7, 9, 10, 11)
_RAW_DATA = 9
STRING = 8
"""TensorProto.DataType of texts."""


@dataclass(frozen=True)
class Tensor:
    """A constant.

    Attributes:
        dtype: as TensorProto.DataType numbers them.
        stored: bytes of it in the file.
        raw: whether they are as they lie in memory, so that their number is known exactly.
        external: what the file says of where else it lies, None where it says nothing.
        main: whether it is in the main graph's own list.
    """

    name: str
    dtype: int
    dims: tuple[int, ...]
    stored: int
    raw: bool
    external: Mapping[str, str] | None
    main: bool


@dataclass(frozen=True)
class Value:
    """What the file says of an array; `dims` has None for what it leaves open."""

    name: str
    dtype: int
    dims: tuple[int | None, ...]


@dataclass(frozen=True)
class Node:
    """One step.

    Attributes:
        domain: "" for ONNX's own operators.
        texts: whether it is said to make texts.
    """

    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    texts: bool


@dataclass
class Contents:
    """All that matters in a file.

    Attributes:
        nodes: the steps of the main graph, in order.
        within: the steps of all graphs in it, these included.
        functions: the steps of each function of the file's own, by domain and name.
        tensors: constants, wherever they lie.
        sparse: names of constants that are stored sparsely.
        values: what is said of arrays, wherever.
        metadata: what its maker noted.
    """

    nodes: list[Node] = field(default_factory=list)
    within: list[Node] = field(default_factory=list)
    functions: dict[tuple[str, str], list[Node]] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    sparse: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers the main graph's constants hold."""
        return sum(math.prod(tensor.dims) for tensor in self.tensors if tensor.main)


def contents_of(data: bytes | mmap.mmap) -> Contents | None:
    """What a file's bytes hold; None where there is no graph in them.

    Raises:
        WireError: they are no message, or one that is nested or filled beyond all measure.
    """
    return _Walk(Wire(data)).model()


class _Walk:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._found = Contents()

    def model(self) -> Contents | None:
        found, graphs = self._found, 0
        for number, value in self._wire.fields((0, len(self._wire))):
            if not isinstance(value, tuple):
                continue
            if number == 7:
                graphs += 1
                # The parts of a message that comes twice are put together by every reader.
                found.nodes += self._graph(value, found.within, 0, main=True)
            elif number == 14:
                found.metadata.update([self._pair(value)])
            elif number == 20:
                for part, span in self._spans(value):
                    if part in (1, 2):
                        self._graph(span, [], 0)
            elif number == 25:
                self._function(value)
        return found if graphs and found.nodes else None

    def _function(self, span: Span) -> None:
        name = domain = ""
        nodes: list[Node] = []
        for number, value in self._spans(span):
            if number == 1:
                name = self._wire.text(value)
            elif number == 10:
                domain = _domain(self._wire.text(value))
            elif number == 7:
                self._node(value, nodes, 0)
            elif number == 11:
                self._attribute(value, nodes, 0)
            elif number == 12:
                self._value(value)
        # Overloads of one name count as one function, the largest that they could be.
        self._found.functions.setdefault((domain, name), []).extend(nodes)

    def _graph(
        self, span: Span, within: list[Node], depth: int, *, main: bool = False
    ) -> list[Node]:
        """The graph's own steps; all within it are added to `within`."""
        if depth > _DEEPEST:
            raise WireError(f"graphs within graphs, deeper than {_DEEPEST}")
        own = []
        for number, value in self._spans(span):
            if number == 1:
                own.append(self._node(value, within, depth))
            elif number == 5:
                self._tensor(value, main=main)
            elif number == 15:
                self._sparse(value)
            elif number in (11, 12, 13):
                self._value(value)
        return own

    def _node(self, span: Span, within: list[Node], depth: int) -> Node:
        op = domain = ""
        texts = False
        inputs, outputs = [], []
        for number, value in self._spans(span):
            if number == 1:
                inputs.append(self._wire.text(value))
            elif number == 2:
                outputs.append(self._wire.text(value))
            elif number == 4:
                op = self._wire.text(value)
            elif number == 7:
                domain = _domain(self._wire.text(value))
            elif number == 5:
                texts = self._attribute(value, within, depth) or texts
        node = Node(op, domain, tuple(inputs), tuple(outputs), texts)
        within.append(node)
        return node

    def _attribute(self, span: Span, within: list[Node], depth: int) -> bool:
        """Looks through an attribute; whether it is of texts that flow through the graph."""
        held: dict[int, Callable[[Span], object]] = {
            5: self._tensor,
            10: self._tensor,
            6: lambda graph: self._graph(graph, within, depth + 1),
            11: lambda graph: self._graph(graph, within, depth + 1),
            22: self._sparse,
            23: self._sparse,
        }
        name, number_held = "", 0
        for number, value in self._wire.fields(span):
            if number == 1 and isinstance(value, tuple):
                name = self._wire.text(value)
            elif number == 3 and isinstance(value, int):
                number_held = value
            elif number in held and isinstance(value, tuple):
                held[number](value)
        # Such as a constant's `value_strings`, or what a cast makes.
        return name.endswith(("string", "strings")) or (name == "to" and number_held == STRING)

    def _sparse(self, span: Span) -> None:
        before = len(self._found.tensors)
        for number, value in self._spans(span):
            if number in (1, 2):
                self._tensor(value)
        names = [tensor.name for tensor in self._found.tensors[before:]]
        self._found.sparse.append(next((name for name in names if name), ""))

    def _tensor(self, span: Span, *, main: bool = False) -> None:
        wire, name, dtype = self._wire, "", 0
        dims: list[int] = []
        stored, raw, elsewhere = 0, False, False
        external: dict[str, str] = {}
        for number, value in wire.fields(span):
            if number == 1 and not isinstance(value, bytes):
                dims += wire.integers(value)
                if len(dims) > _MOST_AXES:
                    raise WireError(f"a tensor of more than {_MOST_AXES} axes")
            elif number == 2 and isinstance(value, int):
                dtype = value
            elif number == 8 and isinstance(value, tuple):
                name = wire.text(value)
            elif number in _DATA_FIELDS:
                # At least a byte for each number or text.
                length = value[1] - value[0] if isinstance(value, tuple) else 1
                stored += max(length, 1)
                raw = raw or number == _RAW_DATA
            elif number == 13 and isinstance(value, tuple):
                key, said = self._pair(value)
                if external.setdefault(key, said) != said:
                    raise WireError(f"tensor “{shown(name)}” names two places as its {shown(key)}")
            elif number == 14:
                elsewhere = elsewhere or value == _EXTERNAL
        if min(dims, default=1) < 0:
            raise WireError(f"tensor “{shown(name)}” has an axis of {min(dims)}")
        places = external if external or elsewhere else None
        self._found.tensors.append(Tensor(name, dtype, tuple(dims), stored, raw, places, main))

    def _value(self, span: Span) -> None:
        name = ""
        for number, value in self._spans(span):
            if number == 1:
                name = self._wire.text(value)
            elif number == 2:
                for kind, held in self._spans(value):
                    if kind == 1:
                        self._array(name, held)

    def _array(self, name: str, span: Span) -> None:
        dtype = 0
        dims: list[int | None] = []
        for number, value in self._wire.fields(span):
            if number == 1 and isinstance(value, int):
                dtype = value
            elif number == 2 and isinstance(value, tuple):
                dims += [self._side(axis) for part, axis in self._spans(value) if part == 1]
        self._found.values.append(Value(name, dtype, tuple(dims)))

    def _side(self, span: Span) -> int | None:
        side = 0
        for number, value in self._wire.fields(span):
            if number == 1 and isinstance(value, int):
                side = self._wire.integers(value)[0]
        return side if side > 0 else None

    def _spans(self, span: Span) -> list[tuple[int, Span]]:
        """The fields of a message that are messages or texts themselves."""
        return [(n, v) for n, v in self._wire.fields(span) if isinstance(v, tuple)]

    def _pair(self, span: Span) -> tuple[str, str]:
        key = said = ""
        for number, value in self._spans(span):
            if number == 1:
                key = self._wire.text(value)
            elif number == 2:
                said = self._wire.text(value)
        return key, said


def shown(name: str) -> str:
    """A name from a file, short and on one line, so that a sentence can hold it."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in name)
    return plain if len(plain) <= 60 else f"{plain[:59]}…"


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
