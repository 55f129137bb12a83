"""From a tree to a latent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression import quantities
from latentviewer.domain.expression.averages import mean_latent, nearest_row, std_latent
from latentviewer.domain.expression.functions import FUNCTIONS, Type
from latentviewer.domain.expression.printing import format_expression
from latentviewer.domain.expression.quantities import Quantity, Vector
from latentviewer.domain.expression.rows import (
    Mask,
    column_of,
    compared_rows,
    labelled_rows,
    member_rows,
)
from latentviewer.domain.expression.suggest import did_you_mean
from latentviewer.domain.expression.tree import (
    Call,
    Chain,
    ColumnName,
    Comparison,
    Expression,
    GroupName,
    Label,
    Membership,
    Negative,
    Node,
    Not,
    Number,
    Row,
    Saved,
)
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Latents, Space


@dataclass(frozen=True, eq=False)
class Context:
    """The names that an expression can use.

    Attributes:
        space: rows and columns.
        groups: `@name`.
        saved: `$name`, each (d,).
    """

    space: Space
    groups: Mapping[str, Selection] = field(default_factory=dict)
    saved: Mapping[str, Latents] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """What an expression gives.

    Attributes:
        latent: (d,) float32, finite.
        rows_used: (m,) int64, sorted: rows that went in directly, by `#12`, `nearest` or a
            label that no other row has, to be left out where the latent's nearest samples are
            listed. Rows that were averaged over are not among them: the mean of all 3s is
            surrounded by 3s.
    """

    latent: Latents
    rows_used: NDArray[np.int64]


def evaluate(expression: Expression, context: Context) -> Result:
    """Computes an expression, in float64.

    Raises:
        ExpressionError: a name that is not there, rows that are none, types that do not
            fit, a division by zero, or a number too large; at its character.
    """
    evaluation = _Evaluation(context)
    root = expression.root
    # What overflows or is NaN becomes an error of ours, not a warning.
    with np.errstate(all="ignore"):
        value = evaluation.value(root)
        if isinstance(value, float):
            raise ExpressionError(
                f"This gives a number, {value:.6g}; an expression must give a latent.",
                root.position,
            )
        if isinstance(value, _Rows):
            raise ExpressionError(
                f"This gives rows, {int(value.mask.sum())} of them; "
                "write mean(...) around it for a latent.",
                root.position,
            )
        latent = value.astype(np.float32)
    if not np.isfinite(latent).all():
        raise ExpressionError("The result is too large for a latent.", root.position)
    return Result(latent, np.array(sorted(evaluation.rows_used), np.int64))


@dataclass(frozen=True, eq=False)
class _Rows:
    mask: Mask


_Computed: TypeAlias = Quantity | _Rows


def rows_holding(condition: Expression, context: Context) -> Mask:
    """Which rows a condition holds for, (n,).

    Raises:
        ExpressionError: it gives no rows but a latent, or names what is not there.
    """
    return _Evaluation(context).rows(condition.root)


class _Evaluation:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._space = context.space
        self.rows_used: set[int] = set()

    def value(self, node: Node) -> _Computed:
        """A number, a latent (d,) float64, or rows; all finite."""
        computed = self._computed(node)
        if not isinstance(computed, _Rows) and not np.isfinite(computed).all():
            raise ExpressionError("This becomes too large to compute.", node.position)
        return computed

    def _computed(self, node: Node) -> _Computed:
        match node:
            case Number(value):
                return value
            case Row():
                return self._row(node)
            case Saved():
                return self._saved(node)
            case GroupName():
                return self._mean(self._group(node), node)
            case Label():
                return self._label(node)
            case ColumnName():
                raise self._bare_column(node)
            case Comparison():
                return _Rows(compared_rows(node, self._space))
            case Membership():
                return _Rows(member_rows(node, self._space))
            case Negative(operand):
                return -self._quantity(operand)
            case Not(operand):
                return _Rows(~self.rows(operand))
            case Chain():
                return self._chain(node)
            case Call():
                return self._call(node)

    def _quantity(self, node: Node) -> Quantity:
        value = self.value(node)
        if isinstance(value, _Rows):
            raise ExpressionError(
                "These are rows, not a latent; write mean(...) around them.", node.position
            )
        return value

    def _latent(self, node: Node, function: str) -> Vector:
        value = self._quantity(node)
        if isinstance(value, float):
            raise ExpressionError(
                f"{function} needs a latent here, and this is a number.", node.position
            )
        return value

    def _scalar(self, node: Node, function: str) -> float:
        value = self._quantity(node)
        if not isinstance(value, float):
            raise ExpressionError(
                f"{function} needs a number here, and this is a latent.", node.position
            )
        return value

    def rows(self, node: Node) -> Mask:
        if isinstance(node, GroupName):
            return self._group(node)
        value = self.value(node)
        if not isinstance(value, _Rows):
            raise ExpressionError(
                'Rows are needed here, such as label == "3" or a group such as @A.', node.position
            )
        return value.mask

    def _row(self, node: Row) -> Vector:
        count = len(self._space)
        if node.row >= count:
            there = f"rows are #0 to #{count - 1}" if count else "this space has no rows"
            raise ExpressionError(f"There is no row {node.row}; {there}.", node.position)
        self.rows_used.add(node.row)
        return self._latent_of(node.row)

    def _group(self, node: GroupName) -> Mask:
        selection = self._context.groups.get(node.name)
        if selection is None:
            hint = did_you_mean(node.name, self._context.groups, "groups are")
            raise ExpressionError(f"There is no group “{node.name}”; {hint}", node.position)
        if len(selection) and selection.rows[-1] >= len(self._space):
            raise ExpressionError(
                f"The group “{node.name}” names rows that this space does not have.", node.position
            )
        return selection.mask(len(self._space))

    def _saved(self, node: Saved) -> Vector:
        if node.name not in self._context.saved:
            hint = did_you_mean(node.name, self._context.saved, "kept latents are")
            raise ExpressionError(f"There is no kept latent “{node.name}”; {hint}", node.position)
        latent = np.asarray(self._context.saved[node.name], np.float64)
        if latent.shape != (self._space.dim,):
            raise ExpressionError(
                f"“{node.name}” has {latent.size} dimensions, this space {self._space.dim}.",
                node.position,
            )
        return latent

    def _label(self, node: Label) -> Vector:
        rows = self._labelled(node)
        if np.count_nonzero(rows) == 1:
            return self._row(Row(int(rows.argmax()), node.position))
        return self._mean(rows, node)

    def _labelled(self, node: Label) -> Mask:
        column = self._space.name_column()
        if column is None:
            raise ExpressionError(
                f"[{node.name}] needs a column of labels, and this space has none.", node.position
            )
        return labelled_rows(column, node.name, node.position, self._space)

    def _bare_column(self, node: ColumnName) -> ExpressionError:
        if node.name in FUNCTIONS and node.name not in self._space.columns:
            usage = FUNCTIONS[node.name].usage
            return ExpressionError(f"Write the function as {usage}.", node.position)
        column_of(node, self._space)
        written = format_expression(node)
        return ExpressionError(
            f"“{node.name}” is a column; compare it, such as {written} == ..., or put it in "
            f"brackets if it is a label.",
            node.position,
        )

    def _chain(self, node: Chain) -> _Computed:
        if node.operators[0] in ("and", "or"):
            mask = self.rows(node.operands[0])
            for operand in node.operands[1:]:
                other = self.rows(operand)
                mask = mask & other if node.operators[0] == "and" else mask | other
            return _Rows(mask)
        value = self._quantity(node.operands[0])
        positions = node.positions or (node.position,) * len(node.operators)
        for sign, at, operand in zip(node.operators, positions, node.operands[1:], strict=True):
            value = quantities.combined(sign, value, self._quantity(operand), at, operand.position)
        return value

    def _call(self, node: Call) -> _Computed:
        name, arguments = node.function, node.arguments
        if FUNCTIONS[name].arguments == (Type.ROWS,):
            rows = self.rows(arguments[0])
            mean = self._mean(rows, arguments[0])
            return mean if name == "mean" else std_latent(self._space.latent, rows, mean)
        match name:
            case "zero":
                return np.zeros(self._space.dim)
            case "random":
                return self._random(arguments[0])
            case "nearest":
                return self._nearest(arguments[0])
            case "norm":
                return quantities.norm(self._latent(arguments[0], name))
            case "unit":
                return quantities.unit(self._latent(arguments[0], name), arguments[0].position)
        a, b = self._latent(arguments[0], name), self._latent(arguments[1], name)
        if name == "dot":
            return float(a @ b)
        return quantities.between(name, a, b, self._scalar(arguments[2], name))

    def _mean(self, rows: Mask, blamed: Node) -> Vector:
        if not rows.any():
            what = (
                f"The group “{blamed.name}” is empty"
                if isinstance(blamed, GroupName)
                else f"No sample fits {format_expression(blamed)}"
            )
            raise ExpressionError(f"{what}; there is nothing to average.", blamed.position)
        return mean_latent(self._space.latent, rows)

    def _nearest(self, node: Node) -> Vector:
        # Only the row that is found goes in; what led to it does not.
        before = set(self.rows_used)
        query = self._latent(node, "nearest")
        if len(self._space) == 0:
            raise ExpressionError("This space has no rows to be near to.", node.position)
        if not np.isfinite(query @ query):
            raise ExpressionError("This becomes too large to compute.", node.position)
        best = nearest_row(self._space.latent, query)
        self.rows_used = before | {best}
        return self._latent_of(best)

    def _latent_of(self, row: int) -> Vector:
        return np.array(self._space.latent[row], np.float64)

    def _random(self, node: Node) -> Vector:
        seed = self._scalar(node, "random")
        if not seed.is_integer() or not 0 <= seed < 2**53:
            raise ExpressionError("A seed is a whole number, 0 or more.", node.position)
        return np.random.default_rng(int(seed)).standard_normal(self._space.dim)
