"""The same work without a window; see `main`."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from latentviewer.cli.console import write_note
from latentviewer.cli.parser import build_parser
from latentviewer.domain.errors import CancelledError, ExpressionError, UnsafeFileError, UserError

OK = 0
CLOSED_OUTPUT = 1
BAD_INPUT = 2
UNSAFE = 3
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process's exit code.

    Results go to stdout, progress and faults to stderr. A refusal is one line. A defect
    of the program is not caught here.

    Args:
        argv: the words after the program's name; those of the process where None.

    Returns:
        0; 1 where the reader of stdout went away; 2 for bad usage or input; 3 for a file
        refused as unsafe; 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = build_parser().parse_args(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else OK
    try:
        code = _command(arguments.run)(arguments)
        sys.stdout.flush()
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
        return _closed_output()
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or str(error)).lower()
        _show_fault(f"{error.filename}: {reason}; check the path and its permissions.")
        return BAD_INPUT
    except MemoryError:
        _show_fault("The memory of this machine is not enough for that; use fewer samples.")
        return BAD_INPUT
    return code


def _command(run: str) -> Callable[[argparse.Namespace], int]:
    """The function behind `module:function`.

    Written out, because a frozen program cannot discover what is imported by a made-up name.
    """
    module_name, _, function = run.partition(":")
    module: ModuleType
    if module_name == "spaces":
        from latentviewer.cli import spaces

        module = spaces
    elif module_name == "models":
        from latentviewer.cli import models

        module = models
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


def _closed_output() -> int:
    # As Python's own documentation of SIGPIPE advises: what is left in the buffer must
    # not be written when the interpreter ends.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_OUTPUT
