"""How a model's dimensions stand for the known factors of a data set."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.measures.disentanglement import (
    completeness,
    disentanglement,
    mutual_information_gap,
    separated_attribute_predictability,
)
from latentviewer.domain.ports import Capability, DataSet, Model
from latentviewer.domain.stepping import passed_on
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.engine.batches import drawn_rows, unit_images
from latentviewer.engine.measuring.importances import LEAST_SAMPLES, finding_importances
from latentviewer.engine.measuring.requirements import (
    need_capabilities,
    need_images,
    need_samples,
)

_ENCODING_SHARE = 0.3  # of the work; the rest is mostly growing forests
_MOST_VALUES = 100
_BINS = 20


def measuring_disentanglement(
    model: Model,
    data: DataSet,
    factors: Sequence[str],
    *,
    limit: int = 10_000,
    seed: int = 0,
    batch: int = 250,
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done; returns `mig`, `sap`, `dci_disentanglement`,
    `dci_completeness` and `dci_informativeness`, and with them `factors`, `images` and `seed`.

    The codes are the posterior means. For the formulas see `domain.measures.disentanglement`,
    for the importances behind DCI `importances`. The informativeness is the mean over the
    factors of the forests' accuracy on unseen samples, so that greater is better, as in
    Locatello et al. (2019), and not an error as in the original.

    Args:
        factors: two columns of `data` or more. For SAP a column of numbers is a quantity, one
            of categories is not. Numbers with more than 100 distinct values are cut into 20
            bins of equal width.
        limit: samples to draw where there are more.
        seed: of this draw and of the forests.

    Raises:
        UserError: the model lacks what it needs, the data set is too small or does not fit, or
            a column cannot be a factor.
    """
    need_capabilities(model.card, Capability.ENCODE)
    need_images(model.card, data.image, data.name)
    need_samples(data, least=LEAST_SAMPLES)
    if model.card.latent_dim < 2:
        raise UserError(f"{model.card.name} has one dimension only; choose a model with more.")
    if len(set(factors)) < max(2, len(factors)):
        raise UserError(f"Name two or more different columns of {data.name} as factors.")
    rows = drawn_rows(data, max(limit, LEAST_SAMPLES), seed)
    known = data.columns
    columns = [_factor(known, name, rows, data.name) for name in factors]
    values = np.column_stack([column for column, _ in columns])
    parts: list[NDArray[np.float32]] = []
    for part, images in unit_images(data, batch, rows):
        parts.append(model.encode(images).mean)
        yield _ENCODING_SHARE * (batch * (len(parts) - 1) + len(part)) / len(rows)
    codes = np.concatenate(parts)
    if not np.isfinite(codes).all():
        raise UserError(
            f"{model.card.name} encodes images of {data.name} to NaN or infinite latents; "
            "train it again."
        )
    forests = finding_importances(codes, values, seed)
    found = yield from passed_on(
        forests, lambda done: _ENCODING_SHARE + (1.0 - _ENCODING_SHARE) * done
    )
    return {
        "mig": mutual_information_gap(codes, values),
        "sap": separated_attribute_predictability(codes, values, [o for _, o in columns]),
        "dci_disentanglement": disentanglement(found.matrix),
        "dci_completeness": completeness(found.matrix),
        "dci_informativeness": float(found.accuracy.mean()),
        "factors": list(factors),
        "images": len(rows),
        "seed": seed,
    }


def _factor(
    columns: Mapping[str, Column], name: str, rows: NDArray[np.int64], source: str
) -> tuple[NDArray[np.int64], bool]:
    """The column's values at these rows numbered from 0, and whether they are a quantity."""
    column = columns.get(name)
    place = f"{source}: the column “{name}”"
    if column is None:
        known = ", ".join(columns) or "none"
        raise UserError(f"{source} has no column “{name}”; choose among its columns: {known}.")
    if isinstance(column, Categories):
        values: NDArray[Any] = column.codes[rows]
        gaps = values < 0
    elif isinstance(column, Numbers):
        values = column.values[rows]
        gaps = ~np.isfinite(values)
    else:
        raise UserError(f"{place} holds text; a factor needs categories or numbers.")
    if gaps.any():
        raise UserError(f"{place} has gaps; choose rows without.")
    distinct, numbered = np.unique(values, return_inverse=True)
    if len(distinct) < 2:
        raise UserError(f"{place} has one value only; a factor has to vary.")
    ordered = isinstance(column, Numbers)
    if len(distinct) > _MOST_VALUES:
        if not ordered:
            raise UserError(
                f"{place} has {len(distinct)} categories; a factor has at most {_MOST_VALUES}."
            )
        edges = np.linspace(distinct[0], distinct[-1], _BINS + 1)
        numbered = np.searchsorted(edges[1:-1], values, "right")
    return numbered.astype(np.int64), ordered
