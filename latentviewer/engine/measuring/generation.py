"""How real the samples of a generator look, in the features of a classifier."""

from collections.abc import Generator
from typing import Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.measures.generation import frechet_distance, precision_recall
from latentviewer.domain.ports import Capability, DataSet, Images, Model
from latentviewer.domain.space import Latents
from latentviewer.engine.batches import drawn_rows, unit_images
from latentviewer.engine.measuring.requirements import (
    need_capabilities,
    need_images,
    need_samples,
)

_ENCODING_SHARE = 0.95  # of the work; the rest is comparing the features


def measuring_generation(
    model: Model,
    classifier: Model,
    data: DataSet,
    *,
    count: int = 5000,
    seed: int = 0,
    k: int = 3,
    batch: int = 250,
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done after each batch; returns `precision`, `recall` and
    `frechet_distance` (see `domain.measures.generation`), and with them `count` generated and
    `real` samples, `k`, `seed`, and `features`, the classifier's name.

    The features are what the classifier encodes to, its last layer. All three figures depend
    on them and on both counts: compare only like with like.

    Args:
        count: samples to draw from the model's prior, and at most as many real ones.
        seed: of both draws.
        k: of precision and recall, which neighbour a ball reaches to.

    Raises:
        UserError: a model lacks what it needs, the images do not fit, there are k samples or
            fewer, or features are not finite.
    """
    need_capabilities(model.card, Capability.DECODE, Capability.SAMPLE)
    need_capabilities(classifier.card, Capability.ENCODE, Capability.CLASSIFY)
    need_images(classifier.card, model.card.image, model.card.name)
    need_images(classifier.card, data.image, data.name)
    need_samples(data, least=k + 1)
    if count <= k:
        raise UserError(
            f"{count} samples of {model.card.name} are too few to compare; ask for {k + 1} or more."
        )
    rows = drawn_rows(data, count, seed)
    total = len(rows) + count
    real, generated = [], []
    for part, images in unit_images(data, batch, rows):
        real.append(_features(classifier, images, data.name))
        yield _ENCODING_SHARE * (batch * (len(real) - 1) + len(part)) / total
    latents = model.sample(count, seed)
    for start in range(0, count, batch):
        images = model.decode(latents[start : start + batch])
        generated.append(_features(classifier, images, model.card.name))
        yield _ENCODING_SHARE * (len(rows) + start + len(images)) / total
    both = np.concatenate(real), np.concatenate(generated)
    shares = precision_recall(*both, k=k)
    yield 0.99
    distance = frechet_distance(*both)
    yield 1.0
    return {
        "precision": shares.precision,
        "recall": shares.recall,
        "frechet_distance": distance,
        "count": count,
        "real": len(rows),
        "k": k,
        "seed": seed,
        "features": classifier.card.name,
    }


def _features(classifier: Model, images: Images, source: str) -> Latents:
    features = classifier.encode(images).mean
    if not np.isfinite(features).all():
        raise UserError(
            f"{classifier.card.name} has NaN or infinite features for images of {source}; "
            "train whichever of the two is damaged again."
        )
    return features
