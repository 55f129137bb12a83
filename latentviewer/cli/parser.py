"""Commands, their options and their help; standard library only, so that it loads at once."""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from latentviewer import __version__
from latentviewer.cli.console import write_line, write_note
from latentviewer.cli.model_options import model_commands
from latentviewer.cli.options import (
    ANALOGY_METRICS,
    Help,
    add,
    metric,
    output,
    projection_options,
    space,
    theme,
)
from latentviewer.cli.values import count, count_or_zero, name, row, rows, size
from latentviewer.domain.metrics import METRICS
from latentviewer.projection.project import METHODS

DESCRIPTION = (
    "See, move through and edit latent spaces. Without a command the window opens. "
    "A MODEL is a bundled model's name, a model folder, or a file of another program; DATA is a "
    "data set's name, a folder of images, a zip, a table, a video or sounds; wherever a SPACE is "
    "read, the name of a bundled sample does as well. A bare bundled name means the bundled one; "
    "write ./NAME for a folder of yours."
)

_EPILOG = (
    "Exit codes: 0 done, 1 the output could not be written, 2 bad usage or input, 3 a file "
    "refused as unsafe, 130 stopped. "
    "Bundled samples are listed by “latentviewer samples”."
)

_PROJECT_JSON = """\
--json prints {written, map, method, dims, seed, parameters, seconds, quality, notes}:
  map: the new column, such as umap_2d; parameters: those of the method; method: what was used,
  which with fewer than 5 samples is pca; notes: sentences on what to mind;
  quality: {trustworthiness, continuity, k, sample, of}: both 0 to 1, measured with k neighbours
  on so many samples of so many; null where there are too few samples."""

_EVAL_JSON = """\
An expression joins latents: #12 is a sample, [3] the mean of a label, @A a group, $z1 a kept
latent of a project, mean(label == "3") the mean of the samples that a condition holds for. It
may begin with a minus.
--json prints {expression, dim, norm, latent, rows_used, nearest, written}:
  latent: d numbers; rows_used: samples the expression names;
  nearest: [{row, label, distance}], those samples left out; written: path or null."""

_NEIGHBORS_JSON = """\
--json prints {row, label, metric, neighbors}: neighbors is [{row, label, distance}], nearest
  first. For dot, distance is the inner product with its sign turned, so smaller is nearer."""

_ANALOGIES_JSON = """\
A question such as “man king woman queen” is answered by the word nearest to king - man + woman,
those three left out. Upper and lower case are the same.
--json prints {metric, sections, total}: sections is [{name, correct, asked, there, accuracy}]:
  asked: those whose four words are all there; accuracy: correct of asked, null where none was."""

