"""What a view is given so that it can say what the user wants."""

from typing import Any, Protocol


class Dispatch(Protocol):
    """Runs a command of the list by its id; never raises into a Qt event handler."""

    def __call__(self, command_id: str, **arguments: Any) -> None: ...
