"""What the dimensions of a space's latents are called, where they have names."""

from collections.abc import Sequence

from latentviewer.domain.space import Space

DIMENSIONS = "dimensions"
"""In a provenance's `extra`: a name for each dimension of the latents."""


def dimension_names(space: Space) -> tuple[str, ...]:
    """(d,) names, or none of them where the space has no name for each."""
    said = space.provenance.extra.get(DIMENSIONS)
    if not isinstance(said, Sequence) or isinstance(said, str) or len(said) != space.dim:
        return ()
    return tuple(said) if all(isinstance(name, str) and name for name in said) else ()
