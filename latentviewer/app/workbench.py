"""Joins the controllers and gives the commands their work."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latentviewer.app.arithmetic import Arithmetic
from latentviewer.app.colouring import as_categories
from latentviewer.app.commands import Commands, Needs
from latentviewer.app.companion import Companion
from latentviewer.app.control import Control
from latentviewer.app.denoising import Denoising
from latentviewer.app.dimensions import Dimensions
from latentviewer.app.exporting import Exporting
from latentviewer.app.importing import Importing
from latentviewer.app.judging import Judging
from latentviewer.app.layers import Layers
from latentviewer.app.maps import Maps, map_title, method_title, methods
from latentviewer.app.opening import Opening
from latentviewer.app.paths import INTERPOLATIONS, Paths
from latentviewer.app.posteriors import Posteriors
from latentviewer.app.previews import Previews
from latentviewer.app.ranking import ORDERS, Ranking
from latentviewer.app.sampling import Sampling
from latentviewer.app.selecting import Selecting
from latentviewer.app.services import Services
from latentviewer.app.settings import Settings
from latentviewer.app.signal import Signal
from latentviewer.app.state import Blend, SessionState
from latentviewer.app.training import AFRESH, CONTINUE, Training
from latentviewer.app.workspace import Workspace
from latentviewer.domain.metrics import METRIC_TITLES
from latentviewer.domain.table import Numbers
from latentviewer.jobs.worker import Worker


class Workbench:
    """Everything below the window, ready to use; a test can drive it without Qt.

    Attributes:
        workspace: what is open. maps, previews, paths, denoising, dimensions, posteriors,
            arithmetic, selecting, ranking, companion, opening, importing, training, sampling,
            layers, exporting: the controllers. commands: the command list with its work.
        settings: what the program remembers; replace it with `remember`.
        settings_changed: emitted with the new settings.
    """

    def __init__(
        self, worker: Worker, services: Services, settings: Settings, autosave_folder: Path
    ) -> None:
        self.workspace = Workspace(worker, services)
        self.workspace.session.reset(SessionState(truncation=settings.truncation))
        self.settings = settings
        self.settings_changed: Signal[[Settings]] = Signal()
        self.maps = Maps(self.workspace)
        self.judging = Judging(self.workspace, self.maps)
        self.previews = Previews(self.workspace)
        self.paths = Paths(self.workspace, self.previews)
        self.dimensions = Dimensions(self.workspace, self.previews)
        self.posteriors = Posteriors(self.workspace, self.previews, settings.posterior)
        self.denoising = Denoising(self.workspace, self.previews)
        self.arithmetic = Arithmetic(self.workspace, self.previews)
        self.selecting = Selecting(self.workspace)
        self.ranking = Ranking(self.workspace, self.previews, self.selecting)
        self.companion = Companion(self.workspace)
        self.control = Control(self.workspace, self.maps, self.companion)
        self.opening = Opening(self.workspace, self.maps, autosave_folder)
        self.importing = Importing(self.workspace, self.opening)
        self.training = Training(self.workspace)
        self.sampling = Sampling(self.workspace, self.opening)
        self.exporting = Exporting(self.workspace)
        self.layers = Layers(self.workspace, self.maps, self.opening)
        self.commands = Commands(self.present)
        self.commands.give_work(self._work())
        self.opening.opened.connect(self._on_opened)
        self.opening.data_came.connect(self.training.look_again)
        self.workspace.session.changed.connect(self._on_state)
        self.arithmetic.outcome_changed.connect(self._on_outcome)

    def remember(self, settings: Settings) -> None:
        """Replaces the settings and tells who stores them."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit(settings)

    def present(self) -> frozenset[Needs]:
        """What of the commands' needs holds now."""
        workspace, state = self.workspace, self.workspace.state
        columns = state.space.columns if state.space is not None else {}
        colour_by = columns.get(state.map.colour_by or "")
        run = self.training.run
        there = {
            Needs.SPACE: state.space is not None,
            Needs.MODEL: workspace.model is not None,
            Needs.DIFFUSION: workspace.diffusion is not None,
            Needs.TRAJECTORY: self.denoising.trajectory is not None,
            Needs.SELECTION: len(state.selection) > 0,
            Needs.CATEGORIES: colour_by is not None and not isinstance(colour_by, Numbers),
            Needs.PATH: bool(state.path.waypoints),
            Needs.FRAMES: len(state.path.waypoints) > 1,
            Needs.PREVIEW: self.previews.shown is not None,
            Needs.COMPARED: self.companion.beside is not None,
            Needs.UNDO: workspace.session.undo_title is not None,
            Needs.REDO: workspace.session.redo_title is not None,
            Needs.IMPORT: self.importing.current is not None,
            Needs.JOB: bool(workspace.jobs or self.maps.projecting.keys),
            Needs.FORMING: bool(self.maps.projecting.keys),
            Needs.TRAINING: self.training.active,
            Needs.TRAINING_RUN: run is not None,
            Needs.TRAINED: run is not None and run.model is not None,
            Needs.SNAPSHOTS: len(self.training.snapshots) > 1,
            Needs.UNSAVED: workspace.session.unsaved,
        }
        return frozenset(need for need, holds in there.items() if holds)

    def choices(self, source: str) -> list[tuple[str, str]]:
        """What the palette offers for an argument: (value, title) pairs."""
        state = self.workspace.state
        space = state.space
        fixed: dict[str, list[str]] = {
            "numbers": list(self.ranking.columns),
            "orders": list(ORDERS),
            "modes": ["replace", "add", "remove", "toggle"],
            "interpolations": list(INTERPOLATIONS),
            "blends": [blend.value for blend in Blend],
            "tools": ["move", "rectangle", "lasso", "path"],
            "themes": ["dark", "light"],
            "dims": ["2", "3"],
            "recipes": [offer.name for offer in self.training.offers or ()],
            "beginnings": [CONTINUE, AFRESH],
            "data": [
                "digits",
                "mnist:test",
                "mnist:train",
                "fashion-mnist:test",
                "fashion-mnist:train",
                "faces:test",
                "faces:train",
                "shapes:test",
                "shapes:train",
                "bridge",
                "emoji",
            ],
            "groups": [group.name for group in state.groups],
            "saved": [entry.name for entry in state.saved],
            "recent": list(self.settings.recent),
            "columns": ["", *(space.columns if space is not None else ())],
        }
        if source in fixed:
            return [(value, value or "One colour") for value in fixed[source]]
        if source == "vectors":
            return list(self.opening.candidates)
        if source == "trusted":
            return [(known, f"{path} ({known[:12]})") for known, path in self.importing.trusted()]
        if source == "metrics":
            return list(METRIC_TITLES.items())
        if source == "models":
            own = space.provenance.model if space is not None else None
            listed = self.workspace.services.samples()
            names = [own, *(s.model for s in listed if s.encodes)]
            if own in {s.model for s in listed if not s.encodes}:
                names = names[1:]
            return [(name, name) for name in dict.fromkeys(names) if name]
        if source == "samples":
            return [(s.name, s.title) for s in self.workspace.services.samples() if s.available]
        if source == "layers":
            return [(name, name) for name in self.layers.names]
        if source == "comparable" and space is not None:
            return self._comparable(space.provenance.data)
        if source == "compare_maps":
            keys = [key.rsplit("_", 1) for key in self.companion.maps()]
            return [("_".join(key), map_title(key[0], int(key[1][0]))) for key in keys]
        if source == "computed":
            return [(m.key, m.title) for m in self.workspace.services.methods if m.in_child]
        if source == "methods" and space is not None:
            return [(name, method_title(space, name)) for name in methods(space)]
        if source == "asks":
            return [
                (f"{name}={wanted}", f"{name}: {wanted or 'any'}")
                for name, classes in self.denoising.conditions.items()
                for wanted in ("", *classes)
            ]
        if source == "categories" and space is not None:
            key = state.map.colour_by or space.label_column()
            column = space.columns.get(key or "")
            if column is not None and not isinstance(column, Numbers):
                return [(name, name) for name in as_categories(column).names]
        return []

    def _comparable(self, data: str | None) -> list[tuple[str, str]]:
        """Samples of a data set, and the files opened last, whatever they hold."""
        samples = self.workspace.services.samples()
        fitting = [(s.name, s.title) for s in samples if s.available and s.data == data]
        known = {sample.name for sample in samples}
        return [*fitting, *((path, path) for path in self.settings.recent if path not in known)]

    def close(self) -> None:
        """Keeps unsaved work aside and stops what runs."""
        self.maps.stop()
        self.workspace.cancel_jobs()
        self.opening.autosave()

    def _on_opened(self, reference: str) -> None:
        self.remember(self.settings.with_recent(reference))

    def _on_state(self, _old: SessionState, new: SessionState) -> None:
        if new.truncation != self.settings.truncation:
            self.remember(dataclasses.replace(self.settings, truncation=new.truncation))

    def _on_outcome(self, outcome: object) -> None:
        if outcome is not None:
            text = self.workspace.state.expression
            kept = tuple(e for e in self.settings.expressions if e != text)
            self.remember(dataclasses.replace(self.settings, expressions=(*kept, text)[-50:]))

    def _work(self) -> Mapping[str, Callable[..., object]]:
        session = self.workspace.session
        maps, previews, paths = self.maps, self.previews, self.paths
        selecting, opening, denoising = self.selecting, self.opening, self.denoising
        sampling = self.sampling
        return {
            "file.welcome": opening.close,
            "file.open_vectors": lambda table: opening.open(str(table)),
            "file.open_path": lambda path: opening.open(str(path)),
            "file.open_sample": lambda name: opening.open(name),
            "file.open_recent": lambda path: opening.open(str(path)),
            "file.save_project": lambda path: opening.save(str(path)),
            "file.export_samples_to": lambda path, purpose="file": self.exporting.samples_to(
                str(path), purpose
            ),
            "model.import_path": lambda path: self.importing.begin(str(path)),
            "model.revoke_trust": self.importing.revoke,
            "import.answer": self.importing.answer,
            "import.data": self.importing.use_data,
            "import.trust": self.importing.trust,
            "import.open": self.importing.open,
            "import.cancel": self.importing.cancel,
            "edit.undo": session.undo,
            "edit.redo": session.redo,
            "search.find": selecting.find,
            "select.all": selecting.all,
            "select.none": selecting.none,
            "select.invert": selecting.invert,
            "select.rows": selecting.rows,
            "select.point": selecting.point,
            "select.category": selecting.category,
            "select.top": self.ranking.select_top,
            "groups.create": selecting.create_group,
            "groups.select": selecting.select_group,
            "groups.rename": selecting.rename_group,
            "groups.remove": selecting.remove_group,
            "map.method": maps.set_method,
            "map.dims": maps.set_dims,
            "map.two": lambda: maps.set_dims(2),
            "map.three": lambda: maps.set_dims(3),
            "map.compute": maps.compute,
            "map.queue": maps.queue,
            "map.go_on": maps.go_on,
            "map.pause": maps.pause,
            "map.option": maps.option,
            "map.reset_options": maps.reset_options,
            "map.faults": self.judging.colour_by_faults,
            "map.control": self.control.start,
            "map.compare_overlap": self.control.colour_by_overlap,
            "map.learn_back": self.judging.learn_way_back,
            "select.check": self.judging.check_selection,
            "map.colour_by": maps.colour_by,
            "map.filter": maps.toggle,
            "map.isolate": maps.isolate,
            "map.value_range": maps.set_value_range,
            "map.compare": self.companion.open,
            "map.compare_map": self.companion.set_map,
            "map.compare_place": self.companion.pin_place,
            "map.compare_close": self.companion.close,
            "map.show_all": maps.show_all,
            "map.layer": self.layers.choose,
            "map.bigger_points": lambda: maps.change_radius(1),
            "map.smaller_points": lambda: maps.change_radius(-1),
            "map.blend": maps.set_blend,
            "map.toggle_density": maps.toggle_density,
            "map.toggle_names": maps.toggle_names,
            "map.toggle_links": maps.toggle_links,
            "map.compare_arrows": maps.toggle_arrows,
            "map.toggle_thumbnails": maps.toggle_thumbnails,
            "map.toggle_posterior": self._toggle_posterior,
            "preview.pin_row": previews.pin_row,
            "preview.pin_place": previews.pin_place,
            "preview.unpin": previews.unpin,
            "preview.show_mean": previews.show_mean,
            "preview.set_dimension": previews.set_dimension,
            "preview.reset": previews.reset,
            "preview.spread": previews.set_spread,
            "preview.resample": previews.resample,
            "latent.metric": previews.set_metric,
            "preview.truncation": sampling.set_truncation,
            "latent.sample_prior": sampling.sample_prior,
            "model.sample_space": sampling.sample_space,
            "model.invert_data": sampling.invert,
            "latent.save": previews.save,
            "latent.show": previews.show_saved,
            "latent.remove": previews.remove_saved,
            "denoise.seed": denoising.set_seed,
            "denoise.new_noise": denoising.new_noise,
            "denoise.steps": denoising.set_steps,
            "denoise.guidance": denoising.set_guidance,
            "denoise.ask": denoising.ask,
            "denoise.find_noise": denoising.find_noise,
            "denoise.release": denoising.release_sample,
            "denoise.run": denoising.run,
            "denoise.noisy": denoising.toggle_noisy,
            "denoise.under_cursor": denoising.toggle_under_cursor,
            "denoise.show_step": denoising.show_step,
            "path.add_row": paths.add_row,
            "path.add_place": paths.add_place,
            "path.add_shown": paths.add_shown,
            "path.remove": paths.remove,
            "path.move": paths.move,
            "path.clear": paths.clear,
            "path.mode": paths.set_mode,
            "path.frames": paths.set_frames,
            "path.closed": paths.toggle_closed,
            "path.show_frame": paths.show_frame,
            "arithmetic.evaluate": self.arithmetic.evaluate,
            "train.start": self.training.start,
            "train.stop": self.training.stop,
            "train.open": self._open_trained,
            "ranking.by": self.ranking.by,
            "ranking.order": self.ranking.set_order,
            "ranking.show": self.ranking.show,
            "data.get": opening.get_data,
            "data.encode": opening.encode,
            "data.use_folder": lambda path: opening.use_data_folder(str(path)),
            "jobs.cancel": self._cancel,
        }

    def _open_trained(self) -> None:
        model = self.training.model
        self.opening.encode(str(model.folder), model.data)

    def _toggle_posterior(self) -> None:
        shown = not self.settings.posterior
        self.remember(dataclasses.replace(self.settings, posterior=shown))
        self.posteriors.enable(shown)

    def _cancel(self) -> None:
        self.maps.stop()
        self.workspace.cancel_jobs()


def parse_argument(kind: str, text: str) -> Any:
    """What a person typed for an argument of a kind.

    Raises:
        ValueError: it cannot be read as that kind.
    """
    if kind == "integer":
        return int(text.strip().lstrip("#"))
    if kind == "number":
        return float(text)
    if kind == "rows":
        return np.array([int(part.strip().lstrip("#")) for part in text.split(",")], np.int64)
    return text
