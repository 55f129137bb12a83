"""What was measured of a map."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MapJudgement:
    """What a map keeps of its space; NaN for a figure that cannot be had.

    Attributes:
        trustworthiness, continuity: 0 to 1 (Venna and Kaski 2006). NaN where fewer than three
            samples are there to compare, or all latents are equal.
        neighbourhood_hit: 0 to 1, the share of a sample's k nearest on the map that have its
            label, averaged. Neighbours without a label do not count, nor samples without one
            or without such a neighbour. NaN without labels. Paulovich et al., Least square
            projection, IEEE TVCG 14 (2008).
        shepard: -1 to 1, Spearman's rank correlation of distances in latent space and on the
            map, over pairs of different samples: 1 where whatever is farther apart there is
            farther apart here. Equal distances share their mean rank. NaN where all distances
            of one side are equal.
        k: neighbours looked at; 0 where there are too few samples.
        sample: how many samples this was computed on, and of these alone: neighbours were
            looked for among them. of: how many there are.
        labelled: of how many samples the hit is the mean.
        pairs: of how many pairs the correlation is.
        inverse_error: of the way back, on samples it has not seen: 0 exact, 1 no better than
            the mean of the data. NaN where it was not measured.
        held_out: on how many samples that is.
    """

    trustworthiness: float
    continuity: float
    neighbourhood_hit: float
    shepard: float
    k: int
    sample: int
    of: int
    labelled: int
    pairs: int
    inverse_error: float = math.nan
    held_out: int = 0
