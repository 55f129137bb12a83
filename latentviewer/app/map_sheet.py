"""A map as it goes to paper: what is drawn, apart from how."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.colouring import Colouring
from latentviewer.domain.space import Latents


@dataclass(frozen=True, eq=False)
class MapSheet:
    """The whole map with title, legend and axes.

    Attributes:
        coordinates: (n, 2) or (n, 3) float32; what is not finite is not drawn.
        colours: of the points, and the legend.
        title: in large letters. subtitle: one line below it. footer: one line at the foot.
        axes: a title for each axis, or none of them.
        size: width and height in pixels.
        theme: `dark` or `light`.
        radius: of a point, in pixels of a sheet of 1600 x 1000; None to choose by their number.
        density: whether points that lie on one another are shaded instead of drawn one by one.
        seen_from: (3, 3), map axes to right, up, and towards the viewer; None for a view from
            above and to one side. For three dimensions only.
    """

    coordinates: Latents
    colours: Colouring
    title: str
    subtitle: str = ""
    footer: str = ""
    axes: tuple[str, ...] = ()
    size: tuple[int, int] = (1600, 1000)
    theme: str = "dark"
    radius: float | None = None
    density: bool = False
    seen_from: NDArray[np.float64] | None = None
