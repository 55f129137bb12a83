"""Names and texts of a projector's files, fit for a sentence, a list or a cell."""

import re

# What ends a line for one reader or another, or is taken for a byte order mark.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_LONGEST = 120


def one_line(text: str) -> str:
    """`text` with a space for each control character, in letters that UTF-8 can hold."""
    return _BREAKS.sub(" ", text).encode("utf-8", "backslashreplace").decode("utf-8")


def shown(text: str) -> str:
    """The beginning of `text` on one line, for a sentence."""
    plain = one_line(text)
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…"
