"""The one list of everything the window can do.

Menus, the toolbar, shortcuts, the palette, undo and the tests go through it. A command
is declared here and given its work elsewhere: by `workbench_commands` for what changes
the session, by the window for what only a window can do, such as asking for a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from latentviewer.domain.errors import UserError

Kind = Literal[
    "text", "number", "integer", "flag", "choice", "path", "rows", "latent", "place", "classes"
]


class Needs(StrEnum):
    """What has to be there for a command to make sense."""

    SPACE = "space"
    MODEL = "model"
    DIFFUSION = "diffusion"
    TRAJECTORY = "trajectory"
    SELECTION = "selection"
    CATEGORIES = "categories"
    PATH = "path"
    FRAMES = "frames"
    PREVIEW = "preview"
    COMPARED = "compared"
    UNDO = "undo"
    REDO = "redo"
    IMPORT = "import"
    JOB = "job"
    FORMING = "forming"
    TRAINING = "training"
    TRAINING_RUN = "training run"
    TRAINED = "trained"
    SNAPSHOTS = "snapshots"
    UNSAVED = "unsaved"


@dataclass(frozen=True)
class Argument:
    """One typed argument.

    Attributes:
        name: the keyword the command's work takes it by.
        kind: its type.
        choices: for `choice`, the list the palette offers: `columns`, `numbers`,
            `orders`, `methods`, `samples`, `groups`, `themes`, `recent`, `modes`, `tools`,
            `blends`, `recipes`, `asks`, `comparable`, `layers`, `trusted`.
        optional: whether it may be left out.
    """

    name: str
    kind: Kind
    choices: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Command:
    """A declared command.

    Attributes:
        id: `room.verb`, what code calls it by.
        title: what menus and the palette show.
        menu: the menu it stands in; empty for commands that only widgets and the palette use.
        shortcut: in Qt's portable text form, or empty.
        arguments: typed arguments.
        needs: all must hold for the command to be available.
        listed: whether the palette lists it: those whose arguments a person can give.
        icon: name of an icon, or empty.
    """

    id: str
    title: str
    menu: str = ""
    shortcut: str = ""
    arguments: tuple[Argument, ...] = ()
    needs: frozenset[Needs] = frozenset()
    listed: bool = True
    icon: str = ""


def _command(
    id: str,
    title: str,
    menu: str = "",
    shortcut: str = "",
    *arguments: Argument,
    needs: tuple[Needs, ...] = (),
    listed: bool = True,
    icon: str = "",
) -> Command:
    return Command(id, title, menu, shortcut, arguments, frozenset(needs), listed, icon)


_A = Argument
_S = Needs.SPACE

COMMANDS: tuple[Command, ...] = (
    # File
    _command("file.welcome", "Welcome page", "File", "Ctrl+Shift+H", icon="house"),
    _command("file.open", "Open file…", "File", "Ctrl+O", icon="file"),
    _command("file.open_folder", "Open folder…", "File", "Ctrl+Shift+O", icon="folder-open"),
    _command("file.open_path", "Open path", "", "", _A("path", "path"), listed=False),
    _command(
        "file.open_vectors",
        "Open vectors",
        "",
        "",
        _A("table", "choice", "vectors"),
        listed=False,
    ),
    _command("model.import", "Import model…", "File", "Ctrl+Shift+M", icon="box"),
    _command("model.import_path", "Import model at", "", "", _A("path", "path"), listed=False),
    _command(
        "import.answer",
        "Say how to read the model",
        "",
        "",
        _A("key", "text"),
        _A("value", "text"),
        needs=(Needs.IMPORT,),
        listed=False,
    ),
    _command(
        "import.data",
        "Try the model on data set",
        "",
        "",
        _A("data", "choice", "data"),
        needs=(Needs.IMPORT,),
    ),
    _command("import.trust", "Trust the model file", needs=(Needs.IMPORT,)),
    _command(
        "import.open",
        "Open the imported model",
        "",
        "",
        _A("data", "choice", "data", optional=True),
        _A("count", "integer", optional=True),
        needs=(Needs.IMPORT,),
    ),
    _command("import.cancel", "Leave the import", needs=(Needs.IMPORT,)),
    _command(
        "model.revoke_trust", "Revoke trust in file", "", "", _A("content", "choice", "trusted")
    ),
    _command("file.open_sample", "Open sample", "", "", _A("name", "choice", "samples")),
    _command("file.open_recent", "Open recent", "", "", _A("path", "choice", "recent")),
    _command("file.save", "Save project", "File", "Ctrl+S", needs=(_S,), icon="save"),
    _command("file.save_as", "Save project as…", "File", "Ctrl+Shift+S", needs=(_S,)),
    _command(
        "file.save_project",
        "Save project to",
        "",
        "",
        _A("path", "path"),
        needs=(_S,),
        listed=False,
    ),
    _command("file.export_map", "Export map…", "File", "Ctrl+E", needs=(_S,), icon="image"),
    _command(
        "file.export_map_to",
        "Export map to",
        "",
        "",
        _A("path", "path"),
        _A("size", "text", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command("file.export_samples", "Export samples…", "File", needs=(_S,), icon="download"),
    _command("file.export_projector", "Export for TensorBoard projector…", "File", needs=(_S,)),
    _command("file.export_atlas", "Export for Embedding Atlas…", "File", needs=(_S,)),
    _command(
        "file.export_samples_to",
        "Export samples to",
        "",
        "",
        _A("path", "path"),
        _A("purpose", "text", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command("data.locate", "Find data set on this machine…", "File"),
    _command("file.quit", "Quit", "File", "Ctrl+Q"),
    # Edit
    _command("edit.undo", "Undo", "Edit", "Ctrl+Z", needs=(Needs.UNDO,), icon="undo-2"),
    _command("edit.redo", "Redo", "Edit", "Ctrl+Shift+Z", needs=(Needs.REDO,), icon="redo-2"),
    _command("search.focus", "Search…", "Edit", "Ctrl+F", needs=(_S,), icon="search"),
    _command("search.find", "Search for", "", "", _A("text", "text"), needs=(_S,)),
    # Select
    _command("select.all", "Select all", "Select", "Ctrl+A", needs=(_S,)),
    _command("select.none", "Clear selection", "Select", "Esc", needs=(Needs.SELECTION,)),
    _command("select.invert", "Invert selection", "Select", "Ctrl+I", needs=(_S,)),
    _command(
        "select.rows",
        "Select rows",
        "",
        "",
        _A("rows", "rows"),
        _A("mode", "choice", "modes", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command(
        "select.point",
        "Select and show a sample",
        "",
        "",
        _A("row", "integer"),
        _A("mode", "choice", "modes", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command(
        "select.category",
        "Select all with label",
        "",
        "",
        _A("name", "choice", "categories"),
        needs=(_S, Needs.CATEGORIES),
    ),
    _command(
        "select.top",
        "Select largest or smallest",
        "",
        "",
        _A("column", "choice", "numbers"),
        _A("count", "integer"),
        _A("order", "choice", "orders", optional=True),
        needs=(_S,),
    ),
    _command(
        "groups.create",
        "Make group of selection",
        "Select",
        "Ctrl+G",
        _A("name", "text", optional=True),
        needs=(Needs.SELECTION,),
        icon="group",
    ),
    _command("groups.select", "Select group", "", "", _A("name", "choice", "groups"), needs=(_S,)),
    _command(
        "groups.rename",
        "Rename group",
        "",
        "",
        _A("name", "choice", "groups"),
        _A("to", "text"),
        needs=(_S,),
    ),
    _command("groups.remove", "Remove group", "", "", _A("name", "choice", "groups"), needs=(_S,)),
    _command(
        "select.check",
        "Is the selection a cluster?",
        "Select",
        "",
        needs=(_S, Needs.SELECTION),
    ),
    # Map
    _command("map.method", "Projection", "", "", _A("name", "choice", "methods"), needs=(_S,)),
    _command("map.dims", "Map dimensions", "", "", _A("dims", "choice", "dims"), needs=(_S,)),
    _command("map.two", "2D map", "Map", "2", needs=(_S,)),
    _command("map.three", "3D map", "Map", "3", needs=(_S,)),
    _command(
        "map.compute",
        "Compute projection anew",
        "Map",
        "Ctrl+U",
        _A("name", "choice", "computed", optional=True),
        needs=(_S,),
        icon="play",
    ),
    _command(
        "map.queue",
        "Compute projection in the background",
        "",
        "",
        _A("name", "choice", "computed"),
        needs=(_S,),
    ),
    _command("map.go_on", "Go on from the present picture", "Map", "Ctrl+Shift+U", needs=(_S,)),
    _command("map.pause", "Pause or resume the forming map", "Map", "", needs=(Needs.FORMING,)),
    _command(
        "map.option",
        "Set option of the projection",
        "",
        "",
        _A("name", "text"),
        _A("value", "text"),
        needs=(_S,),
        listed=False,
    ),
    _command("map.learn_back", "Learn the way back from the map", "Map", "", needs=(_S,)),
    _command("map.control", "Shuffled control beside the map", "Map", "", needs=(_S,)),
    _command(
        "map.faults",
        "Colour by lost neighbours",
        "Map",
        "",
        needs=(_S,),
    ),
    _command("map.reset_options", "Usual options of the projection", "", "", needs=(_S,)),
    _command("map.colour_by", "Colour by", "", "", _A("column", "choice", "columns"), needs=(_S,)),
    _command(
        "map.filter",
        "Show or hide label",
        "",
        "",
        _A("name", "choice", "categories"),
        needs=(_S, Needs.CATEGORIES),
    ),
    _command(
        "map.isolate",
        "Show one label only",
        "",
        "",
        _A("name", "choice", "categories"),
        needs=(_S, Needs.CATEGORIES),
    ),
    _command(
        "map.value_range",
        "Show values between",
        "",
        "",
        _A("low", "number"),
        _A("high", "number"),
        needs=(_S,),
        listed=False,
    ),
    _command("map.show_all", "Show all points", "Map", "Ctrl+Shift+A", needs=(_S,)),
    _command(
        "map.compare",
        "Compare with…",
        "Map",
        "",
        _A("reference", "choice", "comparable", optional=True),
        needs=(_S,),
        icon="columns-2",
    ),
    _command("map.compare_file", "Compare with file…", "Map", "", needs=(_S,)),
    _command(
        "map.compare_map",
        "Second map",
        "",
        "",
        _A("name", "choice", "compare_maps"),
        needs=(Needs.COMPARED,),
    ),
    _command(
        "map.compare_place",
        "Show place of the second map",
        "",
        "",
        _A("place", "place"),
        needs=(Needs.COMPARED,),
        listed=False,
    ),
    _command("map.compare_arrows", "Arrows to the second map", "Map", needs=(Needs.COMPARED,)),
    _command(
        "map.compare_overlap",
        "Colour by common neighbours",
        "Map",
        "",
        needs=(Needs.COMPARED,),
    ),
    _command("map.compare_close", "Close comparison", "Map", "", needs=(Needs.COMPARED,)),
    _command("map.fit", "Fit map in view", "Map", "F", needs=(_S,), icon="maximize"),
    _command(
        "map.fit_selection", "Fit selection in view", "Map", "Shift+F", needs=(Needs.SELECTION,)
    ),
    _command("map.zoom_in", "Zoom in", "Map", "+", needs=(_S,), icon="zoom-in"),
    _command("map.zoom_out", "Zoom out", "Map", "-", needs=(_S,), icon="zoom-out"),
    _command("map.tool", "Map tool", "", "", _A("name", "choice", "tools"), needs=(_S,)),
    _command("map.tool_move", "Move tool", "Map", "V", needs=(_S,), icon="move"),
    _command(
        "map.tool_rectangle", "Rectangle select", "Map", "R", needs=(_S,), icon="square-dashed"
    ),
    _command("map.tool_lasso", "Lasso select", "Map", "L", needs=(_S,), icon="lasso"),
    _command("map.tool_path", "Path tool", "Map", "P", needs=(_S,), icon="spline"),
    _command("map.layer", "Layer", "", "", _A("name", "choice", "layers"), needs=(_S,)),
    _command("map.bigger_points", "Bigger points", "Map", "]", needs=(_S,)),
    _command("map.smaller_points", "Smaller points", "Map", "[", needs=(_S,)),
    _command("map.blend", "Overplotting", "", "", _A("name", "choice", "blends"), needs=(_S,)),
    _command("map.toggle_density", "Density shading", "Map", "D", needs=(_S,)),
    _command("map.toggle_links", "Lines to true neighbours", "Map", needs=(_S,)),
    _command("map.toggle_names", "Names of samples without pictures", "Map", needs=(_S,)),
    _command("map.toggle_thumbnails", "Thumbnails when zoomed in", "Map", "T", needs=(_S,)),
    _command("map.toggle_posterior", "Posterior as ellipse", "Map", "E", needs=(_S,)),
    # Latent
    _command("preview.pin_row", "Show sample", "", "", _A("row", "integer"), needs=(_S,)),
    _command(
        "preview.pin_place", "Show place", "", "", _A("place", "place"), needs=(_S,), listed=False
    ),
    _command("preview.unpin", "Release the preview", "Latent", "Shift+Esc", needs=(Needs.PREVIEW,)),
    _command(
        "preview.set_dimension",
        "Set latent dimension",
        "",
        "",
        _A("index", "integer"),
        _A("value", "number"),
        needs=(_S, Needs.PREVIEW),
    ),
    _command(
        "preview.show_mean", "Show mean of the space", "Latent", "M", needs=(_S,), icon="sigma"
    ),
    _command("preview.reset", "Reset edited latent", "Latent", "Ctrl+R", needs=(_S, Needs.PREVIEW)),
    _command("preview.spread", "Posterior spread", "", "", _A("spread", "number"), needs=(_S,)),
    _command(
        "preview.resample", "Sample around the mean", "Latent", "S", needs=(_S,), icon="dices"
    ),
    _command(
        "latent.sample_prior",
        "Sample from the prior",
        "Latent",
        "Ctrl+P",
        needs=(_S,),
        icon="sparkles",
    ),
    _command(
        "model.sample", "Sample a space from the prior…", "Latent", needs=(_S,), icon="sparkles"
    ),
    _command(
        "model.sample_space",
        "Sample a space from the prior",
        "",
        "",
        _A("count", "integer"),
        _A("seed", "integer", optional=True),
        _A("truncation", "number", optional=True),
        _A("steps", "integer", optional=True),
        _A("guidance", "number", optional=True),
        _A("condition", "classes", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command("model.invert", "Find latents for real images…", "Latent", needs=(_S,), icon="image"),
    _command(
        "model.invert_data",
        "Find latents for real images of",
        "",
        "",
        _A("data", "choice", "data"),
        _A("count", "integer", optional=True),
        _A("steps", "integer", optional=True),
        needs=(_S,),
        listed=False,
    ),
    _command("latent.metric", "Nearest by", "", "", _A("name", "choice", "metrics"), needs=(_S,)),
    _command("preview.truncation", "Truncation", "", "", _A("value", "number"), needs=(_S,)),
    _command(
        "latent.save",
        "Keep latent",
        "Latent",
        "Ctrl+K",
        _A("name", "text", optional=True),
        needs=(_S, Needs.PREVIEW),
        icon="bookmark",
    ),
    _command("latent.show", "Show kept latent", "", "", _A("name", "choice", "saved"), needs=(_S,)),
    _command(
        "latent.remove", "Remove kept latent", "", "", _A("name", "choice", "saved"), needs=(_S,)
    ),
    # Denoising
    _command("denoise.seed", "Noise seed", "", "", _A("seed", "integer"), needs=(_S,)),
    _command(
        "denoise.new_noise",
        "Denoise new noise",
        "Latent",
        "Ctrl+Shift+D",
        needs=(_S, Needs.DIFFUSION),
        icon="dices",
    ),
    _command("denoise.steps", "Denoising steps", "", "", _A("count", "integer"), needs=(_S,)),
    _command("denoise.guidance", "Guidance", "", "", _A("value", "number"), needs=(_S,)),
    _command(
        "denoise.ask",
        "Ask for",
        "",
        "",
        _A("what", "choice", "asks"),
        needs=(_S, Needs.DIFFUSION),
    ),
    _command(
        "denoise.find_noise",
        "Find the noise of this sample",
        "Latent",
        "Ctrl+Shift+F",
        _A("row", "integer", optional=True),
        needs=(_S, Needs.DIFFUSION),
        icon="rotate-ccw",
    ),
    _command(
        "denoise.release",
        "Draw noise by the seed again",
        needs=(_S, Needs.DIFFUSION),
    ),
    _command("denoise.run", "Denoise again", needs=(_S, Needs.DIFFUSION), icon="refresh-cw"),
    _command("denoise.noisy", "Show noisy latents of the steps", needs=(_S, Needs.DIFFUSION)),
    _command(
        "denoise.under_cursor",
        "Denoise under the cursor",
        "Latent",
        "Ctrl+D",
        needs=(_S, Needs.DIFFUSION),
    ),
    _command("denoise.play", "Play denoising", needs=(Needs.TRAJECTORY,), icon="play"),
    _command(
        "denoise.show_step",
        "Show denoising step",
        "",
        "",
        _A("index", "integer"),
        needs=(Needs.TRAJECTORY,),
    ),
    # Path
    _command("path.add_row", "Add sample to path", "", "", _A("row", "integer"), needs=(_S,)),
    _command(
        "path.add_place",
        "Add place to path",
        "",
        "",
        _A("place", "place"),
        needs=(_S,),
        listed=False,
    ),
    _command(
        "path.add_shown",
        "Add shown latent to path",
        "Path",
        "W",
        needs=(_S, Needs.PREVIEW),
        icon="plus",
    ),
    _command("path.remove", "Remove waypoint", "", "", _A("index", "integer"), needs=(Needs.PATH,)),
    _command(
        "path.move",
        "Move waypoint",
        "",
        "",
        _A("index", "integer"),
        _A("to", "integer"),
        needs=(Needs.PATH,),
    ),
    _command(
        "path.clear", "Clear path", "Path", "Ctrl+Backspace", needs=(Needs.PATH,), icon="trash-2"
    ),
    _command(
        "path.mode", "Interpolation", "", "", _A("mode", "choice", "interpolations"), needs=(_S,)
    ),
    _command("path.frames", "Path frames", "", "", _A("count", "integer"), needs=(_S,)),
    _command("path.closed", "Closed path", "Path", "", needs=(Needs.PATH,)),
    _command("path.play", "Play path", "Path", "K", needs=(Needs.FRAMES,), icon="play"),
    _command(
        "path.show_frame", "Show frame", "", "", _A("index", "integer"), needs=(Needs.FRAMES,)
    ),
    _command(
        "path.export", "Export path…", "Path", "Ctrl+Shift+E", needs=(Needs.FRAMES,), icon="film"
    ),
    _command(
        "path.export_to",
        "Export path to",
        "",
        "",
        _A("path", "path"),
        needs=(Needs.FRAMES,),
        listed=False,
    ),
    # Arithmetic
    _command("arithmetic.evaluate", "Evaluate expression", "", "", _A("text", "text"), needs=(_S,)),
    _command(
        "arithmetic.focus", "Write an expression", "Latent", "Ctrl+L", needs=(_S,), icon="sigma"
    ),
    # Train
    _command("train.choose", "Train a model…", "Train", "Ctrl+T", icon="chart-line"),
    _command(
        "train.start",
        "Train",
        "",
        "",
        _A("recipe", "choice", "recipes"),
        _A("epochs", "integer", optional=True),
        _A("seed", "integer", optional=True),
        _A("begin", "choice", "beginnings", optional=True),
        listed=False,
    ),
    _command("train.stop", "Stop training", "Train", needs=(Needs.TRAINING,), icon="square"),
    _command(
        "train.open",
        "Open the trained model",
        "Train",
        needs=(Needs.TRAINED,),
        icon="chart-scatter",
    ),
    _command("train.replay", "Replay the training", "Train", needs=(Needs.SNAPSHOTS,), icon="play"),
    _command("train.log_scale", "Loss on a log scale", "Train", needs=(Needs.TRAINING_RUN,)),
    _command(
        "train.show_snapshot",
        "Show the training at",
        "",
        "",
        _A("index", "integer"),
        needs=(Needs.SNAPSHOTS,),
        listed=False,
    ),
    # Ranking
    _command(
        "ranking.by", "Rank samples by", "", "", _A("column", "choice", "numbers"), needs=(_S,)
    ),
    _command(
        "ranking.order", "Ranking order", "", "", _A("order", "choice", "orders"), needs=(_S,)
    ),
    _command(
        "ranking.show",
        "Select and show a ranked sample",
        "",
        "",
        _A("row", "integer"),
        needs=(_S,),
        listed=False,
    ),
    # Data
    _command("data.get", "Get data set…", "", "", _A("name", "choice", "data"), listed=False),
    _command("data.use_folder", "Use data folder", "", "", _A("path", "path"), listed=False),
    _command(
        "data.encode",
        "Encode data set with model",
        "",
        "",
        _A("model", "choice", "models"),
        _A("data", "choice", "data"),
    ),
    # View
    _command("view.palette", "Command palette", "View", "Ctrl+Shift+P", icon="command"),
    _command("view.theme", "Theme", "", "", _A("name", "choice", "themes")),
    _command("view.toggle_theme", "Light or dark theme", "View", "Ctrl+Shift+L", icon="sun-moon"),
    _command("view.editor", "Show or hide the editor", "View", "Ctrl+J", icon="panel-bottom"),
    _command("view.sidebar", "Show or hide the sidebar", "View", "Ctrl+B", icon="panel-left"),
    _command("view.path_tab", "Path editor", "View", "Alt+1", needs=(_S,)),
    _command("view.arithmetic_tab", "Arithmetic editor", "View", "Alt+2", needs=(_S,)),
    _command("view.dimensions_tab", "Latent dimensions", "View", "Alt+3", needs=(_S,)),
    _command("view.ranking_tab", "Largest errors", "View", "Alt+4", needs=(_S,)),
    _command("view.denoising_tab", "Denoising editor", "View", "Alt+5", needs=(_S,)),
    _command("view.projection_tab", "Projection options", "View", "Alt+7", needs=(_S,)),
    _command("view.training_tab", "Training", "View", "Alt+6", needs=(Needs.TRAINING_RUN,)),
    _command("view.focus_map", "Go to the map", "View", "Alt+0", needs=(_S,)),
    _command("view.screenshot", "Save picture of the window…", "View", "", icon="camera"),
    # Jobs, help
    _command("jobs.cancel", "Cancel running work", "", "Ctrl+.", needs=(Needs.JOB,), icon="x"),
    _command("help.shortcuts", "Keyboard shortcuts", "Help", "F1", icon="keyboard"),
    _command("help.about", "About LatentViewer", "Help"),
)

MENUS: tuple[str, ...] = (
    "File",
    "Edit",
    "Select",
    "Map",
    "Latent",
    "Path",
    "Train",
    "View",
    "Help",
)


class UnknownCommandError(LookupError):
    """A command was called that the list does not name."""


class Commands:
    """Joins the declared list with the work each command does.

    Args:
        present: tells what of `Needs` holds now.
    """

    def __init__(self, present: Callable[[], frozenset[Needs]]) -> None:
        self._by_id = {command.id: command for command in COMMANDS}
        self._work: dict[str, Callable[..., object]] = {}
        self._present = present

    def give_work(self, work: Mapping[str, Callable[..., object]]) -> None:
        """Says what commands do; each is given its work once."""
        for command_id, function in work.items():
            if command_id not in self._by_id:
                raise UnknownCommandError(command_id)
            if command_id in self._work:
                raise ValueError(f"{command_id} was given its work already")
            self._work[command_id] = function

    def without_work(self) -> frozenset[str]:
        """Declared commands that nothing answers; empty in a whole window."""
        return frozenset(self._by_id) - frozenset(self._work)

    def work_of(self, command_id: str) -> Callable[..., object] | None:
        """What a command does, or None before it was given its work."""
        return self._work.get(self.get(command_id).id)

    def get(self, command_id: str) -> Command:
        """The declaration.

        Raises:
            UnknownCommandError: the list does not name it.
        """
        try:
            return self._by_id[command_id]
        except KeyError:
            raise UnknownCommandError(command_id) from None

    def available(self, command_id: str) -> bool:
        """Whether all that the command needs is there."""
        return self.get(command_id).needs <= self._present()

    def all_available(self) -> frozenset[str]:
        """Ids of all commands that can be run now; asks what is there once."""
        present = self._present()
        return frozenset(c.id for c in self._by_id.values() if c.needs <= present)

    def run(self, command_id: str, **arguments: Any) -> None:
        """Runs a command; one that is not available does nothing.

        Raises:
            UnknownCommandError: the list does not name it.
            TypeError: an argument is missing or not declared.
            UserError: what the command's work refuses.
        """
        command = self.get(command_id)
        declared = {argument.name for argument in command.arguments}
        required = {argument.name for argument in command.arguments if not argument.optional}
        given = set(arguments)
        if given - declared or required - given:
            raise TypeError(f"{command_id} takes {sorted(declared)}, was given {sorted(given)}")
        if command_id not in self._work:
            raise UserError(f"“{command.title}” can only be done in the window.")
        if self.available(command_id):
            self._work[command_id](**arguments)
