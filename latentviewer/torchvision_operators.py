"""Lets torchvision be imported beside a CPU build of torch.

The torchvision wheels on the Linux package index are built against CUDA. Beside a CPU
torch their compiled operators do not load, and the import fails with `operator
torchvision::nms does not exist`. Declaring the operators that the import looks up is
enough for data sets, transforms, models and feature extraction; where the real operators
load, nothing is declared.
"""

from functools import cache

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@cache
def declare_missing_operators() -> tuple[str, ...]:
    """Call once before the first import of torchvision; returns the names declared."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    else:
        return ()
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS.values():
        library.define(schema)  # type: ignore[no-untyped-call]
    _kept_alive.append(library)
    _forget_half_imported()
    return tuple(_SCHEMAS)


_kept_alive: list[object] = []


def _forget_half_imported() -> None:
    import sys

    for name in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
        del sys.modules[name]
