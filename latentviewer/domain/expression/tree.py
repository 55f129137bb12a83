"""The tree of an expression: frozen nodes, equal where they mean the same."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Number:
    """A number, not negative: `0.5`."""

    value: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Row:
    """The latent of a row: `#12`."""

    row: int
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class GroupName:
    """A group: `@A`. Its rows where rows are wanted, else the mean of their latents."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Saved:
    """A kept latent: `$z1`."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Label:
    """The mean of all that carry a label of the label column: `[3]`."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class ColumnName:
    """A column: `label`. Means something only in a comparison."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Value:
    """What a column is compared with: a text or a number, which may be negative."""

    value: str | float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Comparison:
    """Rows whose column compares: `label == "3"`. Its position is the column's."""

    column: ColumnName
    comparator: Comparator
    value: Value
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Membership:
    """Rows whose column is, or is not, one of some values: `label in ("3", "8")`."""

    column: ColumnName
    values: tuple[Value, ...]
    negated: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negative:
    """Unary minus."""

    operand: "Node"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """The other rows."""

    operand: "Node"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Chain:
    """Operands joined by operators of one precedence, from left to right.

    Attributes:
        operands: two or more.
        operators: one fewer; all from one of `+ -`, `* /`, `and`, `or`.
        positions: of the operators.
    """

    operands: tuple["Node", ...]
    operators: tuple[str, ...]
    positions: tuple[int, ...] = field(default=(), compare=False)
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS` with its arguments."""

    function: str
    arguments: tuple["Node", ...]
    position: int = field(default=0, compare=False)


Node: TypeAlias = (
    Number
    | Row
    | GroupName
    | Saved
    | Label
    | ColumnName
    | Comparison
    | Membership
    | Negative
    | Not
    | Chain
    | Call
)


@dataclass(frozen=True)
class Expression:
    """A parsed expression; equal ones have equal trees, however they are spaced."""

    root: Node
    text: str = field(default="", compare=False)
