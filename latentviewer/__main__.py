"""Process entry: the command line, or the window."""

import multiprocessing
import sys


def main() -> int:
    """Runs the program with the process's arguments; returns its exit code."""
    # First of all, or a frozen program's child process would open a window of its own.
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    if not arguments:
        from latentviewer.bootstrap import open_window

        return open_window(None)
    from latentviewer.cli import main as command_line

    return command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
