"""A made-up space inferred from weights, and its map."""

import numpy as np

from latentviewer.domain.map_note import Axis, MapNote
from latentviewer.domain.mixture import Mixture, places_below
from latentviewer.domain.observation import Observation
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, Numbers

NAMES = ("car", "van")
SEEN = Observation("weight", "t", "type", Mixture(NAMES, (0.0, 1.0), (0.2, 0.2), (0.5, 0.5)))
NOTE = MapNote(
    "Weight and density",
    (Axis("weight in t, log scale", "log10"), Axis("density")),
    "Only the weight is seen; the type is inferred.",
    True,
)


def weighed(count: int = 60) -> Space:
    weights = np.geomspace(0.4, 25, count)
    posterior = SEEN.posterior(weights)
    truth = np.arange(count, dtype=np.int32) % 2
    return Space(
        "weighed",
        posterior,
        columns={
            "weight": Numbers(weights),
            "inferred type": Categories(posterior.argmax(axis=1).astype(np.int32), NAMES),
            "type": Categories(truth, NAMES),
        },
        maps={"density_2d": places_below(SEEN.mixture, np.log10(weights))},
        provenance=Provenance(
            data="squares",
            extra={
                "observation": SEEN.as_json(),
                "maps": {"density_2d": NOTE.as_json()},
                "dimensions": list(NAMES),
            },
        ),
    )
