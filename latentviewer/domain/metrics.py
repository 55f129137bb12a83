"""What makes two latents near."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Metric = Literal["euclidean", "cosine", "dot", "correlation"]
METRICS: tuple[Metric, ...] = get_args(Metric)

METRIC_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "euclidean": "Euclidean",
        "cosine": "Cosine",
        "dot": "Dot product",
        "correlation": "Correlation",
    }
)
"""What the window calls them."""
