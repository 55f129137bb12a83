"""What the pickle of a file of weights may name without being refused.

Nothing on this list is ever called: `inert_pickles` only notes it. A name that is not on it is
taken as a sign that opening the file in the usual way could run code.
"""

import re

from latentviewer.engine.importing.inferring.plain_layers import CONTAINERS, PLAIN_LAYERS

_TENSORS = re.compile(
    r"torch\.(Size|Tensor|device|nn\.parameter\.(Parameter|Buffer)"
    r"|serialization\._get_layout|_utils\._rebuild_[a-z0-9_]+|_tensor\._rebuild_from_type_v2"
    r"|storage\.(Typed|Untyped)Storage|(cuda\.)?(sparse\.)?[A-Za-z0-9]+(Storage|Tensor)"
    r"|(float|bfloat|complex|int|uint|bits|qint|quint)[0-9][a-z0-9_]*|bool"
    r"|per_(tensor|channel)_[a-z_]+)"
)
_PLAIN = frozenset(
    {
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.complex",
        "builtins.dict",
        "builtins.frozenset",
        "builtins.list",
        "builtins.object",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "copyreg._reconstructor",
        # Beside the weights in training checkpoints, and harmless even when they are made.
        "argparse.Namespace",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
    }
)


def is_known(name: str) -> bool:
    """Whether a class or function may be named, such as `torch.FloatStorage`."""
    known = name in _PLAIN or name in PLAIN_LAYERS or name in CONTAINERS
    return known or _TENSORS.fullmatch(name) is not None
