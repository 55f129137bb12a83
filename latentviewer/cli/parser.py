"""Commands, their options and their help; standard library only, so that it loads at once."""

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from latentviewer import __version__
from latentviewer.cli.console import write_line, write_note

DESCRIPTION = (
    "See, move through and edit latent spaces. Without a command the window opens. "
    "A MODEL is a bundled model's name or a model folder; DATA is a data set's name or a "
    "folder; wherever a SPACE is read, the name of a bundled sample does as well. A bare bundled "
    "name means the bundled one; write ./NAME for a folder of yours."
)

_EPILOG = (
    "Exit codes: 0 done, 1 the output could not be written, 2 bad usage or input, 3 a file "
    "refused as unsafe, 130 stopped. "
    "Bundled samples are listed by “latentviewer samples”."
)

_ENCODE_JSON = """\
--json prints {written, samples, latent_dim, has_std, columns, model, model_hash, data, seconds}:
  written: the space's path; columns: names of the table's columns."""

_PROJECT_JSON = """\
--json prints {written, map, method, dims, seed, parameters, seconds, quality, notes}:
  map: the new column, such as umap_2d; parameters: those of the method; method: what was used,
  which with fewer than 5 samples is pca; notes: sentences on what to mind;
  quality: {trustworthiness, continuity, k, sample, of}: both 0 to 1, measured with k neighbours
  on so many samples of so many; null where there are too few samples."""

_DECODE_JSON = """\
--json prints {written, model, latents, image}: image is {height, width, channels}."""

_EVAL_JSON = """\
An expression joins latents: #12 is a sample, [3] the mean of a label, @A a group, $z1 a kept
latent of a project, mean(label == "3") the mean of the samples that a condition holds for. It
may begin with a minus.
--json prints {expression, dim, norm, latent, rows_used, nearest, written}:
  latent: d numbers; rows_used: samples the expression names;
  nearest: [{row, label, distance}], Euclidean, those samples left out; written: path or null."""

_PATH_JSON = """\
--json prints {written, frames, fps, mode, closed, length, waypoints}:
  length: of the path in latent space; waypoints: [{row, label, frame}]."""

_NEIGHBORS_JSON = """\
--json prints {row, label, metric, neighbors}: neighbors is [{row, label, distance}], nearest
  first. For dot, distance is the inner product with its sign turned, so smaller is nearer."""

_RENDER_JSON = """\
--json prints {written, map, width, height, points, drawn, color_by, computed, quality, notes}:
  drawn: points that lie in the picture; computed: whether the map was made for this picture;
  quality: as that of project; notes: sentences on what to mind."""

_SHOT_JSON = """\
--json prints {written, width, height}, in pixels of the picture."""

_INSPECT_JSON = """\
--json prints what it is; at least {path, kind, format, safe, usable, why}:
  kind: model, space, project, data set or unknown; safe: whether it can be opened without
  running code from it; usable: whether it opens; why: a sentence where it does not, else null.
  A space or project adds {name, rows, dims, std, columns, maps, provenance}, a data set {name,
  rows, image, parts}, a model {name, family, latent_dim, image, abilities, data, parameters,
  weights_hash, figures, space}. A file that is refused as unsafe is still described on stdout;
  the exit code is then 3."""

_SAMPLES_JSON = """\
--json prints [{name, kind, model, data, space, available}]: space is the file of the latents."""

_TRAIN_JSON = """\
--json prints {written, recipe, seconds, figures}; with --evaluate
  {model, data, figures}: figures such as nelbo, reconstruction, kl (nats per image)."""

_BENCH_JSON = """\
--json prints {machine, rows: [{name, unit, ours, peer, peer_name, ratio, goal, met}]}:
  ours and peer: medians measured in this run; goal: in words; met: whether it was reached, or
  null for a row without a goal."""

_DOCTOR_JSON = """\
--json prints {version, python, platform, packages, qt, devices, agreement, bundled, data, kernels,
problems}: qt: {platform, missing_packages}; agreement: per device, the largest difference from
  the processor's decode; problems: sentences, empty where all is well."""

