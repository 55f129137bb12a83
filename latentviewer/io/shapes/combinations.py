"""The seven factors of `shapes`. Their order and sizes fix what every index stands for."""

import numpy as np

from latentviewer.io.factors import Factor, FactorGrid
from latentviewer.io.shapes.outlines import OUTLINES
from latentviewer.io.shapes.palette import HUES

GRID = FactorGrid(
    (
        Factor("shape", tuple(OUTLINES)),
        Factor("scale", tuple(np.linspace(0.5, 1.0, 6).round(6).tolist())),
        # Degrees clockwise. No shape looks the same after less than a full turn, so that the
        # orientation can be seen in every picture, unlike those of dSprites.
        Factor("orientation", tuple(np.arange(0.0, 360.0, 15.0).tolist())),
        # From the left and from the top.
        Factor("x", tuple(np.linspace(0.0, 1.0, 8).tolist())),
        Factor("y", tuple(np.linspace(0.0, 1.0, 8).tolist())),
        Factor("object_hue", HUES),
        Factor("background_hue", HUES),
    )
)
"""3,686,400 combinations, from the first shape in the top left corner on."""
