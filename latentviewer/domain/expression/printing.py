"""From a tree back to text."""

from latentviewer.domain.expression.lexer import is_name
from latentviewer.domain.expression.syntax import (
    AND,
    ATOM,
    COMPARE,
    NOT,
    OR,
    PRODUCT,
    SIGN,
    SUM,
)
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
    Value,
)

_CHAIN_LEVELS = {"or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


def format_expression(expression: Expression | Node) -> str:
    """Text that parses to an equal tree, with no more parentheses than that takes."""
    return _text(expression.root if isinstance(expression, Expression) else expression)


def quoted(text: str) -> str:
    """A text in quotation marks, as the language writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def column_text(name: str) -> str:
    """A column as the language writes it: bare where it can be, else in backticks."""
    return name if is_name(name) else "`" + name.replace("`", "``") + "`"


def reference_text(mark: str, name: str) -> str:
    """A group (`@`) or a kept latent (`$`) as the language writes it."""
    return mark + (name if is_name(name) else quoted(name))


def label_text(name: str) -> str:
    """A label in brackets: bare where it is letters and digits only, else quoted."""
    return f"[{name}]" if name.isalnum() else f"[{quoted(name)}]"


def _text(node: Node) -> str:
    match node:
        case Number(value):
            return _number(value)
        case Row(row):
            return f"#{row}"
        case GroupName(name):
            return reference_text("@", name)
        case Saved(name):
            return reference_text("$", name)
        case Label(name):
            return label_text(name)
        case ColumnName(name):
            return column_text(name)
        case Comparison(column, comparator, value):
            return f"{column_text(column.name)} {comparator} {_value(value)}"
        case Membership(column, values, negated):
            word = "not in" if negated else "in"
            return f"{column_text(column.name)} {word} ({', '.join(map(_value, values))})"
        case Negative(operand):
            return f"-{_at_least(SIGN, operand)}"
        case Not(operand):
            return f"not {_at_least(NOT, operand)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(_text, arguments))})"
    # A chain: operands of its own level need parentheses, since it is flat.
    level = _CHAIN_LEVELS[node.operators[0]]
    parts = [_at_least(level + 1, node.operands[0])]
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        parts += [operator, _at_least(level + 1, operand)]
    return " ".join(parts)


def _at_least(level: int, node: Node) -> str:
    text = _text(node)
    return text if _level(node) >= level else f"({text})"


def _level(node: Node) -> int:
    match node:
        case Chain():
            return _CHAIN_LEVELS[node.operators[0]]
        case Not():
            return NOT
        case Comparison() | Membership():
            return COMPARE
        case Negative():
            return SIGN
    return ATOM


def _value(value: Value) -> str:
    return quoted(value.value) if isinstance(value.value, str) else _number(value.value)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
