"""Fits a Gaussian mixture by expectation-maximisation, scikit-learn's, a step at a time.

Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm" (1977).
"""

import time
import warnings
from collections.abc import Generator

import numpy as np
import sklearn
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.engine.answers import true_answers
from latentviewer.engine.measuring.clusters import matched
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.mixture import MixtureConfig, MixtureNet
from latentviewer.engine.training.checkpoint import RunState
from latentviewer.engine.training.recipes.mixture import MixtureRecipe
from latentviewer.engine.training.trainer import TrainedWeights, TrainingProgress

_FEWEST_PER_CLASS = 20
_PROGRESS_SECONDS = 0.1


def fit_mixture(
    recipe: MixtureRecipe, data: DataSet, watched: NDArray[np.float64] | None = None
) -> Generator[TrainingProgress, None, TrainedWeights]:
    """Fits until a step gains less than the recipe's tolerance.

    The same recipe and data give the same mixture. The truth is looked at once, when all is
    done: to give each component the name of the class that it agrees with most.

    Args:
        watched: (n,) observed numbers whose posteriors are reported as the fit goes on.

    Raises:
        UserError: too few samples, or a column that is missing or holds no numbers above 0.
    """
    architecture = recipe.architecture
    k = architecture.latent_dim
    needed = recipe.holdout + _FEWEST_PER_CLASS * k
    values = recipe.seen(data)
    if len(values) < needed:
        raise UserError(
            f"{data.name} has {len(values)} samples, and {recipe.name} needs at least {needed:,}; "
            f"train on {recipe.data}."
        )
    order = np.random.default_rng(recipe.seed).permutation(len(values))
    x = np.log10(values[order])[:, None]
    valid, train = x[: recipe.holdout], x[recipe.holdout :]
    # Of one step a call, each of which goes on from the last.
    mixture = GaussianMixture(
        k, covariance_type="spherical", tol=0.0, max_iter=1, warm_start=True,
        random_state=recipe.seed,
    )  # fmt: skip
    state = RunState(0, 0, 0, np.inf, 0.0, [])
    started, reported = time.monotonic(), 0.0
    while state.epoch < recipe.epochs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(train)
        state.epoch += 1
        state.history.append((-float(mixture.score(train)), -float(mixture.score(valid))))
        if time.monotonic() - reported >= _PROGRESS_SECONDS:
            reported = time.monotonic()
            yield _report(recipe, state, mixture, watched)
        gained = state.history[-2][0] - state.history[-1][0] if state.epoch > 1 else np.inf
        if gained < recipe.tolerance:
            break
    state.step = state.best_epoch = state.epoch
    state.best_loss, state.seconds = state.history[-1][1], time.monotonic() - started
    yield _report(recipe, state, mixture, watched)
    net = _named(architecture, mixture, data, order[recipe.holdout :], train)
    about = {"precision": "float64", "scikit_learn": sklearn.__version__}
    return TrainedWeights(net, state, about)


def _named(
    architecture: MixtureConfig,
    mixture: GaussianMixture,
    data: DataSet,
    rows: NDArray[np.int64],
    x: NDArray[np.float64],
) -> MixtureNet:
    """The fitted numbers, components in the order of the classes they agree with most."""
    classes, question = architecture.classes, architecture.question
    truth = true_answers([Attribute(question, classes, question)], data)[question][rows]
    order = matched(truth, mixture.predict(x), len(classes))
    net = MixtureNet(architecture)
    fitted = {
        "means": mixture.means_[:, 0],
        "deviations": np.sqrt(mixture.covariances_),
        "shares": mixture.weights_,
    }
    for name, numbers in fitted.items():
        net.get_buffer(name).copy_(torch.from_numpy(numbers[order]))
    return net


def _report(
    recipe: MixtureRecipe,
    state: RunState,
    mixture: GaussianMixture,
    watched: NDArray[np.float64] | None,
) -> TrainingProgress:
    latents = None
    if watched is not None:
        latents = mixture.predict_proba(np.log10(watched)[:, None]).astype(np.float32)
    train, valid = state.history[-1]
    text = f"Step {state.epoch} of at most {recipe.epochs}: {train:.4g} {recipe.unit}"
    return TrainingProgress(
        state.epoch,
        recipe.epochs,
        _done(recipe, state),
        text,
        train,
        valid,
        recipe.unit,
        tuple(state.history),
        latents,
    )


def _done(recipe: MixtureRecipe, state: RunState) -> float:
    """The fraction of the run: steps gain less and less, about by the same factor each time."""
    gains = -np.diff([train for train, _ in state.history])
    spent = state.epoch / recipe.epochs
    if not len(gains) or gains[0] <= recipe.tolerance:
        return spent
    least = max(float(gains.min()), recipe.tolerance)
    return max(float(np.log(gains[0] / least) / np.log(gains[0] / recipe.tolerance)), spent)
