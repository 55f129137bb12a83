"""What the child process runs in these tests."""

import os
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from latentviewer.jobs.shared import SharedBlock


def serve(connection: "Connection[Any, Any]") -> None:
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        kind = request["kind"]
        if kind == "echo":
            connection.send(("progress", 0.5, "half", os.getpid()))
            connection.send(("done", request["value"]))
        elif kind == "die":
            os._exit(3)
        elif kind == "refuse":
            connection.send(("failed", "That cannot be done.", True))
        elif kind == "hang":
            connection.send(("progress", None, "hanging", os.getpid()))
            connection.poll(None)
        elif kind == "busy":
            connection.send(("progress", None, "busy", os.getpid()))
            threading.Event().wait()
        elif kind == "garbage":
            connection.send_bytes(b"this is no message")
        elif kind == "fill":
            with SharedBlock.attach(request["block"]) as block:
                array = np.ndarray((4,), np.float32, buffer=block.buffer)
                array[...] = request["value"]
                del array
            connection.send(("done", None))
