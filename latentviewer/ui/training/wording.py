"""What the training tab says of a run."""

from latentviewer.app.recipes import Snapshot
from latentviewer.app.training import Stage, TrainingRun
from latentviewer.domain.space import Space
from latentviewer.ui.status import duration

_BETWEEN = "  ·  "


def facts_of(run: TrainingRun) -> str:
    """Where a run stands, in one line."""
    report = run.report
    if run.stage is Stage.WAITING:
        return "Waits for its turn"
    if report is None:
        return run.text.capitalize()
    parts = []
    if run.active and not report.text.startswith("Epoch"):
        parts.append(report.text)
    elif run.active:
        parts.append(f"Epoch {report.epoch} of {report.epochs}")
    elif run.model is not None and run.model.epochs < report.epochs:
        parts.append(f"{run.model.epochs} of at most {report.epochs} epochs")
    else:
        parts.append(f"{len(report.history)} of {report.epochs} epochs")
    if run.active and run.eta_s is not None:
        parts.append(f"at most {duration(run.eta_s)} left")
    if report.best is not None:
        epoch, loss = report.best
        parts.append(f"best {loss:.4g} {report.unit} at epoch {epoch}")
    return _BETWEEN.join(parts)


def actions_of(run: TrainingRun) -> frozenset[str]:
    """The buttons that make sense now."""
    if run.active:
        return frozenset({"stop"})
    if run.stage is Stage.DONE:
        return frozenset({"open", "choose"})
    if run.damaged:
        return frozenset({"afresh", "choose"})
    if run.kept:
        return frozenset({"go_on", "afresh", "choose"})
    return frozenset({"try_again", "choose"})


def caption_of(snapshot: Snapshot, watched: Space | None) -> str:
    """What the small map shows."""
    count = len(snapshot.coordinates)
    of = f" of {watched.name}" if watched is not None else ""
    return f"{count:,} samples{of}{_BETWEEN}PCA, {snapshot.explained:.0%} of the variance"


def moment_of(snapshot: Snapshot) -> str:
    """When it was, such as `epoch 3.2`."""
    whole = abs(snapshot.epoch - round(snapshot.epoch)) < 0.05
    return f"epoch {round(snapshot.epoch)}" if whole else f"epoch {snapshot.epoch:.1f}"
