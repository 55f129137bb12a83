"""Options that several commands share, and how a command is declared."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentviewer.cli.values import count, count_or_zero, name, part, setting
from latentviewer.domain.metrics import METRICS

# As `domain.measures.analogies` has them, whose libraries would delay the help.
ANALOGY_METRICS = ("cosine", "dot", "euclidean")


class Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)
        # argparse forgets the indentation of the commands when it sets the column of the help.
        self._action_max_length = 15


def add(
    commands: Any, name: str, run: str, help_text: str, json_help: str = ""
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=json_help,
        formatter_class=Help,
        allow_abbrev=False,
    )
    if json_help:
        command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=run)
    return command


def space(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "space", type=name, metavar="SPACE", help="a space's file or a sample's name"
    )


def output(
    command: argparse.ArgumentParser, metavar: str, help_text: str, required: bool = True
) -> None:
    command.add_argument(
        "-o", "--output", type=Path, required=required, metavar=metavar, help=help_text
    )


def data_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-folder", type=Path, metavar="DIR", help="where data sets are looked for first"
    )


def theme(command: argparse.ArgumentParser) -> None:
    command.add_argument("--theme", choices=("dark", "light"), default="dark", help="default dark")


def metric(
    command: argparse.ArgumentParser, choices: Sequence[str], default: str = "euclidean"
) -> None:
    command.add_argument(
        "--metric", choices=choices, default=default, help=f"what is near, default {default}"
    )


def projection_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=count_or_zero, help="same seed, same picture; default 0")
    command.add_argument(
        "--neighbors", type=count, metavar="K", help="how many each sample is tied to"
    )
    command.add_argument("--min-dist", type=part, metavar="X", help="of UMAP, 0 to 1, default 0.1")
    command.add_argument("--metric", choices=METRICS, help="what is near, default euclidean")
    command.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="another option of the method, such as perplexity=50",
    )
