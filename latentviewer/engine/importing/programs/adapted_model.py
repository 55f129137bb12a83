"""The functions of an adapter file behind the `Model` port, held to what they promise."""

import contextlib
import dataclasses
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_count, check_latents
from latentviewer.engine.importing.programs.network import said

_CHUNK = 64  # samples in one call
_FAMILY = "Python adapter"
_LARGEST_SIDE, _LARGEST_LATENT = 8192, 1 << 24
_BEYOND = 1e-3  # how far rounding may take a value out of 0..1


class AdaptedModel:
    """An adapter file that was executed.

    Args:
        path: where the file lies; what it imports is looked for in its folder too.
        source: what is executed, whatever lies at `path` by now.
        digest: of the source, for the card.

    Raises:
        UserError: its code failed, or what it gives for a first try is not what it promises.
    """

    def __init__(self, path: Path, source: bytes, digest: str) -> None:
        self._path = path
        self._module = ModuleType(f"latentviewer_adapter_{digest[:16]}")
        self._module.__file__ = str(path)
        with _importing_from(path.parent):
            self._execute(source)
            load = self._function("load")
            self._loaded = None if load is None else self._called("load", load, path.parent)
        self._encode, self._decode = self._function("encode"), self._function("decode")
        self._sample = self._function("sample")
        self._card = ModelCard(
            name=path.name,
            path=str(path),
            family=_FAMILY,
            latent_dim=self._latent_dim(),
            image=self._image(),
            capabilities=frozenset(),
            data=None,
            weights_hash=digest,
            parameters=_weights_of(self._loaded),
            figures={},
        )
        can = self._tried()
        self._card = dataclasses.replace(self._card, capabilities=frozenset(can))

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to means (b, d) and, where it gives them, deviations.

        Raises:
            UserError: there is no such function, it failed, or it broke its promise.
        """
        encode, shape = self._needed("encode", self._encode), self._card.image
        wanted = (shape.height, shape.width, shape.channels)
        if images.ndim != 4 or images.shape[1:] != wanted or images.dtype.kind != "f":
            raise UserError(
                f"{self._path.name} encodes images of shape {wanted} with values from 0 to 1, not "
                f"{images.dtype} of shape {images.shape[1:]}; choose a data set that fits."
            )
        if not len(images):
            none = np.empty((0, self._card.latent_dim), np.float32)
            spread = Capability.POSTERIOR in self._card.capabilities
            return Posterior(none, none if spread else None)
        means: list[NDArray[np.float32]] = []
        stds: list[NDArray[np.float32]] = []
        for part in _parts(np.asarray(images, np.float32)):
            given = self._called("encode", encode, self._loaded, part)
            if isinstance(given, tuple) and len(given) == 2:
                stds.append(self._latents("encode", given[1], len(part)))
                if stds[-1].min() < 0:
                    raise self._broken(
                        "encode",
                        "gave a standard deviation below 0; of a log variance it is "
                        "exp(logvar / 2)",
                    )
                given = given[0]
            means.append(self._latents("encode", given, len(part)))
        if stds and len(stds) != len(means):
            raise self._broken("encode", "gave a standard deviation some of the time only")
        return Posterior(np.concatenate(means), np.concatenate(stds) if stds else None)

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: there is no such function, it failed, or it broke its promise.
        """
        decode, shape = self._needed("decode", self._decode), self._card.image
        check_latents(self._path.name, self._card.latent_dim, latents)
        made = [np.empty((0, shape.height, shape.width, shape.channels), np.float32)]
        for part in _parts(np.asarray(latents, np.float32)):
            wanted = (len(part), shape.height, shape.width, shape.channels)
            given = self._called("decode", decode, self._loaded, part)
            images = self._checked("decode", given, wanted, "IMAGE")
            low, high = images.min(), images.max()
            if low < -_BEYOND or high > 1 + _BEYOND:
                raise self._broken(
                    "decode",
                    f"gave values from {low:.3g} to {high:.3g}, and images have 0 to 1; bring them "
                    "there, as by (x + 1) / 2 or x / 255, and clip the rest",
                )
            made.append(images.clip(0, 1))
        return np.concatenate(made)

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents that the adapter draws.

        Raises:
            UserError: there is no such function, it failed, or it broke its promise.
        """
        draw = self._needed("sample", self._sample)
        check_count(self._path.name, count)
        return self._latents(
            "sample", self._called("sample", draw, self._loaded, count, seed), count
        )

    def _tried(self) -> set[Capability]:
        """What it can do, after each function was called once."""
        can: set[Capability] = set()
        if self._encode is not None:
            can.add(Capability.ENCODE)
            shape = self._card.image
            noise = np.random.default_rng(0)
            grain = noise.random((2, shape.height, shape.width, shape.channels), np.float32)
            posterior = self.encode(grain)
            if posterior.std is not None:
                can.add(Capability.POSTERIOR)
        if self._sample is not None:
            can.add(Capability.SAMPLE)
            self.sample(2, 0)
        if self._decode is not None:
            can.add(Capability.DECODE)
            self.decode(np.zeros((2, self._card.latent_dim), np.float32))
        if not can & {Capability.ENCODE, Capability.DECODE}:
            raise UserError(f"{self._path} defines neither encode nor decode; write one of them.")
        return can

    def _execute(self, source: bytes) -> None:
        # Data classes and pickles look the module up by its name.
        sys.modules[self._module.__name__] = self._module
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # of odd escapes and the like
                warnings.simplefilter("ignore", DeprecationWarning)
                code = compile(source, str(self._path), "exec", dont_inherit=True)
            exec(code, self._module.__dict__)
        except (Exception, SystemExit) as error:
            raise self._failed("its code", error) from error

    def _called(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            with torch.inference_mode() if name != "load" else contextlib.nullcontext():
                return function(*arguments)
        except (Exception, SystemExit) as error:
            raise self._failed(name, error) from error

    def _failed(self, what: str, error: BaseException) -> UserError:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self._path)]
        line = lines[-1] if lines else 1
        if isinstance(error, SyntaxError) and error.filename == str(self._path):
            line = error.lineno or 1
        return UserError(
            f"{self._path}, line {line}: {what} failed with {type(error).__name__} "
            f"({said(error)}); mend it there."
        )

    def _broken(self, name: str, fault: str) -> UserError:
        return UserError(f"{self._path}: {name} {fault}.")

    def _function(self, name: str) -> Callable[..., Any] | None:
        found = getattr(self._module, name, None)
        if found is not None and not callable(found):
            raise self._broken(name, f"is a {type(found).__name__}; define it as a function")
        return found

    def _needed(self, name: str, function: Callable[..., Any] | None) -> Callable[..., Any]:
        if function is None:
            raise UserError(
                f"{self._path.name} has no function {name}; write it, or choose another model."
            )
        return function

    def _latents(self, name: str, given: Any, count: int) -> NDArray[np.float32]:
        return self._checked(name, given, (count, self._card.latent_dim), "LATENT_DIM")

    def _checked(
        self, name: str, given: Any, wanted: tuple[int, ...], constant: str
    ) -> NDArray[np.float32]:
        """What a function gave as float32, if it has the promised shape and is finite."""
        if isinstance(given, torch.Tensor):
            given = given.detach().cpu().numpy()
        if not isinstance(given, np.ndarray):
            raise self._broken(
                name, f"gave a {type(given).__name__}; return a numpy array of shape {wanted}"
            )
        if given.dtype.kind not in "fiu":
            raise self._broken(name, f"gave an array of {given.dtype}; return one of float32")
        if given.shape != wanted:
            raise self._broken(
                name,
                f"gave an array of shape {given.shape} where {wanted} was due; change it or "
                f"{constant}",
            )
        if not np.isfinite(given).all():
            raise self._broken(name, "gave values that are NaN or infinite; find out where from")
        return np.array(given, np.float32)

    def _image(self) -> ImageShape:
        given = getattr(self._module, "IMAGE", None)
        good = (
            isinstance(given, tuple | list)
            and len(given) == 3
            and all(type(side) is int and 0 < side <= _LARGEST_SIDE for side in given)
            and given[2] in (1, 3)
        )
        if not good:
            raise self._broken(
                f"IMAGE is {str(given)[:60]}",
                "and must be (height, width, channels) with 1 channel or 3; write it so",
            )
        assert given is not None
        return ImageShape(*given)

    def _latent_dim(self) -> int:
        given = getattr(self._module, "LATENT_DIM", None)
        if type(given) is not int or not 0 < given <= _LARGEST_LATENT:
            raise self._broken(
                f"LATENT_DIM is {str(given)[:60]}",
                "and must be how many numbers a latent has; write it so",
            )
        return given


def _parts(whole: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Parts of an array that the adapter may do with what it likes."""
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK].copy()


def _weights_of(loaded: Any) -> int:
    """How many weights a model has, where it is a module of torch or a few of them."""
    if isinstance(loaded, torch.nn.Module):
        return sum(weight.numel() for weight in loaded.parameters())
    if isinstance(loaded, dict):
        loaded = list(loaded.values())
    if isinstance(loaded, tuple | list):
        return sum(_weights_of(part) for part in loaded if isinstance(part, torch.nn.Module))
    return 0


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Lets modules that lie beside the adapter be imported, after all that is installed.

    They are forgotten again, so that the next adapter finds its own of the same name, and this
    one finds them changed once they are.
    """
    place, before = str(folder), set(sys.modules)
    sys.path.append(place)
    try:
        yield
    finally:
        sys.path.remove(place)
        for name in set(sys.modules) - before:
            top = name.partition(".")[0]
            file = Path(getattr(sys.modules[name], "__file__", None) or "none")
            if file == folder / f"{top}.py" or file.is_relative_to(folder / top):
                del sys.modules[name]
