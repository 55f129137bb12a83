"""Which function lays out a map of which name; each is imported when it is asked for."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from latentviewer.projection.project import Value
from latentviewer.projection.task import Run, Task

_WARM_POINTS = 300
_WARMED: Mapping[str, Mapping[str, Value]] = MappingProxyType(
    {"umap": {"n_epochs": 2}, "tsne": {"n_iter": 1, "perplexity": 5.0}, "pacmap": {}}
)
"""By name, with options that make them short."""


def _load(module: str, function: str) -> Run:
    run: Run = getattr(importlib.import_module(f"latentviewer.projection.{module}"), function)
    return run


METHODS_RUN: Mapping[str, Callable[[], Run]] = MappingProxyType(
    {
        "umap": partial(_load, "umap", "run_umap"),
        "densmap": partial(_load, "densmap", "run_densmap"),
        "tsne": partial(_load, "tsne", "run_tsne"),
        "pacmap": partial(_load, "pacmap", "run_pacmap"),
        "lda": partial(_load, "lda", "run_lda"),
        "isomap": partial(_load, "isomap", "run_isomap"),
        "mds": partial(_load, "landmark_mds", "run_landmark_mds"),
        "axes": partial(_load, "custom_axes", "run_axes"),
        "parametric": partial(_load, "parametric", "run_parametric"),
    }
)


def warming() -> Iterator[None]:
    """Loads the kernels of what is asked for most, before anyone waits for them.

    A step loads one method in one number of dimensions; the very first time on a machine its
    kernels are compiled.
    """
    from latentviewer.projection.neighbourhood import find_neighbourhood
    from latentviewer.projection.project import method_named

    few = np.random.default_rng(0).normal(size=(_WARM_POINTS, 4)).astype(np.float32)
    for name, quick in _WARMED.items():
        for dims in (2, 3):
            METHODS_RUN[name]()(
                Task(
                    latents=few,
                    embedding=np.zeros((len(few), dims), np.float32),
                    options=method_named(name).options(quick),
                    neighbourhoods=lambda k, metric, report: find_neighbourhood(
                        few, k, metric, report
                    ),
                )
            )
            yield
