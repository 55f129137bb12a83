"""Which ways of sampling a prior make sense."""

from latentviewer.app.state import SamplingSettings
from latentviewer.domain.errors import UserError

TRUNCATION_RANGE = (0.0, 2.0)
GUIDANCE_RANGE = (0.0, 20.0)
STEPS_RANGE = (1, 1000)


def checked(settings: SamplingSettings) -> SamplingSettings:
    """The settings themselves.

    Raises:
        UserError: a number lies outside its range.
    """
    for name, value, (low, high) in (
        ("Truncation", settings.truncation, TRUNCATION_RANGE),
        ("Guidance", settings.guidance, GUIDANCE_RANGE),
        ("The number of denoising steps", settings.steps, STEPS_RANGE),
    ):
        # NaN lies in no range.
        if not low <= value <= high:
            raise UserError(f"{name} goes from {low:g} to {high:,g}; {value:g} does not.")
    return settings
