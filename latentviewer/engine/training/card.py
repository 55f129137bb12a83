"""The README.md of a trained model."""

from collections.abc import Mapping
from typing import Any

from latentviewer.domain.ports import ModelCard
from latentviewer.engine.training.recipes import RECIPES, AnyRecipe

_SOURCES = {
    "mnist": "MNIST (LeCun, Cortes and Burges), 28 x 28 grey images of handwritten digits",
    "digits": (
        "the 1,797 handwritten digits of scikit-learn (Alpaydin and Kaynak, UCI, 1998), "
        "8 x 8 grey images"
    ),
    "faces": "cartoon portraits of 64 x 64 RGB that this program draws from twelve attributes",
    "shapes": "scenes of 64 x 64 RGB that this program draws from seven factors",
    "bridge": (
        "vehicles that this program makes up: a hidden type by fixed shares, and a weight in "
        "tonnes, log-normal by type"
    ),
}
_KINDS = {
    "conv-vae": ("vae", "Gaussian posterior, standard normal prior, {likelihood}."),
    "conv-ae": ("autoencoder", "One latent per image, no prior; trained on the squared error."),
    "conv-gan": (
        "gan",
        "Standard normal prior; generator and discriminator, trained against each other.",
    ),
    "conv-diffusion": (
        "diffusion",
        "An autoencoder with a spatial latent and a denoiser in that latent; conditional, sampled "
        "by DDIM.",
    ),
    "conv-classifier": ("image-classification", "One cross-entropy for each question."),
    "gaussian-mixture": (
        "mixture-model",
        "One Gaussian for each type over the decimal logarithm of the weight; the latent is the "
        "posterior over the types, by Bayes' rule.",
    ),
}
_RENAMED = {
    "nelbo": "test_nelbo_nats",
    "reconstruction": "test_reconstruction_nats",
    "kl": "test_kl_nats",
    "active_units": "active_units",
}
_NOT_KEPT = ("samples",)
_ROWS = (
    ("test_nelbo_nats", "negative ELBO", " nats per image"),
    ("test_reconstruction_nats", "of that, reconstruction", " nats"),
    ("test_kl_nats", "of that, KL to the prior", " nats"),
    ("active_units", "active units", ""),
    ("test_mse", "squared error per value in 0..1", ""),
    ("test_psnr_db", "peak signal-to-noise ratio", " dB"),
    ("test_mig", "mutual information gap, MIG", ""),
    ("test_sap", "separated attribute predictability, SAP", ""),
    ("test_dci_disentanglement", "DCI, disentanglement", ""),
    ("test_dci_completeness", "DCI, completeness", ""),
    ("test_dci_informativeness", "DCI, informativeness", ""),
    ("test_accuracy", "accuracy, mean over the questions", ""),
    ("test_balanced_accuracy", "balanced accuracy, mean over the questions", ""),
    ("test_agreement", "attributes read from the reconstruction as they are", ""),
    ("test_precision", "precision of samples", ""),
    ("test_recall", "recall of samples", ""),
    ("test_frechet_distance", "Fréchet distance of samples", ""),
    ("test_as_asked", "samples that are what was asked for", ""),
    ("valid_nelbo_nats", "negative ELBO, held-out images", " nats per image"),
    ("valid_squared_error", "squared error per image, held-out images", ""),
    ("valid_discriminator_nats", "discriminator's cross-entropy, held-out images", " nats"),
    ("valid_velocity_error", "squared error of the denoiser, held-out images", ""),
    ("valid_cross_entropy_nats", "cross-entropy, held-out images", " nats per image"),
    ("test_type_accuracy", "accuracy of the inferred type", ""),
    ("test_log_likelihood_nats", "log likelihood", " nats per vehicle"),
    ("test_adjusted_rand_index", "adjusted Rand index of the inferred type", ""),
    (
        "valid_negative_log_likelihood_nats",
        "negative log likelihood, held-out vehicles",
        " nats per vehicle",
    ),
)
_NOTES = {
    "test_nelbo_nats": (
        "The bound is estimated with one posterior sample per image, without importance "
        "weighting. A unit is active where its posterior mean varies by more than 0.01 over the "
        "data (Burda et al., 2016)."
    ),
    "test_psnr_db": "The signal-to-noise ratio is the mean of the images' own.",
    "test_mig": (
        "MIG (Chen et al., 2018), SAP (Kumar et al., 2018) and DCI (Eastwood and Williams, 2018) "
        "are of the posterior means and the data set's known factors; the informativeness is the "
        "accuracy of random forests on unseen samples."
    ),
    "test_agreement": (
        "Attributes are read by the bundled classifier of the same data; the share is a mean "
        "over those with two values."
    ),
    "test_precision": (
        "Precision and recall (Kynkäänniemi et al., 2019, k = 3) and the Fréchet distance "
        "compare 5,000 samples with as many real images in the last layer of the bundled "
        "classifier of the same data; they compare with nothing measured in other features."
    ),
    "test_log_likelihood_nats": (
        "The likelihood is that of the density per decade of weight. Accuracy is the share of "
        "vehicles whose most probable type is the hidden one, after the one-to-one matching of "
        "components with types that agrees most often; the adjusted Rand index (Hubert and "
        "Arabie, 1985) needs no matching."
    ),
    "test_balanced_accuracy": (
        "The balanced accuracy of a question is the mean over its answers of the share told right."
    ),
}
_BERNOULLI_NOTE = (
    "Grey values count as probabilities, so the bound compares with others measured on grey "
    "values, not on binarised images."
)