_GET_JSON = """\
--json prints {data, folder}."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        one_line = message.replace("\n", " ")
        self.exit(2, f"latentviewer: {one_line}; see “{self.prog} --help”.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse itself is silent about text that cannot be written.
        if message and file is not None and file is sys.stderr:
            write_note(message.rstrip("\n"))
        elif message:
            write_line(message.rstrip("\n"))


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)
        # argparse forgets the indentation of the commands when it sets the column of the help.
        self._action_max_length = 15


def build_parser() -> argparse.ArgumentParser:
    """The parser; a parsed command names its function in `run`, as `module:function`."""
    parser = _Parser(
        prog="latentviewer",
        description=_wrapped(DESCRIPTION),
        epilog=_wrapped(_EPILOG),
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"LatentViewer {__version__}")
    parser.set_defaults(run="machine:open_window", path=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    _window_commands(commands)
    _space_commands(commands)
    _model_commands(commands)
    _machine_commands(commands)
    return parser


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The parsed words; an expression may begin with a minus, as in `-#1`.

    Raises:
        SystemExit: after help, the version or a fault of usage was shown.
    """
    arguments = build_parser().parse_args(_with_marked_expression(words))
    if isinstance(getattr(arguments, "expression", None), str):
        arguments.expression = arguments.expression.removeprefix(" ")
    return arguments


def _with_marked_expression(words: Sequence[str]) -> list[str]:
    """Puts a space before what looks like an option of `eval` and is none.

    argparse takes every word that begins with a minus for an option, unless it holds a space.
    """
    if not words or words[0] != "eval":
        return list(words)
    marked = [words[0]]
    for before, word in pairwise(words):
        is_value = before in _EVAL_TAKES_VALUE
        is_expression = word.startswith("-") and not _OPTION.fullmatch(word)
        marked.append(f" {word}" if is_expression and not is_value else word)
    return marked


_EVAL_TAKES_VALUE = ("-o", "--output", "--model", "--nearest")
_OPTION = re.compile(r"-h|-o.*|--|--[a-z][a-z-]*(=.*)?", re.DOTALL)


def _window_commands(commands: Any) -> None:
    command = _add(commands, "open", "machine:open_window", "open the window")
    command.add_argument(
        "path",
        nargs="?",
        type=_name,
        metavar="PATH|SAMPLE",
        help="a space, table, project or sample to show",
    )

    command = _add(
        commands, "shot", "pictures:shot", "draw the whole window into a picture", _SHOT_JSON
    )
    command.add_argument(
        "path", type=_name, metavar="SAMPLE|PROJECT|SPACE", help="what the window shows"
    )
    _output(command, "PNG", "the picture to write")
    command.add_argument("--size", type=_size, default=(1440, 900), help="default 1440x900")
    _theme(command)
    command.add_argument(
        "--scale", type=float, choices=(1.0, 2.0), default=1.0, help="pixels per point: 1 or 2"
    )
    command.add_argument("--method", help="projection to show, such as pca or umap")
    command.add_argument("--dims", type=int, choices=(2, 3), help="dimensions of the map")
    command.add_argument("--at", type=_row, metavar="ROW", help="the sample in the preview")
    command.add_argument(
        "--via", type=_rows, default=(), metavar="ROWS", help="samples of a path: 12,401,77"
    )


