"""What a method of projection says of itself: its words, its options and their limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from latentviewer.domain.errors import UserError

Value = int | float | str | None


@dataclass(frozen=True)
class Parameter:
    """One option of a method.

    Attributes:
        key: the keyword of the function behind the method.
        title: what a form calls it. tooltip: what it does, in one or two sentences.
        default: taken where nothing is said; its type is the option's type, a whole number's
            where it is None.
        lowest, highest: of a number, both allowed; None where there is no end.
        choices: of a text; empty for numbers.
        may_be_none: None is allowed, and means what the tooltip says.
        column: it is the name of a column of labels, or empty for none.
    """

    key: str
    title: str
    tooltip: str
    default: int | float | str | None
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[str, ...] = ()
    may_be_none: bool = False
    column: bool = False

    def checked(self, value: Value) -> Value:
        """The value as the method takes it.

        Raises:
            UserError: of another kind, out of range, or not among the choices.
        """
        if value is None and self.may_be_none:
            return None
        if self.choices:
            if value not in self.choices:
                raise UserError(
                    f"{self.title}: “{value}” is not known; choose {', '.join(self.choices)}."
                )
            return value
        if isinstance(self.default, str):
            if not isinstance(value, str):
                what = "name of a column" if self.column else "text"
                raise UserError(f"{self.title}: “{value}” is no {what}.")
            return value
        whole = self.default is None or isinstance(self.default, int)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (whole and not float(value or 0).is_integer()):
            kind = "a whole number" if whole else "a number"
            raise UserError(f"{self.title}: “{value}” is not {kind}.")
        assert isinstance(value, int | float)
        # Written so that NaN is refused too.
        low_enough = self.highest is None or value <= self.highest
        high_enough = self.lowest is None or value >= self.lowest
        if not (low_enough and high_enough):
            raise UserError(f"{self.title}: {value:g} is out of range; {self._range()}.")
        return int(value) if whole else float(value)

    def _range(self) -> str:
        if self.highest is None:
            return f"it must be at least {self.lowest:g}"
        if self.lowest is None:
            return f"it must be at most {self.highest:g}"
        return f"it must lie between {self.lowest:g} and {self.highest:g}"


@dataclass(frozen=True)
class Method:
    """A projection.

    Attributes:
        key: its short name, such as `umap`; a finished map is stored as `umap_2d`.
        title: what the window calls it.
        description: what it shows and what it does not, for a person new to it.
        inverse: the name of the way back.
        repeatable: what "same seed, same picture" means for it.
        in_child: it runs in the child process, and forms under one's eyes.
        parameters: its options.
    """

    key: str
    title: str
    description: str
    inverse: str
    repeatable: str
    in_child: bool
    parameters: tuple[Parameter, ...]

    def options(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Every option, from what is given and the defaults.

        Raises:
            UserError: an option that this method has not, or a value it cannot take.
        """
        known = {parameter.key: parameter for parameter in self.parameters}
        for key in given:
            if key not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise UserError(f"{self.title} has no option “{key}”; {has}.")
        return {
            key: parameter.checked(given[key]) if key in given else parameter.default
            for key, parameter in known.items()
        }
