"""What is known of each image, and where a data set keeps it."""

from dataclasses import dataclass
from typing import Any

from latentviewer.engine.networks.config import fields_of


@dataclass(frozen=True)
class Attribute:
    """What a classifier tells, or a generator can be asked for.

    Attributes:
        name: such as `smile`.
        classes: the possible values, such as (`sad`, `smiling`).
        column: of the data set, where the truth stands.
        threshold: of a column of numbers: below it the first class is true, else the second.
            None for a column of categories with the names of `classes`.
    """

    name: str
    classes: tuple[str, ...]
    column: str
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name and isinstance(self.column, str)):
            raise ValueError("“name” and “column” of an attribute must be text")
        texts = isinstance(self.classes, tuple) and all(isinstance(c, str) for c in self.classes)
        if not texts or not 2 <= len(self.classes) <= 4096:
            raise ValueError(f"“classes” of “{self.name}” must be two names or more")
        if self.threshold is not None and len(self.classes) != 2:
            raise ValueError(f"“{self.name}” has a threshold and so needs two classes")


def attributes_from(field: str, values: Any) -> tuple[Attribute, ...]:
    """Attributes from a JSON list of objects.

    Args:
        field: where the list stands, for the sentence.

    Raises:
        ValueError: it is none, or an attribute is damaged; the text names the field.
    """
    if not isinstance(values, tuple) or not all(isinstance(value, dict) for value in values):
        raise ValueError(f"“{field}” must be a list of objects")
    return tuple(Attribute(**fields_of(Attribute, value)) for value in values)
