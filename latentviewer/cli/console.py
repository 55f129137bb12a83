"""Where the command line writes: results to stdout, progress and faults to stderr."""

import contextlib
import io
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

if TYPE_CHECKING:
    from latentviewer.jobs.progress import Progress

T = TypeVar("T")

_REWRITES_PER_S = 10.0
_QUIET_LINE_EVERY_S = 10.0
_QUIET_LINE_EVERY_FRACTION = 0.25
_ETA_AFTER_S = 2.0


class OutputError(Exception):
    """The result cannot be written to stdout; the text is the system's reason."""


def write_line(text: str = "") -> None:
    """One line of result.

    Raises:
        OutputError: stdout is closed, or what it leads to is full.
    """
    stream = _output()
    if stream is None:
        raise OutputError("it is closed")
    with _output_faults():
        stream.write(_encodable(text, stream) + "\n")


def flush_output() -> None:
    """Hands over what was written; nothing where nothing could be.

    Raises:
        OutputError: what stdout leads to is full.
    """
    stream = _output()
    if stream is not None:
        with _output_faults():
            stream.flush()


def fill_missing_streams() -> None:
    """Opens the null device in place of standard streams that were closed before the start.

    The next file that is opened would take their number, and get what is written to them.
    """
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(descriptor)


def give_up(stream: TextIO | None) -> None:
    """Leads a stream to the null device, so that what is left in it is lost in silence."""
    # As Python's own documentation of SIGPIPE advises: what is left in the buffer must
    # not be written when the interpreter ends.
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def one_line(text: str) -> str:
    """`text` with line ends and other control characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(count: int, noun: str) -> str:
    """Such as `1 frame` and `1,200 frames`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def write_json(document: Any) -> None:
    """The one JSON document of a command; numbers that are not finite become null."""
    import json

    plain = json_values(document)
    utf8 = _writes_utf8(_output())
    text = json.dumps(plain, indent=2, ensure_ascii=not utf8, allow_nan=False)
    write_line(text)


def write_note(text: str) -> None:
    """One line beside the result, on stderr; lost where that cannot be written to."""
    stream: TextIO | None = getattr(sys, "stderr", None)
    if stream is None:
        return
    try:
        stream.write(_encodable(one_line(text.replace("\n", " ")), stream) + "\n")
        stream.flush()
    except (OSError, ValueError):
        give_up(stream)


def write_table(rows: Sequence[Sequence[str]], align: str = "") -> None:
    """Rows in columns of even width; the first row holds the titles.

    Args:
        align: one of `<` and `>` for each column; `<` where it is shorter than the rows.
    """
    if not rows:
        return
    rows = [[one_line(text) for text in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    sides = align.ljust(len(widths), "<")
    for row in rows:
        cells = (
            text.rjust(width) if side == ">" else text.ljust(width)
            for text, width, side in zip(row, widths, sides, strict=True)
        )
        write_line("  ".join(cells).rstrip())


def json_values(value: Any) -> Any:
    """`value` with plain numbers, lists and strings for whatever numpy or pathlib made."""
    if isinstance(value, Mapping):
        return {str(key): json_values(inner) for key, inner in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return json_values(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [json_values(inner) for inner in value]
    return str(value)


class ProgressLine:
    """Progress of one command: a line rewritten on a terminal, else a line now and then."""

    def __init__(
        self,
        title: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title = title
        # Where stderr is closed, the lines go nowhere.
        self._stream: TextIO = stream or getattr(sys, "stderr", None) or io.StringIO()
        self._clock = clock
        self._rewrites = self._stream.isatty()
        self._started = clock()
        self._shown_at: float | None = None
        self._shown_fraction = 0.0

    def show(self, fraction: float | None, text: str = "") -> None:
        """Tells how far the work is.

        Args:
            fraction: 0..1, or None where that cannot be known.
            text: what is being done.
        """
        now = self._clock()
        if self._is_due(now, fraction):
            self._shown_at, self._shown_fraction = now, fraction or 0.0
            self._put(self._line(now, fraction, text))

    def close(self) -> None:
        """Takes the rewritten line away, so that what follows begins on a clean one."""
        if self._rewrites and self._shown_at is not None:
            self._write("\r\x1b[K")

    def _is_due(self, now: float, fraction: float | None) -> bool:
        if self._shown_at is None:
            return True
        since = now - self._shown_at
        if self._rewrites:
            return since >= 1.0 / _REWRITES_PER_S
        advanced = (fraction or 0.0) - self._shown_fraction
        return since >= _QUIET_LINE_EVERY_S or advanced >= _QUIET_LINE_EVERY_FRACTION

    def _line(self, now: float, fraction: float | None, text: str) -> str:
        parts = [self._title if not text else f"{self._title}: {text}"]
        if fraction is not None:
            parts.append(f"{min(max(fraction, 0.0), 1.0):.0%}")
            elapsed = now - self._started
            if elapsed >= _ETA_AFTER_S and 0.01 < fraction < 1.0:
                parts.append(f"{_duration(elapsed * (1.0 - fraction) / fraction)} left")
        return ", ".join(parts)

    def _put(self, line: str) -> None:
        line = _encodable(one_line(line.replace("\n", " ")), self._stream)
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r{line[:width]}\x1b[K")
        else:
            self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # The work is worth more than the news of it.
            give_up(self._stream)


def follow(title: str, steps: "Generator[Progress, None, T]") -> T:
    """Runs a job to its end, shows its progress, returns its result.

    An exception, Ctrl-C included, closes the job first, so that it can put away what it
    has half written.
    """
    line = ProgressLine(title)
    try:
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            line.show(progress.fraction, progress.text)
    finally:
        steps.close()
        line.close()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _output() -> TextIO | None:
    """stdout, which Python leaves out where it was closed before the start."""
    stream: TextIO | None = getattr(sys, "stdout", None)
    return stream


@contextlib.contextmanager
def _output_faults() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError((getattr(error, "strerror", None) or str(error)).lower()) from error


def _writes_utf8(stream: TextIO | None) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _encodable(text: str, stream: TextIO) -> str:
    # A label in any script must not end the command on a terminal that cannot show it.
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
