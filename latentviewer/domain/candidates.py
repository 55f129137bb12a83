"""Files that hold several tables of vectors: which of them is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentviewer.domain.errors import UserError

LATENT_NAMES = ("latent", "latents", "embedding", "embeddings", "vector", "vectors", "z")
"""Names under which a table of vectors is taken to be the one that is meant, the first first."""

_MOST_MAP_DIMS = 3


@dataclass(frozen=True)
class Candidate:
    """A table of vectors in a file.

    Attributes:
        name: as the file has it, such as `obsm/X_pca`; different for each in a file.
        rows, dims: its shape.
    """

    name: str
    rows: int
    dims: int

    @property
    def text(self) -> str:
        """Name and shape, as a sentence or a list shows them."""
        return f"{self.name} ({self.rows:,} x {self.dims:,})"


class SeveralCandidatesError(UserError):
    """A file whose vectors have to be chosen by name.

    Attributes:
        path: of the file. candidates: those that it holds.
    """

    def __init__(self, path: Path, candidates: Sequence[Candidate]) -> None:
        self.path, self.candidates = path, tuple(candidates)
        first = self.candidates[0].name
        super().__init__(
            f"{path} holds several tables of vectors: {listed(candidates)}; name the one you "
            f"want after a #, as in {path.name}#{first}."
        )


def chosen(path: Path, candidates: Sequence[Candidate], pick: str | None) -> Candidate:
    """The candidate that is meant.

    Args:
        path: of the file, for sentences.
        candidates: one or more.
        pick: the name that the user gave, or None: then the only one there is, or the first in
            `LATENT_NAMES`, whatever its case, or the only one with more than three dimensions:
            narrower ones are maps.

    Raises:
        SeveralCandidatesError: none was named, and it does not go without saying.
        UserError: there is none of that name.
    """
    if pick is not None:
        for candidate in candidates:
            if candidate.name == pick:
                return candidate
        raise UserError(f"{path} holds no vectors “{pick}”; it holds {listed(candidates)}.")
    if len(candidates) == 1:
        return candidates[0]
    folded = {c.name.casefold(): c for c in reversed(candidates)}
    for name in LATENT_NAMES:
        if name in folded:
            return folded[name]
    wide = [c for c in candidates if c.dims > _MOST_MAP_DIMS]
    if len(wide) == 1:
        return wide[0]
    raise SeveralCandidatesError(path, wide or candidates)


def listed(candidates: Sequence[Candidate], most: int = 8) -> str:
    """The first candidates in words, and how many more there are."""
    words = ", ".join(c.text for c in candidates[:most])
    return words + (f" and {len(candidates) - most} more" if len(candidates) > most else "")
