"""The quality of the bundled models, measured again: what their cards promise."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from latentviewer.bench.latency_rows import preview_rows
from latentviewer.bench.rows import Row
from latentviewer.bootstrap import model_card, open_model, samples
from latentviewer.bootstrap.catalogue import bundled_models
from latentviewer.bootstrap.judging import (
    agreement,
    anomaly,
    asked,
    disentanglement,
    figures,
    generation,
    weights_bytes,
)
from latentviewer.domain.errors import DataNotHereError
from latentviewer.domain.ports import Capability

_FACTORS = ("shape", "scale", "orientation", "x", "y", "object_hue", "background_hue")
_LARGEST_MB = 40.0
_FIRST_PICTURE_MS = 150.0
_FEW_STEPS = 4


def model_rows(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Rows of every bundled model; one whose data are not here is named and left out."""
    there = bundled_models()
    rows: list[Row] = []
    for name, measure in _MEASURES:
        if name not in there:
            continue
        say(f"measuring: {name}")
        try:
            rows += measure(name, quick)
        except DataNotHereError as error:
            say(f"left out: {error}")
    for name in there:
        rows += _decoding(name)
    for sample in samples():
        card = model_card(sample.model)
        if sample.available and Capability.DECODE in card.capabilities:
            say(f"measuring: the preview of {sample.name}")
            rows += preview_rows(sample.name, quick)
    megabytes = weights_bytes() / 1e6
    rows.append(_at_most("bundled weights together", "MB", megabytes, _LARGEST_MB))
    return rows


def _mnist_vae(name: str, quick: bool) -> Iterator[Row]:
    found = figures(name, "mnist:test", 2000 if quick else None)
    yield _at_most(f"{name}, negative ELBO", "nats", found["nelbo"], 103.0)


def _autoencoder_of_digits(name: str, quick: bool) -> Iterator[Row]:
    limit = 2000 if quick else None
    found = figures(name, "mnist:test", limit)
    yield _at_most(f"{name}, squared error", "", found["mse"], 0.006)
    strange = anomaly(name, "mnist:test", "fashion-mnist:test", limit)
    yield _at_least(f"{name}, AUROC against Fashion-MNIST", "", strange["auroc"], 0.97)


def _reconstructed_faces(name: str, quick: bool) -> Iterator[Row]:
    found = figures(name, "faces:test", 500 if quick else 2000)
    yield _at_least(f"{name}, PSNR of 2,000 unseen faces", "dB", found["psnr_db"], 26.0)
    kept = agreement(name, "faces-classifier", "faces:test", 500 if quick else 2000)
    yield _at_least(f"{name}, attributes decoded right", "", kept["agreement"], 0.90)


def _classified_faces(name: str, quick: bool) -> Iterator[Row]:
    found = figures(name, "faces:test", 1000 if quick else None)
    yield _at_least(f"{name}, balanced accuracy", "", found["balanced_accuracy"], 0.97)


def _classified_digits(name: str, quick: bool) -> Iterator[Row]:
    found = figures(name, "mnist:test", 2000 if quick else None)
    yield _told(f"{name}, accuracy", "", found["accuracy"])


def _generated_faces(name: str, quick: bool) -> Iterator[Row]:
    found = generation(name, "faces-classifier", "faces:test", 500 if quick else 5000)
    yield _at_least(f"{name}, precision", "", found["precision"], 0.75)
    yield _at_least(f"{name}, recall", "", found["recall"], 0.5)
    yield _told(f"{name}, Fréchet distance", "", found["frechet_distance"])


def _generated_digits(name: str, quick: bool) -> Iterator[Row]:
    found = asked(name, "mnist-classifier", "label", 20 if quick else 200)
    yield _at_least(f"{name}, the digit that was asked for", "", found["as_asked"], 0.95)


def _shapes(name: str, quick: bool) -> Iterator[Row]:
    found = disentanglement(name, "shapes:test", _FACTORS, 2000 if quick else 10_000)
    for key, words in {
        "mig": "MIG", "sap": "SAP", "dci_disentanglement": "DCI disentanglement",
        "dci_completeness": "DCI completeness", "dci_informativeness": "DCI informativeness",
    }.items():  # fmt: skip
        yield _told(f"{name}, {words}", "", found[key])


_MEASURES: tuple[tuple[str, Callable[[str, bool], Iterator[Row]]], ...] = (
    ("mnist-vae", _mnist_vae),
    ("mnist-ae", _autoencoder_of_digits),
    ("mnist-classifier", _classified_digits),
    ("mnist-ldm", _generated_digits),
    ("faces-vae", _reconstructed_faces),
    ("faces-ae", _reconstructed_faces),
    ("faces-classifier", _classified_faces),
    ("faces-gan", _generated_faces),
    ("faces-ldm", _generated_faces),
    ("shapes-beta-vae", _shapes),
)


def _decoding(name: str) -> Iterator[Row]:
    """What of the way from cursor to picture is the model's own."""
    model: Any = open_model(name)
    can = model.card.capabilities
    if Capability.DECODE not in can:
        return
    if Capability.DENOISE in can:
        noise = model.noise(1, 0)

        def first_picture() -> None:
            *_, last = model.denoising(noise, _FEW_STEPS, 2.0, {})
            model.decode(last.latents)

        median = _median_ms(first_picture, 20)
        yield _at_most(f"{name}, first picture from noise", "ms", median, _FIRST_PICTURE_MS)
        latent = noise
    elif Capability.SAMPLE in can:
        latent = model.sample(1, 0)
    else:
        latent = model.encode(_blank(model)).mean
    yield _told(f"{name}, one latent decoded", "ms", _median_ms(lambda: model.decode(latent), 100))


def _blank(model: Any) -> Any:
    import numpy as np

    shape = model.card.image
    return np.zeros((1, shape.height, shape.width, shape.channels), np.float32)


def _median_ms(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _at_most(name: str, unit: str, ours: float, limit: float) -> Row:
    met = ours <= limit
    return Row(name, unit, ours, limit, "limit", ours / limit, f"at most {limit:g}", met)


def _at_least(name: str, unit: str, ours: float, limit: float) -> Row:
    met = ours >= limit
    return Row(name, unit, ours, limit, "limit", ours / limit, f"at least {limit:g}", met)


def _told(name: str, unit: str, ours: float) -> Row:
    return Row(name, unit, ours, None, "", None, "", None)