_EXPORT_JSON = """\
A folder holds projector_config.pbtxt and the files that it names: vectors, columns, maps as
bookmarks, a sprite of the pictures where the data set is here, and lines along a project's path.
Files hold the maps and the columns; a project's groups are columns of true and false.
--json prints {written, rows, dims, notes}: notes: sentences on what was changed or left out."""

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
  A space or project adds {name, rows, dims, std, columns, maps, notes, provenance}, and vectors,
  [{name, rows, dims}], where a file holds several tables of them to choose from with PATH#NAME; a
  data set {name, rows, image, parts, notes}, a model {name, family, latent_dim, image, abilities,
  data, parameters, weights_hash, figures, space}, one of another program {hash, found, abilities,
  latent_dim, image, missing, questions} as “import --json” has them. A file that is refused as
  unsafe is still described on stdout; the exit code is then 3."""

_SAMPLES_JSON = """\
--json prints [{name, kind, model, data, space, available}]: space is the file of the latents."""

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


def build_parser() -> argparse.ArgumentParser:
    """The parser; a parsed command names its function in `run`, as `module:function`."""
    parser = _Parser(
        prog="latentviewer",
        description=_wrapped(DESCRIPTION),
        epilog=_wrapped(_EPILOG),
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"LatentViewer {__version__}")
    parser.set_defaults(run="machine:open_window", path=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    _window_commands(commands)
    _space_commands(commands)
    model_commands(commands)
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
    command = add(commands, "open", "machine:open_window", "open the window")
    command.add_argument(
        "path",
        nargs="?",
        type=name,
        metavar="PATH|SAMPLE",
        help="a space, table, project or sample to show",
    )

    command = add(
        commands, "shot", "pictures:shot", "draw the whole window into a picture", _SHOT_JSON
    )
    command.add_argument(
        "path", type=name, metavar="SAMPLE|PROJECT|SPACE", help="what the window shows"
    )
    output(command, "PNG", "the picture to write")
    command.add_argument("--size", type=size, default=(1440, 900), help="default 1440x900")
    theme(command)
    command.add_argument(
        "--scale", type=float, choices=(1.0, 2.0), default=1.0, help="pixels per point: 1 or 2"
    )
    command.add_argument("--method", help="projection to show, such as pca or umap")
    command.add_argument("--dims", type=int, choices=(2, 3), help="dimensions of the map")
    command.add_argument("--at", type=row, metavar="ROW", help="the sample in the preview")
    command.add_argument(
        "--via", type=rows, default=(), metavar="ROWS", help="samples of a path: 12,401,77"
    )
    command.add_argument(
        "--compare",
        type=name,
        metavar="OTHER",
        help="a space of the same samples, in a second map beside it",
    )


def _space_commands(commands: Any) -> None:
    add(commands, "samples", "spaces:samples", "list what is bundled", _SAMPLES_JSON)

    command = add(
        commands,
        "inspect",
        "spaces:inspect",
        "say what a file or folder is, and whether it is safe",
        _INSPECT_JSON,
    )
    command.add_argument(
        "path", type=name, metavar="PATH", help="or the name of a model or a data set"
    )

    command = add(
        commands, "project", "spaces:project", "add a projection to a space", _PROJECT_JSON
    )
    space(command)
    command.add_argument(
        "--method", choices=tuple(m.key for m in METHODS), default="umap", help="default umap"
    )
    command.add_argument("--dims", type=int, choices=(2, 3), default=2, help="default 2")
    projection_options(command)
    output(command, "OUT.arrow", "the space to write, with the new map")

    command = add(commands, "eval", "spaces:evaluate", "work out latent arithmetic", _EVAL_JSON)
    space(command)
    command.add_argument(
        "expression",
        metavar="EXPR",
        help='such as \'mean(label == "3") - mean(label == "8") + #12\'',
    )
    command.add_argument(
        "--model", type=name, metavar="MODEL", help="decoder; default: the space's own"
    )
    output(command, "OUT.png|.npy", "its decoded picture, or the latent itself", required=False)
    command.add_argument(
        "--nearest", type=count_or_zero, default=5, metavar="K", help="samples to list, default 5"
    )
    metric(command, METRICS)

    command = add(
        commands,
        "neighbors",
        "spaces:neighbors",
        "list the nearest samples of a sample",
        _NEIGHBORS_JSON,
    )
    space(command)
    command.add_argument(
        "--of", type=name, required=True, metavar="ROW", help="the sample's number, or its name"
    )
    command.add_argument("--k", type=count, default=10, help="how many, default 10")
    metric(command, METRICS)

    command = add(
        commands,
        "analogies",
        "analogies:analogies",
        "measure how many analogies a space of words completes",
        _ANALOGIES_JSON,
    )
    space(command)
    command.add_argument(
        "questions",
        type=Path,
        metavar="QUESTIONS",
        help="four words a line, below lines such as “: capitals”",
    )
    metric(command, ANALOGY_METRICS, "cosine")

    command = add(
        commands,
        "export",
        "exporting:export",
        "write samples for other programs: as a table, for a projector, for Embedding Atlas",
        _EXPORT_JSON,
    )
    space(command)
    output(
        command,
        "FOLDER|OUT.csv|.parquet|.arrow|.npy",
        "a folder for the TensorBoard projector, or a file; .npy holds the latents alone",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--rows", type=rows, metavar="ROWS", help="only these samples: 12,401,77; default all"
    )
    which.add_argument("--group", type=name, metavar="NAME", help="only this group of a project")
    which.add_argument(
        "--where",
        type=name,
        metavar="CONDITION",
        help="only samples that fit, such as 'label == \"3\"'",
    )
    command.add_argument(
        "--neighbors", type=count, metavar="K", help="with the K nearest samples of each"
    )
    metric(command, METRICS)
    command.add_argument(
        "--for",
        dest="purpose",
        choices=("embedding-atlas",),
        help="a .parquet with map, 15 neighbours, and pictures where the data set is here",
    )
    command.add_argument(
        "--method",
        help="a map to write, such as pca; default those there are, for Embedding "
        "Atlas the space's own, else pca",
    )
    command.add_argument(
        "--no-pictures", dest="pictures", action="store_false", help="no sprite, no images"
    )

    command = add(
        commands, "render", "pictures:render", "draw the map into a picture", _RENDER_JSON
    )
    space(command)
    output(
        command,
        "MAP.png|.svg|.pdf",
        "the picture to write; in .svg and .pdf, up to 20,000 points are shapes",
    )
    command.add_argument("--method", help="default: the space's own map, else pca")
    command.add_argument(
        "--color-by", "--colour-by", dest="color_by", metavar="COLUMN", help="default: the label"
    )
    command.add_argument("--dims", type=int, choices=(2, 3), default=2, help="default 2")
    command.add_argument("--size", type=size, default=(1600, 1000), help="default 1600x1000")
    theme(command)
    projection_options(command)


def _machine_commands(commands: Any) -> None:
    command = add(
        commands,
        "get",
        "machine:get",
        "download a data set; this uses the network",
        _GET_JSON,
    )
    command.add_argument("data", metavar="DATASET", help="mnist or fashion-mnist")

    command = add(
        commands, "bench", "machine:bench", "measure the speed beside its peers", _BENCH_JSON
    )
    command.add_argument("--quick", action="store_true", help="smaller sizes, fewer repeats")
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--models", action="store_true", help="the quality of the bundled models instead"
    )
    what.add_argument(
        "--only",
        action="append",
        metavar="GROUP",
        choices=("map", "latency", "loop", "start", "files", "projections"),
        help="map, latency, loop, start, files or projections; may be given more than once",
    )

    add(commands, "doctor", "machine:doctor", "check this installation and machine", _DOCTOR_JSON)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100)