def _space_commands(commands: Any) -> None:
    _add(commands, "samples", "spaces:samples", "list what is bundled", _SAMPLES_JSON)

    command = _add(
        commands,
        "inspect",
        "spaces:inspect",
        "say what a file or folder is, and whether it is safe",
        _INSPECT_JSON,
    )
    command.add_argument(
        "path", type=_name, metavar="PATH", help="or the name of a model or a data set"
    )

    command = _add(
        commands, "project", "spaces:project", "add a projection to a space", _PROJECT_JSON
    )
    _space(command)
    command.add_argument("--method", choices=("pca", "umap"), default="umap", help="default umap")
    command.add_argument("--dims", type=int, choices=(2, 3), default=2, help="default 2")
    _umap_options(command)
    _output(command, "OUT.arrow", "the space to write, with the new map")

    command = _add(commands, "eval", "spaces:evaluate", "work out latent arithmetic", _EVAL_JSON)
    _space(command)
    command.add_argument(
        "expression",
        metavar="EXPR",
        help='such as \'mean(label == "3") - mean(label == "8") + #12\'',
    )
    command.add_argument(
        "--model", type=_name, metavar="MODEL", help="decoder; default: the space's own"
    )
    _output(command, "OUT.png|.npy", "its decoded picture, or the latent itself", required=False)
    command.add_argument(
        "--nearest", type=_count_or_zero, default=5, metavar="K", help="samples to list, default 5"
    )

    command = _add(
        commands,
        "neighbors",
        "spaces:neighbors",
        "list the nearest samples of a sample",
        _NEIGHBORS_JSON,
    )
    _space(command)
    command.add_argument("--of", type=_row, required=True, metavar="ROW", help="the sample")
    command.add_argument("--k", type=_count, default=10, help="how many, default 10")
    command.add_argument(
        "--metric",
        choices=("euclidean", "cosine", "dot", "correlation"),
        default="euclidean",
        help="default euclidean",
    )

    command = _add(
        commands, "render", "pictures:render", "draw the map into a picture", _RENDER_JSON
    )
    _space(command)
    _output(command, "MAP.png", "the picture to write")
    command.add_argument("--method", help="default: umap where the space has it, else pca")
    command.add_argument(
        "--color-by", "--colour-by", dest="color_by", metavar="COLUMN", help="default: the label"
    )
    command.add_argument("--dims", type=int, choices=(2, 3), default=2, help="default 2")
    command.add_argument("--size", type=_size, default=(1600, 1000), help="default 1600x1000")
    _theme(command)
    _umap_options(command)


def _model_commands(commands: Any) -> None:
    command = _add(
        commands,
        "encode",
        "models:encode",
        "turn a data set into a space of latents",
        _ENCODE_JSON,
    )
    command.add_argument(
        "model", type=_name, metavar="MODEL", help="a bundled model's name or its folder"
    )
    command.add_argument(
        "data", type=_name, metavar="DATA", help="such as mnist:test, digits, or a folder"
    )
    _output(command, "SPACE.arrow", "the space to write")
    _data_folder(command)
    command.add_argument(
        "--batch", type=_count, default=256, metavar="N", help="images at once, default 256"
    )
    command.add_argument("--limit", type=_count, metavar="N", help="only the first N samples")

    command = _add(commands, "decode", "models:decode", "turn latents into pictures", _DECODE_JSON)
    command.add_argument(
        "model", type=_name, metavar="MODEL", help="a bundled model's name or its folder"
    )
    command.add_argument(
        "--latents", required=True, type=Path, metavar="Z.npy", help="(n, d) or (d,) numbers"
    )
    _output(command, "OUT.png|.npy", "a grid of pictures, or (n, h, w, c) float32 in 0..1")

    command = _add(
        commands, "path", "models:path", "write the frames of a way through a space", _PATH_JSON
    )
    _space(command)
    command.add_argument(
        "--model", type=_name, metavar="MODEL", help="decoder; default: the space's own"
    )
    command.add_argument(
        "--via", type=_rows, required=True, metavar="ROWS", help="samples in order: 12,401,77"
    )
    command.add_argument(
        "--mode", choices=("linear", "slerp"), default="linear", help="default linear"
    )
    command.add_argument("--frames", type=_count, default=60, help="of the whole path, default 60")
    command.add_argument("--fps", type=_count, default=24, help="frames a second, default 24")
    command.add_argument("--closed", action="store_true", help="go back to the first sample")
    _output(
        command,
        "OUT.mp4|.gif|.png|.npy",
        "a film, a strip of pictures, or the latents of the frames",
    )

    command = _add(commands, "train", "models:train", "train a bundled model again", _TRAIN_JSON)
    command.add_argument("recipe", metavar="RECIPE", help="such as mnist-vae or digits-vae")
    _data_folder(command)
    command.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="model folder; default: RECIPE, here"
    )
    command.add_argument("--epochs", type=_count, help="at most; default: the recipe's")
    command.add_argument("--seed", type=_count_or_zero, help="default: the recipe's")
    again = command.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where the run stopped; default")
    again.add_argument("--fresh", action="store_true", help="forget an unfinished run in OUT")
    command.add_argument(
        "--evaluate",
        action="store_true",
        help="train nothing; measure the model in OUT, or the bundled one, on its test data",
    )


