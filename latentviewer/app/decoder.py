"""The model that a space names, if it is here and fits."""

from latentviewer.app.services import Services
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Model
from latentviewer.domain.space import Space


def decoder_of(space: Space, name: str, services: Services) -> Model | str:
    """The model `name` for the latents of a space, or the sentence why it is left out."""
    try:
        model = services.open_model(name)
    except UserError as error:
        return f"Without its decoder: {error}"
    of_layer = Capability.LAYERS in model.card.capabilities and "layer" in space.provenance.extra
    if model.card.latent_dim != space.dim and not of_layer:
        return (
            f"The model {name} has {model.card.latent_dim} latent dimensions, "
            f"{space.name} has {space.dim}; it is left out."
        )
    return model
