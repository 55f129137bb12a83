"""What `latentviewer train` can train: one frozen recipe per bundled model."""

from latentviewer.domain.errors import UserError
from latentviewer.engine.training.recipes.bridge import BRIDGE
from latentviewer.engine.training.recipes.digits import DIGITS_VAE
from latentviewer.engine.training.recipes.faces import (
    FACES_AE,
    FACES_CLASSIFIER,
    FACES_GAN,
    FACES_LDM,
    FACES_VAE,
)
from latentviewer.engine.training.recipes.mixture import MixtureRecipe
from latentviewer.engine.training.recipes.mnist import (
    MNIST_AE,
    MNIST_CLASSIFIER,
    MNIST_LDM,
    MNIST_VAE,
)
from latentviewer.engine.training.recipes.recipe import Recipe
from latentviewer.engine.training.recipes.shapes import SHAPES_BETA_VAE

AnyRecipe = Recipe | MixtureRecipe
"""`latentviewer.engine.training.run` fits each in its own way."""

RECIPES: tuple[AnyRecipe, ...] = (
    MNIST_VAE,
    MNIST_AE,
    MNIST_LDM,
    MNIST_CLASSIFIER,
    DIGITS_VAE,
    FACES_VAE,
    FACES_AE,
    FACES_GAN,
    FACES_LDM,
    FACES_CLASSIFIER,
    SHAPES_BETA_VAE,
    BRIDGE,
)


def recipe_named(name: str) -> AnyRecipe:
    """The recipe of that name.

    Raises:
        UserError: there is none.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    *others, last = (recipe.name for recipe in RECIPES)
    raise UserError(f"There is no recipe “{name}”; train {', '.join(others)} or {last}.")
