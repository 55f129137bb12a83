"""A data set to a space, by a model that sees one number of each sample."""

from collections.abc import Generator
from typing import Any

import numpy as np

from latentviewer import __version__
from latentviewer.domain.dimension_names import DIMENSIONS
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import FIRST, FirstSamples
from latentviewer.domain.map_note import LOG10, MAPS, Axis, MapNote
from latentviewer.domain.mixture import curve_of, entropy_bits, places_below
from latentviewer.domain.observation import OBSERVATION, Observation
from latentviewer.domain.ports import DataSet, Model, Observing
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.engine.encoding import EncodingProgress
from latentviewer.engine.observed import read_numbers

_AT_ONCE = 100_000
_MAP = "density_2d"
_FLATNESS = 0.48  # the highest density's share of the map's width


def observing_data(
    model: Model, data: DataSet, reference: str, layer: str | None = None
) -> Generator[EncodingProgress, None, Space]:
    """The posterior of each sample as its latent, with a map on which they lie under the density.

    Args:
        reference: a bundled model's name, or the path of its folder.
        layer: refused; there are none.

    Raises:
        UserError: the model does not observe, or a number is missing or not above 0.
    """
    card = model.card
    if not isinstance(model, Observing):
        raise UserError(f"{card.name} observes nothing; encode images with it.")
    if layer is not None:
        raise UserError(f"{card.name} has no layers to choose from; leave the layer out.")
    observation = model.observation
    values = read_numbers(data, observation.column, card.name)
    posterior = np.empty((len(data), card.latent_dim), np.float32)
    for start in range(0, len(data), _AT_ONCE):
        part = slice(start, min(start + _AT_ONCE, len(data)))
        posterior[part] = model.posterior(values[part])
        yield EncodingProgress(part.stop, len(data))
    question, height = observation.question, _height(observation)
    inferred: dict[str, Column] = {
        observation.column: Numbers(values),
        f"inferred {question}": Categories(
            posterior.argmax(axis=1).astype(np.int32), observation.mixture.names
        ),
    }
    inferred |= {name: column for name, column in data.columns.items() if name not in inferred}
    inferred |= {
        "probability": Numbers(posterior.max(axis=1).astype(np.float64)),
        "entropy": Numbers(entropy_bits(posterior)),
    }
    return Space(
        name=f"{data.name} by {card.name}",
        latent=posterior,
        columns=inferred,
        maps={_MAP: places_below(observation.mixture, np.log10(values), height)},
        provenance=Provenance(
            reference, card.weights_hash, data.name, _extra(observation, data, height)
        ),
    )


def _height(observation: Observation) -> float:
    """Map units for a density of 1, so that the map is a flat picture as windows are."""
    x = curve_of(observation.mixture)
    return round(_FLATNESS * float(x[-1] - x[0]) / float(observation.mixture.density(x).max()), 3)


def _extra(observation: Observation, data: DataSet, height: float) -> dict[str, Any]:
    column, unit, question = observation.column, observation.unit, observation.question
    note = MapNote(
        title=f"{column.capitalize()} and density",
        axes=(
            Axis(f"{column} in {unit}, log scale" if unit else f"{column}, log scale", LOG10),
            Axis("density"),
        ),
        caption=f"Only the {column} is seen; the {question} is inferred.",
        observed=True,
        height=height,
    )
    extra: dict[str, Any] = {
        "latents": f"posterior over the {question}, by Bayes' rule",
        "probability": f"of the inferred {question}",
        "entropy": "of the posterior, bits",
        DIMENSIONS: list(observation.mixture.names),
        OBSERVATION: observation.as_json(),
        MAPS: {_MAP: note.as_json()},
        "versions": {"latentviewer": __version__},
    }
    if isinstance(data, FirstSamples):
        extra[FIRST] = len(data)
    return extra
