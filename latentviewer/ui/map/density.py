"""A mixture's curves over a map of the observed number."""

import numpy as np

from latentviewer.domain.mixture import Mixture, curve_of
from latentviewer.domain.palette import category_colours
from latentviewer.ui.map.chart import Curves


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
