"""The names that an expression can use in a session."""

from latentviewer.app.state import SessionState
from latentviewer.domain.expression import Context
from latentviewer.domain.space import Space


def context_of(space: Space, state: SessionState) -> Context:
    """Rows and columns of the space, the session's groups and kept latents."""
    return Context(
        space,
        {group.name: group.selection for group in state.groups},
        {entry.name: entry.latent for entry in state.saved},
    )
