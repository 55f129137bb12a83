"""Process entry: the command line, or the window."""

import multiprocessing
import sys


def main() -> int:
    """Runs the program with the process's arguments; returns its exit code."""
    # First of all, or a frozen program's child process would open a window of its own.
    multiprocessing.freeze_support()
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        # The command line says this itself; here the program was still being loaded.
        sys.stderr.write("latentviewer: stopped.\n")
        return 130


def _run(arguments: list[str]) -> int:
    if not arguments:
        from latentviewer.bootstrap.display import has_display

        if has_display():
            from latentviewer.bootstrap import open_window

            return open_window(None)
    from latentviewer.cli import main as command_line

    return command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
