"""`latentviewer train`: from a recipe and a data set to a model folder."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.torch import save

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet, ModelCard
from latentviewer.domain.stepping import passed_on
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.devices import training_precision
from latentviewer.engine.loading import model_card, open_model
from latentviewer.engine.measuring import measuring
from latentviewer.engine.model_folder import CONFIG_NAME, WEIGHTS_NAME
from latentviewer.engine.training.card import card_figures, model_readme
from latentviewer.engine.training.checkpoint import CHECKPOINT_NAME
from latentviewer.engine.training.mixture import fit_mixture
from latentviewer.engine.training.recipes import AnyRecipe
from latentviewer.engine.training.recipes.mixture import MixtureRecipe
from latentviewer.engine.training.recipes.recipe import Recipe
from latentviewer.engine.training.trainer import TrainedWeights, TrainingProgress, fit
from latentviewer.engine.writing import write_atomically, write_json_atomically

_FITTING_SHARE = 0.99  # of the work; the rest is measuring on the test data
_TEST_SEED = 0


@dataclass(frozen=True)
class TrainingResult:
    """A finished run.

    Attributes:
        folder: the model's folder.
        card: of the trained model, with its figures.
        epochs: epochs trained; the kept weights are of `best_epoch`.
    """

    folder: Path
    card: ModelCard
    epochs: int
    best_epoch: int


def train(
    recipe: AnyRecipe,
    data: DataSet,
    out: Path,
    *,
    test_data: DataSet | None = None,
    device: str = "cpu",
    fresh: bool = False,
    watched: NDArray[Any] | None = None,
    judge: ConvClassifier | None = None,
) -> Generator[TrainingProgress, None, TrainingResult]:
    """Trains a recipe and writes config.json, model.safetensors and README.md to `out`.

    With gradients the state is saved in `out` after each epoch; calling it again there goes on
    from the last finished epoch. The state is removed once the model is written. A mixture is
    fitted in seconds, and begins anew.

    Args:
        test_data: measured for the model card; never looked at while training.
        fresh: forget an unfinished run in `out`.
        judge: a classifier of such images, for the figures of generated ones.
        watched: images (n, h, w, c), or what the recipe looks at in their place, whose latents
            are reported every few seconds.

    Raises:
        UserError: the data do not fit the recipe, `out` holds a finished model or another
            run, or cannot be written to.
    """
    checkpoint = out / CHECKPOINT_NAME
    if (out / WEIGHTS_NAME).exists() and not checkpoint.exists():
        raise UserError(
            f"{out} already holds a trained model; name another folder, or delete it first."
        )
    if fresh:
        checkpoint.unlink(missing_ok=True)
    fitting = _fitting(recipe, data, out, device, watched)
    last = TrainingProgress(0, recipe.epochs, 0.0, "", None, None)

    def fitted(report: TrainingProgress) -> TrainingProgress:
        nonlocal last
        last = report
        return replace(report, fraction=report.fraction * _FITTING_SHARE)

    trained = yield from passed_on(fitting, fitted)
    weights = {k: v.contiguous() for k, v in trained.net.state_dict().items()}
    if isinstance(recipe, Recipe) and recipe.half_weights:
        weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    write_atomically(out / WEIGHTS_NAME, save(weights, {"format": "pt"}))
    config = _config(recipe, data.name, trained)
    write_json_atomically(out / CONFIG_NAME, config)
    if test_data is not None:
        text = f"Measuring on {test_data.name}"

        def measured(done: float) -> TrainingProgress:
            fraction = _FITTING_SHARE + (1 - _FITTING_SHARE) * done
            return replace(last, fraction=fraction, text=text, latents=None)

        steps = measuring(open_model(out, device), test_data, _TEST_SEED, judge)
        figures = yield from passed_on(steps, measured)
        config["figures"] |= {"test_data": test_data.name} | card_figures(figures)
        write_json_atomically(out / CONFIG_NAME, config)
    card = model_card(out)
    write_atomically(out / "README.md", model_readme(recipe, config, card).encode())
    checkpoint.unlink(missing_ok=True)
    return TrainingResult(out, card, trained.state.epoch, trained.state.best_epoch)


def _fitting(
    recipe: AnyRecipe, data: DataSet, out: Path, device: str, watched: NDArray[Any] | None
) -> Generator[TrainingProgress, None, TrainedWeights]:
    if isinstance(recipe, MixtureRecipe):
        return fit_mixture(recipe, data, watched)
    precision = training_precision(device) if recipe.reduced_precision else "float32"
    return fit(recipe, data, out, device=device, precision=precision, watched=watched)


def _config(recipe: AnyRecipe, data: str, trained: TrainedWeights) -> dict[str, Any]:
    state = trained.state
    architecture, training = recipe.apart()
    done = {"epochs_done": state.epoch, "best_epoch": state.best_epoch}
    return {
        "family": recipe.family,
        "name": recipe.name,
        "architecture": architecture,
        "data": data,
        "training": training | done | dict(trained.about),
        "figures": {recipe.valid_figure: round(state.best_loss, 3)},
    }
