"""The chart that a map of an observed number is: a mixture's curves over it."""

import numpy as np

from latentviewer.domain.map_note import MapNote
from latentviewer.domain.mixture import Mixture, curve_of
from latentviewer.domain.observation import observation_of
from latentviewer.domain.palette import category_colours
from latentviewer.domain.space import Space
from latentviewer.ui.map.chart import Chart, Curves


def chart_of(space: Space, note: MapNote, dark: bool, hidden: frozenset[str]) -> Chart | None:
    """What is painted over a map besides its points, by what the space says of it, or nothing.

    Args:
        hidden: names whose points are not shown.
    """
    if note == MapNote():
        return None
    observation = observation_of(space)
    scale = note.axes[0].scale if note.axes else ""
    if not note.observed or observation is None:
        return Chart(note.caption, scale)
    curves = density_curves(observation.mixture, note.height, dark, hidden)
    return Chart(note.caption, scale, curves, lambda x: observation.words(10.0**x))


def density_curves(
    mixture: Mixture, height: float, dark: bool, hidden: frozenset[str] = frozenset()
) -> Curves:
    """Each component's part of the density in its class's colour, and the whole.

    Args:
        height: map units for a density of 1.
        hidden: classes whose points are not shown; nor are their curves.
    """
    x = curve_of(mixture)
    joint = height * mixture.joint(x).T
    shown = np.array([name not in hidden for name in mixture.names])
    colours = category_colours(len(mixture.names), dark)
    return Curves(x, joint[shown], colours[shown], joint.sum(axis=0))
