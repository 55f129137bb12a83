"""Rows of a space as they are typed: by number, or by what they are called."""

from latentviewer.domain.errors import UserError
from latentviewer.domain.expression.suggest import did_you_mean
from latentviewer.domain.space import Space


def named_row(space: Space, text: str) -> int:
    """The row of `12` or `#12`, else the first one that is called `text`.

    `[1990]` is what is called so, and not a number.

    Raises:
        UserError: there is none.
    """
    wanted = text.strip()
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdigit():
        return _checked(space, int(number))
    if wanted.startswith("[") and wanted.endswith("]"):
        wanted = wanted[1:-1]
    key = space.name_column()
    if key is None:
        raise UserError(f"{space.name} has no names for its rows; write a number, such as 12.")
    column = space.columns[key]
    names = [column.text(row) for row in range(len(space))]
    if wanted in names:
        return names.index(wanted)
    hint = did_you_mean(wanted, dict.fromkeys(names), "there are")
    raise UserError(f"{space.name} has no {key} “{wanted}”; {hint}")


def _checked(space: Space, row: int) -> int:
    if row >= len(space):
        there = f"its rows are 0 to {len(space) - 1}" if len(space) else "it has none"
        raise UserError(f"{space.name} has no row {row}; {there}.")
    return row
