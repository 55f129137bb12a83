"""What to offer when a name is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

_LISTED_WHOLE = 12
_COMPARED_NAMES = 5000


def did_you_mean(name: str, known: Iterable[str], listing: str) -> str:
    """The end of a sentence, with its full stop: the closest known name, else all known ones.

    Args:
        name: what was written.
        known: what could have been.
        listing: how the list begins, such as `columns are`.
    """
    names = list(known)
    by_folded: dict[str, str] = {}
    for candidate in names[:_COMPARED_NAMES]:
        by_folded.setdefault(candidate.casefold(), candidate)
    close = get_close_matches(name.casefold(), by_folded, n=1)
    if close:
        return f"did you mean “{by_folded[close[0]]}”?"
    return f"{listing} {listed(names)}." if names else "there are none yet."


def listed(names: list[str]) -> str:
    """Names with commas; the middle of a long list left out."""
    if len(names) > _LISTED_WHOLE:
        names = [*names[:3], "...", names[-1]]
    return ", ".join(names)
