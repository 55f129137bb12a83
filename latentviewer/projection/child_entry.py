"""What the child process does: warm up, then serve one request after another."""

import os
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.jobs.shared import SharedBlock

_WARM_POINTS = 64


def serve(connection: "Connection[Any, Any]") -> None:
    """Serves until the other end closes; see `latentviewer.jobs.child` for the messages.

    A request is a dict with `kind`, here `umap`; `latents` and `embedding`, each the name and
    shape of a shared block of float32; and any options of `run_umap`. What it sends when done
    is a tuple of sentences: what the reader of the map should mind.
    """
    _give_way()
    if not connection.poll(0):
        _warm()
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            if request["kind"] != "umap":
                raise ValueError(f"no request of the kind {request['kind']!r} is known")
            notes = _umap(request, connection)
        except UserError as error:
            connection.send(("failed", str(error), True))
        except (BrokenPipeError, ConnectionResetError):
            return
        except Exception:
            connection.send(("failed", traceback.format_exc(), False))
        else:
            connection.send(("done", notes))


def _umap(request: Mapping[str, Any], connection: "Connection[Any, Any]") -> tuple[str, ...]:
    from latentviewer.projection.umap_child import run_umap

    def report(fraction: float | None, text: str) -> None:
        connection.send(("progress", fraction, text, None))

    notes: list[str] = []
    options = {
        key: request[key]
        for key in ("dims", "n_neighbors", "min_dist", "metric", "seed", "n_epochs")
        if key in request
    }
    with (
        SharedBlock.attach(request["latents"]["name"]) as given,
        SharedBlock.attach(request["embedding"]["name"]) as made,
    ):
        latents = np.array(np.ndarray(request["latents"]["shape"], np.float32, given.buffer))
        embedding = np.ndarray(request["embedding"]["shape"], np.float32, made.buffer)
        run_umap(latents, embedding=embedding, report=report, note=notes.append, **options)
        del embedding
    return tuple(notes)


def _give_way() -> None:
    """Lets the window and the models go first where there are too few cores for all."""
    if hasattr(os, "nice"):
        os.nice(5)


def _warm() -> None:
    """Imports umap-learn and compiles what it compiles, before anyone waits for it."""
    from latentviewer.projection.umap_child import run_umap

    few = np.random.default_rng(0).normal(size=(_WARM_POINTS, 4)).astype(np.float32)
    for dims in (2, 3):
        run_umap(few, dims=dims, n_epochs=2)
