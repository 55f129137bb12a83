"""Commands for models that other programs made: import, trust, new-adapter."""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentviewer.cli.console import write_json, write_line, write_note
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.importing import Offer, Question, Trial, answered
from latentviewer.domain.ports import Capability

_SIGNS = {True: "ok", False: "FAILED", None: "not tried"}


def import_model(arguments: argparse.Namespace) -> int:
    """Says how a model file is read, tries it, and keeps what was said about it."""
    from latentviewer import bootstrap

    path = arguments.path.expanduser()
    if not path.exists():
        raise UserError(f"{path} does not exist; check the path.")
    said = {**bootstrap.stored_answers(path), **_said(arguments.answer)}
    offer = bootstrap.import_offer(path, said)
    if offer is None:
        raise UserError(f"{path} is no model of another program; “latentviewer inspect” says more.")
    _check_answers(offer, _said(arguments.answer))
    trusted = offer.danger is None or bootstrap.trusted_files().trusts(offer.file_hash)
    if not trusted:
        raise UnsafeFileError(f"{offer.danger} Then say “latentviewer trust {path}”.")
    trial = bootstrap.try_import(path, said, arguments.data, bootstrap.open_data)
    kept = None
    if trial.opens:
        kept = bootstrap.keep_answers(path, said)
    if arguments.json:
        write_json(
            {**bootstrap.offer_report(trial.offer, said), **_trial_document(trial), "kept": kept}
        )
    else:
        _write(trial, said)
        if kept is not None:
            write_line(f"Kept in {kept}; encode a data set with “latentviewer encode {path} DATA”.")
    if not trial.opens:
        raise UserError(trial.fault or trial.offer.missing[0])
    return 0


def trust(arguments: argparse.Namespace) -> int:
    """Lets a file run code, lists those that may, or takes it back."""
    from latentviewer import bootstrap

    files = bootstrap.trusted_files()
    if arguments.list:
        if arguments.path is not None:
            raise UserError("--list names no file; leave one of them out.")
        known = [{"hash": entry.hash, "path": entry.path} for entry in files.all()]
        if arguments.json:
            write_json(known)
        else:
            for entry in files.all():
                write_line(f"{entry.hash}  {entry.path}")
        return 0
    if arguments.path is None:
        raise UserError("Name the file to trust, or say --list.")
    if arguments.revoke and (content := _trusted_hash(arguments.path)) is not None:
        files.revoke(content)
        return _say_trust(arguments.json, content, False)
    path = Path(arguments.path).expanduser()
    offer = bootstrap.import_offer(path) if path.exists() else None
    if offer is None:
        raise UserError(f"{path} is no model file that asks for trust; check the path.")
    if arguments.revoke:
        files.revoke(offer.file_hash)
        return _say_trust(arguments.json, offer.file_hash, False)
    if offer.danger is None:
        raise UserError(f"{path} is opened without running code from it and needs no trust.")
    files.trust(offer.file_hash, path)
    return _say_trust(arguments.json, offer.file_hash, True)


def new_adapter(arguments: argparse.Namespace) -> int:
    """Writes a Python file that tells how to open a model, to be filled in."""
    from latentviewer import bootstrap

    written = bootstrap.new_adapter(arguments.path.expanduser())
    if arguments.json:
        write_json({"written": written})
    else:
        write_line(f"Wrote {written}; fill it in, then “latentviewer trust {written}”.")
    return 0


def _trial_document(trial: Trial) -> dict[str, Any]:
    checks = [dataclasses.asdict(check) for check in trial.checks]
    return {"data": trial.data, "checks": checks, "why": trial.fault}


def _write(trial: Trial, said: Mapping[str, str]) -> None:
    offer = trial.offer
    write_line(f"{offer.path}: {offer.format}")
    for sentence in offer.found:
        write_line(f"  {sentence}")
    does = [known.value for known in Capability if known in offer.capabilities]
    if does:
        write_line(f"  It can {', '.join(does)}.")
    for question in offer.questions:
        choices = ", ".join(value for value, _ in question.choices) or "a whole number"
        write_line(f"  {question.key} = {answered(question, said)}  ({choices})")
        write_note(f"    {question.title}: {question.why}")
    if trial.data is not None and trial.checks:
        write_line(f"Tried on {trial.data}:")
    for check in trial.checks:
        write_line(f"  {_SIGNS[check.passed]:9}  {check.name}: {check.text}")


def _said(pairs: list[tuple[str, str]]) -> dict[str, str]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise UserError("--answer answers the same question twice; answer it once.")
    return said


def _check_answers(offer: Offer, said: Mapping[str, str]) -> None:
    questions = {question.key: question for question in offer.questions}
    for key, value in said.items():
        if key not in questions:
            asked = ", ".join(questions) or "nothing"
            raise UserError(f"{offer.path} does not ask for “{key}”; it asks for {asked}.")
        if answered(questions[key], said) != value:
            raise UserError(
                f"“{value}” is no answer to “{key}”; choose {_choices(questions[key])}."
            )


def _choices(question: Question) -> str:
    return ", ".join(value for value, _ in question.choices) or "a whole number above 0"


def _trusted_hash(text: str) -> str | None:
    """The trusted hash that a text is, or the beginning of."""
    from latentviewer import bootstrap

    fitting = [
        entry.hash for entry in bootstrap.trusted_files().all() if entry.hash.startswith(text)
    ]
    return fitting[0] if len(fitting) == 1 and len(text) >= _SHORTEST_HASH else None


_SHORTEST_HASH = 8


def _say_trust(as_json: bool, content: str, trusted: bool) -> int:
    if as_json:
        write_json({"hash": content, "trusted": trusted})
    else:
        write_line(f"{'Trusted' if trusted else 'No longer trusted'}: {content}")
    return 0
