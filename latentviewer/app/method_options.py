"""Options of methods as the map's settings keep them: only what is not usual."""

from latentviewer.app.state import MapSettings
from latentviewer.domain.errors import UserError
from latentviewer.domain.projection import Method, Value

Options = tuple[tuple[str, Value], ...]


def options_of(settings: MapSettings, method: Method) -> dict[str, Value]:
    """All options of a method as they are set.

    What the method does not know or take is as usual: a project may come from another version.
    """
    set_to = dict(settings.options)
    found = {}
    for parameter in method.parameters:
        try:
            value = set_to[f"{method.key}.{parameter.key}"]
            found[parameter.key] = parameter.checked(value)
        except (KeyError, UserError):
            found[parameter.key] = parameter.default
    return found


def with_option(settings: MapSettings, method: Method, name: str, value: Value) -> Options:
    """What is kept once one of them has another value.

    Raises:
        UserError: the method has no such option, or cannot take the value.
    """
    checked = method.options({**options_of(settings, method), name: value})
    usual = method.options({})
    given = {f"{method.key}.{k}": v for k, v in checked.items() if v != usual[k]}
    return tuple(sorted({**dict(without_options(settings, method)), **given}.items()))


def without_options(settings: MapSettings, method: Method) -> Options:
    """What is kept once a method has its usual ones again."""
    return tuple((k, v) for k, v in settings.options if k.partition(".")[0] != method.key)
