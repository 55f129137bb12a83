"""The README.md of a trained model."""

from collections.abc import Mapping
from typing import Any

from latentviewer.domain.ports import ModelCard
from latentviewer.engine.training.recipes import RECIPES, Recipe

_SOURCES = {
    "mnist": "MNIST (LeCun, Cortes and Burges), 28 x 28 grey images of handwritten digits",
    "digits": (
        "the 1,797 handwritten digits of scikit-learn (Alpaydin and Kaynak, UCI, 1998), "
        "8 x 8 grey images"
    ),
}


def model_readme(recipe: Recipe, config: Mapping[str, Any], card: ModelCard) -> str:
    """Markdown with what the model is, how it was trained, and its measured figures."""
    training, figures = config["training"], config["figures"]
    source = _SOURCES.get(recipe.data.partition(":")[0], recipe.data)
    lines = [
        "---",
        "license: mit",
        "library_name: latentviewer",
        f"tags: [vae, {config['family']}]",
        "---",
        "",
        f"# {recipe.name}",
        "",
        f"{recipe.title}. Gaussian posterior, standard normal prior, Bernoulli likelihood on "
        "grey values in 0..1.",
        "",
        "| | |",
        "|---|---|",
        f"| weights | {card.parameters:,} float32 in `model.safetensors`, SHA-256 "
        f"`{card.weights_hash}` |",
        f"| latent dimensions | {card.latent_dim} |",
        f"| data | `{recipe.data}`: {source}; {recipe.holdout:,} of them held out to decide "
        "when to stop |",
        f"| trained by | `{_command(recipe)}` |",
        f"| seed | {recipe.seed} |",
        f"| epochs | {training['epochs_done']} of at most {recipe.epochs}; the weights are "
        f"the running average at epoch {training['best_epoch']} |",
        f"| arithmetic | {training['precision']} while training, float32 everywhere else; "
        f"torch {training['torch']} |",
        "",
        "## Figures",
        "",
        "| | |",
        "|---|---|",
    ]
    if "test_nelbo_nats" in figures:
        lines += [
            f"| negative ELBO, `{figures['test_data']}`, {figures['test_images']:,} images | "
            f"{figures['test_nelbo_nats']} nats per image |",
            f"| of that, reconstruction | {figures['test_reconstruction_nats']} nats |",
            f"| of that, KL to the prior | {figures['test_kl_nats']} nats |",
            f"| active units | {figures['active_units']} of {card.latent_dim} |",
        ]
    lines += [
        f"| negative ELBO, held-out images | {figures['valid_nelbo_nats']} nats per image |",
        "",
        f"Measured by `latentviewer train {recipe.name} --evaluate`: one posterior sample per "
        "image with seed 0, no importance weighting. Grey values count as probabilities, so the "
        "figure compares with others measured on grey values, not on binarised images. A unit "
        "is active where its posterior mean varies by more than 0.01 over the data (Burda et "
        "al., 2016).",
        "",
    ]
    return "\n".join(lines)


def _command(recipe: Recipe) -> str:
    command = f"latentviewer train {recipe.name}"
    for known in RECIPES:
        if known.name == recipe.name:
            if recipe.epochs != known.epochs:
                command += f" --epochs {recipe.epochs}"
            if recipe.seed != known.seed:
                command += f" --seed {recipe.seed}"
    return command
