"""Whether what is seen in an image is still seen in its reconstruction."""

from collections.abc import Generator
from typing import Any, Protocol

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Classifier, DataSet, Model, ModelCard
from latentviewer.engine.answers import true_answers
from latentviewer.engine.batches import unit_images
from latentviewer.engine.measuring.requirements import (
    need_capabilities,
    need_images,
    need_samples,
)
from latentviewer.engine.networks.attributes import Attribute


class Reader(Classifier, Protocol):
    """A classifier that says in which columns the truth of its answers stands."""

    @property
    def card(self) -> ModelCard: ...

    @property
    def heads(self) -> tuple[Attribute, ...]: ...


def measuring_agreement(
    model: Model, classifier: Reader, data: DataSet, batch: int = 250
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done after each batch; returns `agreement`, the mean over the
    questions with two answers, `by_question` with each, `images` and `classifier`, its name.

    The agreement is the share of samples for which the classifier's likeliest answer for the
    decoded posterior mean is the true answer in the data set's columns. The classifier's own
    mistakes count against the model.

    Raises:
        UserError: a model lacks what it needs, the images do not fit, the data set is empty
            or lacks a column with the truth, or no question has two answers.
    """
    need_capabilities(model.card, Capability.ENCODE, Capability.DECODE)
    need_capabilities(classifier.card, Capability.CLASSIFY)
    need_images(model.card, data.image, data.name)
    need_images(classifier.card, model.card.image, model.card.name)
    need_samples(data)
    heads = [head for head in classifier.heads if len(head.classes) == 2]
    if not heads:
        raise UserError(
            f"{classifier.card.name} answers no question of two answers; "
            "choose a classifier of attributes."
        )
    truth = true_answers(heads, data)
    right = dict.fromkeys(truth, 0)
    for rows, images in unit_images(data, batch):
        answers = classifier.probabilities(model.decode(model.encode(images).mean))
        for name in truth:
            if not np.isfinite(answers[name]).all():
                raise UserError(
                    f"{classifier.card.name} has no answer to “{name}” for images that "
                    f"{model.card.name} decodes; train whichever of the two is damaged again."
                )
            right[name] += int((answers[name].argmax(axis=1) == truth[name][rows]).sum())
        yield (int(rows[-1]) + 1) / len(data)
    shares = {name: count / len(data) for name, count in right.items()}
    return {
        "agreement": float(np.mean(list(shares.values()))),
        "by_question": {name: round(share, 4) for name, share in shares.items()},
        "images": len(data),
        "classifier": classifier.card.name,
    }
