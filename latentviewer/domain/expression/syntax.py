"""From tokens to a tree.

Precedence, from what binds least: or; and; not; comparisons; + and -; * and /; unary
minus. Sums, products and joined conditions are flat, however long; only parentheses,
signs, `not` and functions nest.
"""

from typing import NoReturn

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression.functions import FUNCTIONS
from latentviewer.domain.expression.lexer import Kind, Token, tokens
from latentviewer.domain.expression.suggest import did_you_mean
from latentviewer.domain.expression.tree import (
    Call,
    Chain,
    ColumnName,
    Comparator,
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

MOST_NESTED = 40
"""How deep an expression may nest. One level can make four in the tree, and reading a level
takes up to seven calls, so this stays far below the thousand that Python's stack holds."""

OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, ATOM = range(8)

_LEVELS = {
    "or": OR,
    "and": AND,
    "in": COMPARE,
    "not": COMPARE,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARE),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys("*/", PRODUCT),
}


def parse(text: str) -> Expression:
    """The tree of an expression, such as `mean(label == "3") - mean(label == "8") + #12`.

    Names of columns, groups and rows are looked up by `evaluate`, functions here.

    Raises:
        ExpressionError: what is wrong, in one sentence, at which character.
    """
    return Expression(_Parser(tokens(text)).whole(), text)


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._next().kind is Kind.END:
            raise ExpressionError('Write an expression, such as mean(label == "3") or #12.', 0)
        root = self._operation(OR)
        if self._next().kind is not Kind.END:
            if self._is(")"):
                raise ExpressionError("There is no ( before this ).", self._next().position)
            raise ExpressionError(
                "An operator is missing here; join the parts with + - * / and or.",
                self._next().position,
            )
        return root

    def _next(self) -> Token:
        return self._tokens[self._at]

    def _is(self, word: str) -> bool:
        return self._next().kind in (Kind.SYMBOL, Kind.KEYWORD) and self._next().value == word

    def _take(self) -> Token:
        token = self._next()
        self._at += token.kind is not Kind.END
        return token

    def _expect(self, word: str, mend: str) -> None:
        if not self._is(word):
            raise ExpressionError(mend, self._next().position)
        self._take()

    def _level(self) -> int:
        joins = self._next().kind in (Kind.SYMBOL, Kind.KEYWORD)
        return _LEVELS.get(self._next().value, -1) if joins else -1

    def _operation(self, lowest: int) -> Node:
        """An operand and all operators after it that bind at least as tightly as `lowest`."""
        left = self._operand()
        while (level := self._level()) >= lowest:
            if level == COMPARE:
                left = self._comparison(left)
                continue
            operands, operators, positions = [left], [], []
            while self._level() == level:
                operator = self._take()
                operators.append(operator.value)
                positions.append(operator.position)
                operands.append(self._operation(level + 1))
            left = Chain(tuple(operands), tuple(operators), tuple(positions), left.position)
        return left

    def _operand(self) -> Node:
        token = self._take()
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise ExpressionError(
                f"This nests deeper than {MOST_NESTED} levels; simplify it.", token.position
            )
        operand = self._operand_from(token)
        self._depth -= 1
        return operand

    def _operand_from(self, token: Token) -> Node:
        match token.kind:
            case Kind.NUMBER:
                return Number(_number(token), token.position)
            case Kind.ROW:
                return Row(_row(token), token.position)
            case Kind.GROUP:
                return GroupName(token.value, token.position)
            case Kind.SAVED:
                return Saved(token.value, token.position)
            case Kind.LABEL:
                return Label(token.value, token.position)
            case Kind.COLUMN:
                return ColumnName(token.value, token.position)
            case Kind.NAME:
                if self._is("("):
                    return self._call(token)
                return ColumnName(token.value, token.position)
        if token.value == "(" and token.kind is Kind.SYMBOL:
            inner = self._operation(OR)
            self._expect(")", "The ( before this is not closed; write ).")
            return inner
        if token.value == "-" and token.kind is Kind.SYMBOL:
            return Negative(self._operation(SIGN), token.position)
        if token.value == "not" and token.kind is Kind.KEYWORD:
            return Not(self._operation(NOT), token.position)
        return _refuse_operand(token)

    def _call(self, name: Token) -> Call:
        if name.value not in FUNCTIONS:
            hint = did_you_mean(name.value, FUNCTIONS, "functions are")
            raise ExpressionError(f"There is no function “{name.value}”; {hint}", name.position)
        self._take()
        arguments: list[Node] = []
        while not self._is(")"):
            if arguments:
                self._expect(",", "Write , between arguments or ) after the last.")
            arguments.append(self._operation(OR))
        wanted = FUNCTIONS[name.value]
        if len(arguments) != len(wanted.arguments):
            given = len(arguments)
            blame = (
                arguments[len(wanted.arguments)].position
                if given > len(wanted.arguments)
                else self._next().position
            )
            raise ExpressionError(f"Write it as {wanted.usage}; {given} given.", blame)
        self._take()
        return Call(name.value, tuple(arguments), name.position)

    def _comparison(self, left: Node) -> Node:
        operator = self._take()
        if not isinstance(left, ColumnName):
            raise ExpressionError(
                'Only a column can be compared, such as label == "3".', left.position
            )
        if operator.value in ("in", "not"):
            negated = operator.value == "not"
            if negated:
                self._expect("in", 'Write “not in”, such as label not in ("3", "8").')
            return Membership(left, self._values(), negated, left.position)
        comparator: Comparator = operator.value  # type: ignore[assignment]
        return Comparison(left, comparator, self._value(), left.position)

    def _values(self) -> tuple[Value, ...]:
        self._expect("(", 'Write the values after “in” as a list, such as ("3", "8").')
        values = [self._value()]
        while self._is(","):
            self._take()
            if not self._is(")"):
                values.append(self._value())
        self._expect(")", "Write , between values or ) after the last.")
        return tuple(values)

    def _value(self) -> Value:
        token = self._take()
        if token.kind is Kind.STRING:
            return Value(token.value, token.position)
        sign = 1.0
        number = token
        if token.kind is Kind.SYMBOL and token.value == "-":
            sign, number = -1.0, self._take()
        if number.kind is Kind.NUMBER:
            return Value(sign * _number(number), token.position)
        if token.kind in (Kind.NAME, Kind.COLUMN):
            raise ExpressionError(
                f'Put a label in quotation marks: "{token.value}".', token.position
            )
        raise ExpressionError(
            'A column is compared with a text such as "3" or a number such as 0.5.',
            number.position,
        )


def _number(token: Token) -> float:
    value = float(token.value)
    if value == float("inf"):
        raise ExpressionError("This number is too large.", token.position)
    return value


def _row(token: Token) -> int:
    digits = token.value.lstrip("0") or "0"
    if len(digits) > 18:
        raise ExpressionError("No space has so many rows.", token.position)
    return int(digits)


def _refuse_operand(token: Token) -> NoReturn:
    if token.kind is Kind.END:
        sentence = "Something is missing at the end."
    elif token.kind is Kind.STRING:
        sentence = f'A text stands after a column, such as label == "{token.value}".'
    else:
        sentence = f"Something is missing before “{token.value}”."
    raise ExpressionError(sentence, token.position)