def card_figures(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Measured figures by the names that config.json has them under, rounded."""
    return {
        _RENAMED.get(name, f"test_{name}"): _rounded(value)
        for name, value in measured.items()
        if name not in _NOT_KEPT
    }


def headline(figures: Mapping[str, Any]) -> str:
    """The figure to name a model by, in words, such as `negative ELBO 21.3 nats per image`."""
    for name, words, unit in _ROWS:
        if name in figures:
            return f"{words} {figures[name]}{unit}"
    return ""


def model_readme(recipe: AnyRecipe, config: Mapping[str, Any], card: ModelCard) -> str:
    """Markdown with what the model is, how it was trained, and its measured figures."""
    training, figures = config["training"], config["figures"]
    source = _SOURCES.get(recipe.data.partition(":")[0], recipe.data)
    tag, about = _KINDS[config["family"]]
    bernoulli = config["architecture"].get("pixel_std") is None
    likelihood = (
        "Bernoulli likelihood on grey values in 0..1"
        if bernoulli
        else "Gaussian likelihood of each value in 0..1 with a standard deviation of "
        f"{config['architecture'].get('pixel_std')}"
    )
    kept = "float16" if training.get("half_weights") else "float32"
    lines = [
        "---",
        "license: mit",
        "library_name: latentviewer",
        f"tags: [{tag}, {config['family']}]",
        "---",
        "",
        f"# {recipe.name}",
        "",
        f"{recipe.title}. {about.format(likelihood=likelihood)}",
        "",
        "| | |",
        "|---|---|",
        f"| weights | {card.parameters:,} {kept} in `model.safetensors`, SHA-256 "
        f"`{card.weights_hash}` |",
        f"| latent dimensions | {card.latent_dim} |",
        f"| data | `{recipe.data}`: {source} |",
        f"| trained by | `{_command(recipe)}` |",
        f"| seed | {recipe.seed} |",
        *(f"| {words} | {value} |" for words, value in recipe.facts(training)),
        "",
        "## Figures",
        "",
        "| | |",
        "|---|---|",
    ]
    on = f", `{figures['test_data']}`, {_counted(figures)}" if "test_data" in figures else ""
    for name, words, unit in _ROWS:
        if name in figures:
            of = f" of {card.latent_dim}" if name == "active_units" else ""
            where, on = ("", on) if name.startswith("valid") else (on, "")
            lines.append(f"| {words}{where} | {figures[name]}{of}{unit} |")
    for question, value in figures.get("test_by_question", {}).items():
        lines.append(f"| {question}, balanced accuracy | {value} |")
    for condition, value in figures.get("test_as_asked_by_condition", {}).items():
        lines.append(f"| asked for by {condition} | {value} |")
    for name, value in figures.get("test_by_class", {}).items():
        lines.append(f"| {name}, share told right | {value} |")
    notes = [note for name, note in _NOTES.items() if name in figures]
    if bernoulli and "test_nelbo_nats" in figures:
        notes.append(_BERNOULLI_NOTE)
    measured = f"Measured by `latentviewer train {recipe.name} --evaluate`, seed 0."
    lines += ["", " ".join([measured, *notes]), ""]
    return "\n".join(lines)


def _counted(figures: Mapping[str, Any]) -> str:
    """How many samples the figures are of."""
    if "test_images" in figures:
        return f"{figures['test_images']:,} images"
    return f"{figures['test_observations']:,} observations"


def _command(recipe: AnyRecipe) -> str:
    command = f"latentviewer train {recipe.name}"
    for known in RECIPES:
        if known.name == recipe.name:
            if recipe.epochs != known.epochs:
                command += f" --epochs {recipe.epochs}"
            if recipe.seed != known.seed:
                command += f" --seed {recipe.seed}"
    return command


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3) if abs(value) >= 1 else float(f"{value:.4g}")
