"""The command that measures a space of words by its analogies."""

import argparse
import dataclasses
import math
from pathlib import Path

from latentviewer.cli.console import write_json, write_table
from latentviewer.domain.errors import UserError
from latentviewer.io.failures import cannot_read


def analogies(arguments: argparse.Namespace) -> int:
    """Measures how many analogies a space of words completes."""
    from latentviewer import bootstrap
    from latentviewer.domain.measures.analogies import Score, analogy_scores, parse_sections

    space = bootstrap.find_space(arguments.space)
    key = space.name_column()
    if key is None:
        raise UserError(f"{space.name} has no column of words.")
    column = space.columns[key]
    words = [column.text(row) for row in range(len(space))]
    sections = parse_sections(_text(arguments.questions), str(arguments.questions))
    scores = analogy_scores(space.latent, words, sections, arguments.metric)
    total = Score(
        "together",
        correct=sum(s.correct for s in scores),
        asked=sum(s.asked for s in scores),
        there=sum(s.there for s in scores),
    )
    if arguments.json:
        *listed, last = (
            {**dataclasses.asdict(s), "accuracy": None if math.isnan(s.accuracy) else s.accuracy}
            for s in (*scores, total)
        )
        write_json({"metric": arguments.metric, "sections": listed, "total": last})
        return 0
    rows = [("SECTION", "CORRECT", "ASKED", "OF", "")]
    for s in (*scores, total):
        share = f"{s.accuracy:.1%}" if s.asked else ""
        rows.append((s.name, f"{s.correct:,}", f"{s.asked:,}", f"{s.there:,}", share))
    write_table(rows, "<>>>>")
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text; save it again as UTF-8.") from error
    except OSError as error:
        raise cannot_read(path, error) from error
