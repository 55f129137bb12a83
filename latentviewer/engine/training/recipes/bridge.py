"""Vehicles on a bridge, told apart by their weight alone."""

from latentviewer.engine.networks.mixture import MixtureConfig
from latentviewer.engine.training.recipes.mixture import MixtureRecipe

BRIDGE = MixtureRecipe(
    name="bridge",
    title="A Gaussian mixture over the weight of vehicles, whose types are hidden",
    data="bridge:train",
    test_data="bridge:test",
    architecture=MixtureConfig(
        column="weight",
        unit="t",
        question="type",
        classes=("motorcycle", "car", "van", "lorry", "articulated lorry"),
    ),
    seed=0,
    epochs=1000,
    holdout=5000,
    tolerance=1e-7,
)
