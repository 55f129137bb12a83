"""The one room that knows all the others; it wires them.

Everything heavy is imported where it is first needed, so that the window can be painted
before numba, pyarrow and torch are there.
"""

from latentviewer.bootstrap.catalogue import (
    data_folders,
    find_context,
    find_space,
    model_card,
    open_data,
    open_model,
    open_reference,
    samples,
)
from latentviewer.bootstrap.importing import (
    import_offer,
    keep_answers,
    new_adapter,
    offer_report,
    stored_answers,
    trusted_files,
    try_import,
)
from latentviewer.bootstrap.inspecting import inspect
from latentviewer.bootstrap.running import open_window
from latentviewer.bootstrap.shots import open_sample_window, shot
from latentviewer.bootstrap.wiring import make_window
from latentviewer.bootstrap.working import (
    adopt,
    check_agreement,
    devices,
    encode,
    evaluate,
    invert,
    lay_out,
    noise_path,
    rasteriser,
    recipes,
    sample,
    test_data,
    train,
)

__all__ = [
    "adopt",
    "check_agreement",
    "data_folders",
    "devices",
    "encode",
    "evaluate",
    "find_context",
    "find_space",
    "import_offer",
    "inspect",
    "invert",
    "keep_answers",
    "lay_out",
    "make_window",
    "model_card",
    "new_adapter",
    "noise_path",
    "offer_report",
    "open_data",
    "open_model",
    "open_reference",
    "open_sample_window",
    "open_window",
    "rasteriser",
    "recipes",
    "sample",
    "samples",
    "shot",
    "stored_answers",
    "test_data",
    "train",
    "trusted_files",
    "try_import",
]
