"""What is in a model's folder, and why anything else is refused."""

import json
from pathlib import Path
from typing import Any, NoReturn

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.weights import refuse_disguised_pickle, unreadable
from latentviewer.io.content import content_kind
from latentviewer.io.failures import check_regular

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
_LARGEST_CONFIG_BYTES = 1_000_000

# Files that are refused because opening them can run code, by ending.
_UNSAFE = {
    ".pt": "a PyTorch pickle or TorchScript file",
    ".pth": "a PyTorch pickle",
    ".ckpt": "a checkpoint, usually a pickle",
    ".bin": "a PyTorch pickle",
    ".pkl": "a Python pickle",
    ".pickle": "a Python pickle",
    ".joblib": "a Python pickle",
    ".dill": "a Python pickle",
    ".pt2": "an exported PyTorch program",
    ".ptl": "a TorchScript file",
    ".ts": "a TorchScript file",
    ".jit": "a TorchScript file",
    ".py": "a Python program",
    ".keras": "a Keras archive",
    ".h5": "a Keras file",
    ".hdf5": "a Keras file",
}

# Files that are safe to read but that are no models of ours; some are imported elsewhere.
_OTHERS = {
    ".onnx": "an ONNX model that cannot be read",
    ".safetensors": "a file of weights without the config.json that says what they are",
    ".gguf": "a GGUF model",
    ".tflite": "a TensorFlow Lite model",
}


def model_folder(path: Path) -> Path:
    """The folder that holds a model, absolute; refuses everything else with its reason."""
    path = path.absolute()
    if path.name in (CONFIG_NAME, WEIGHTS_NAME) and path.with_name(CONFIG_NAME).is_file():
        path = path.parent
    if not path.exists():
        raise UserError(f"{path} does not exist; check the path.")
    if not path.is_dir():
        _refuse_file(path)
    inside = _listing(path)
    if CONFIG_NAME in inside and WEIGHTS_NAME in inside:
        return path
    for name in inside:
        kind = _UNSAFE.get(Path(name).suffix.lower())
        if kind is not None and WEIGHTS_NAME not in inside and not name.endswith(".py"):
            raise UnsafeFileError(
                f"{path} holds its weights in {name}, {kind} that can run code when opened; "
                f"save them as {WEIGHTS_NAME}."
            )
    for name in inside:
        if name.lower().endswith(".onnx"):
            _refuse_file(path / name)
    missing = CONFIG_NAME if CONFIG_NAME not in inside else WEIGHTS_NAME
    raise UserError(
        f"{path} has no {missing}; a model is a folder with {CONFIG_NAME} and {WEIGHTS_NAME}."
    )


def _refuse_file(path: Path) -> NoReturn:
    suffix = path.suffix.lower()
    check_regular(path)
    if suffix in _UNSAFE:
        raise UnsafeFileError(
            f"{path} is {_named(path)} and can run code when opened; save its weights as "
            "safetensors, or write an adapter file with “latentviewer new-adapter”."
        )
    try:
        with path.open("rb") as file:
            refuse_disguised_pickle(path, file.read(8))
    except OSError as error:
        raise unreadable(path, error) from error
    if suffix in _OTHERS:
        raise UserError(
            f"{path} is {_OTHERS[suffix]} and is not opened; open a folder with {CONFIG_NAME} "
            f"and {WEIGHTS_NAME}, or write an adapter file with “latentviewer new-adapter”."
        )
    raise UserError(f"{path} is not a model; open a folder with {CONFIG_NAME} and {WEIGHTS_NAME}.")


def _named(path: Path) -> str:
    """What an unsafe file is; the two kinds that share an ending are told by their content."""
    if content_kind(path) == "torchscript":
        return "a TorchScript file"
    return _UNSAFE[path.suffix.lower()]


def _listing(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from error


def read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_NAME
    check_regular(path)
    try:
        if path.stat().st_size > _LARGEST_CONFIG_BYTES:
            raise UserError(
                f"{path} is larger than a megabyte and so is no config; "
                "take the config.json that was written with the weights."
            )
        text = path.read_text("utf-8")
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text (byte {error.start}); copy or download it again."
        ) from error
    try:
        config: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path} is not JSON (line {error.lineno}, column {error.colno}); "
            "mend it there, or copy or download it again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON; copy or download it again.") from error
    if not isinstance(config, dict):
        raise UserError(
            f"{path} holds a JSON {_json_kind(config)} where an object is needed; "
            "take the config.json that was written with the weights."
        )
    return config


def _json_kind(value: Any) -> str:
    kinds = {list: "list", str: "string", int: "number", float: "number", bool: "truth value"}
    return kinds.get(type(value), "null")