def _machine_commands(commands: Any) -> None:
    command = _add(
        commands,
        "get",
        "machine:get",
        "download a data set; this uses the network",
        _GET_JSON,
    )
    command.add_argument("data", metavar="DATASET", help="mnist or fashion-mnist")

    command = _add(
        commands, "bench", "machine:bench", "measure the speed beside its peers", _BENCH_JSON
    )
    command.add_argument("--quick", action="store_true", help="smaller sizes, fewer repeats")
    command.add_argument(
        "--only",
        action="append",
        metavar="GROUP",
        choices=("map", "latency", "loop", "start"),
        help="map, latency, loop or start; may be given more than once",
    )

    _add(commands, "doctor", "machine:doctor", "check this installation and machine", _DOCTOR_JSON)


def _add(
    commands: Any, name: str, run: str, help_text: str, json_help: str = ""
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=json_help,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    if json_help:
        command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=run)
    return command


def _space(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "space", type=_name, metavar="SPACE", help="a space's file or a sample's name"
    )


def _output(
    command: argparse.ArgumentParser, metavar: str, help_text: str, required: bool = True
) -> None:
    command.add_argument(
        "-o", "--output", type=Path, required=required, metavar=metavar, help=help_text
    )


def _data_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-folder", type=Path, metavar="DIR", help="where data sets are looked for first"
    )


def _theme(command: argparse.ArgumentParser) -> None:
    command.add_argument("--theme", choices=("dark", "light"), default="dark", help="default dark")


def _umap_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=_count_or_zero, default=0, help="same seed, same picture; default 0"
    )
    command.add_argument(
        "--neighbors", type=_count, default=15, metavar="K", help="of UMAP, default 15"
    )
    command.add_argument(
        "--min-dist", type=_part, default=0.1, metavar="X", help="of UMAP, 0 to 1, default 0.1"
    )
    command.add_argument(
        "--metric",
        choices=("euclidean", "cosine", "correlation"),
        default="euclidean",
        help="of UMAP, default euclidean",
    )


def _typed(what: str) -> Callable[[Callable[[str], Any]], Callable[[str], Any]]:
    """Names what was expected when a value cannot be read."""

    def wrap(read: Callable[[str], Any]) -> Callable[[str], Any]:
        def checked(text: str) -> Any:
            try:
                return read(text)
            except ValueError:
                raise argparse.ArgumentTypeError(f"“{text}” is not {what}") from None

        return checked

    return wrap


@_typed("a whole number of 1 or more")
def _count(text: str) -> int:
    return _at_least(1, text)


@_typed("a whole number of 0 or more")
def _count_or_zero(text: str) -> int:
    return _at_least(0, text)


@_typed("a name or a path")
def _name(text: str) -> str:
    if not text.strip():
        raise ValueError(text)
    return text


@_typed("a row; write its number, such as 12")
def _row(text: str) -> int:
    return _at_least(0, text.removeprefix("#"))


@_typed("a list of rows; write it as 12,401,77")
def _rows(text: str) -> tuple[int, ...]:
    return tuple(_at_least(0, part.strip().removeprefix("#")) for part in text.split(","))


@_typed("a number from 0 to 1")
def _part(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError(text)
    return value


@_typed("a size of 64 to 16384 pixels a side; write it as 1600x1000")
def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", text)
    if match is None:
        raise ValueError(text)
    width, height = int(match[1]), int(match[2])
    if not (64 <= width <= 16384 and 64 <= height <= 16384):
        raise ValueError(text)
    return width, height


def _at_least(least: int, text: str) -> int:
    value = int(text)
    if value < least or value > sys.maxsize:
        raise ValueError(text)
    return value


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100)
