"""The same work without a window; see `main`."""

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from latentviewer.cli.console import (
    OutputError,
    fill_missing_streams,
    flush_output,
    give_up,
    write_note,
)
from latentviewer.cli.parser import parse
from latentviewer.domain.errors import CancelledError, ExpressionError, UnsafeFileError, UserError

OK = 0
CLOSED_OUTPUT = 1
BAD_INPUT = 2
UNSAFE = 3
INTERRUPTED = 130

_FULL = {errno.ENOSPC, errno.EDQUOT}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process's exit code.

    Results go to stdout, progress and faults to stderr. A refusal is one line. A defect
    of the program is not caught here.

    Args:
        argv: the words after the program's name; those of the process where None.

    Returns:
        0; 1 where stdout cannot be written to or its reader went away; 2 for bad usage or
        input; 3 for a file refused as unsafe; 130 after Ctrl-C.
    """
    fill_missing_streams()
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        flush_output()
    except BrokenPipeError:
        give_up(sys.stdout)
        return CLOSED_OUTPUT
    except OutputError as error:
        _show_fault(f"the result could not be written to the standard output: {error}.")
        give_up(sys.stdout)
        return CLOSED_OUTPUT
    return code


def _run(words: list[str]) -> int:
    try:
        arguments = parse(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else OK
    # Asked here, because torch's libraries end the process over it in their own way.
    if _folder_is_gone():
        _show_fault("The present folder no longer exists; change to another and start again.")
        return BAD_INPUT
    try:
        return _command(arguments.run)(arguments)
    except ExpressionError as error:
        _show_expression_fault(error, getattr(arguments, "expression", ""))
        return BAD_INPUT
    except UnsafeFileError as error:
        _show_fault(str(error))
        return UNSAFE
    except UserError as error:
        _show_fault(str(error))
        return BAD_INPUT
    except (KeyboardInterrupt, CancelledError):
        _show_fault("stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        sentence = _system_fault(error)
        if sentence is None:
            raise
        _show_fault(sentence)
        return BAD_INPUT
    except MemoryError:
        _show_fault("The memory of this machine is not enough for that; ask for less at once.")
        return BAD_INPUT


def _system_fault(error: OSError) -> str | None:
    """What the system refused, as a sentence; None where that is no fault of the user's."""
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        return f"{error.filename}: {reason}; check the path and its permissions."
    return "The disk is full; free some space." if error.errno in _FULL else None


def _folder_is_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _command(run: str) -> Callable[[argparse.Namespace], int]:
    """The function behind `module:function`.

    Written out, because a frozen program cannot discover what is imported by a made-up name.
    """
    module_name, _, function = run.partition(":")
    module: ModuleType
    if module_name == "spaces":
        from latentviewer.cli import spaces

        module = spaces
    elif module_name == "analogies":
        from latentviewer.cli import analogies

        module = analogies
    elif module_name == "importing":
        from latentviewer.cli import importing

        module = importing
    elif module_name == "exporting":
        from latentviewer.cli import exporting

        module = exporting
    elif module_name == "models":
        from latentviewer.cli import models

        module = models
    elif module_name == "making":
        from latentviewer.cli import making

        module = making
    elif module_name == "pictures":
        from latentviewer.cli import pictures

        module = pictures
    else:
        from latentviewer.cli import machine

        module = machine
    command: Callable[[argparse.Namespace], int] = getattr(module, function)
    return command


def _show_fault(sentence: str) -> None:
    write_note(f"latentviewer: {sentence}")


def _show_expression_fault(error: ExpressionError, text: str) -> None:
    """The sentence on the first line, then the expression with a caret under the fault."""
    _show_fault(str(error))
    one_line = "".join(c if c.isprintable() else " " for c in text)
    write_note(f"  {one_line}")
    write_note(f"  {' ' * error.position}^")
