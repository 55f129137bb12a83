"""What the open space can show, and where it can't, why, in one plain sentence."""

from dataclasses import dataclass

from latentviewer.app.workspace import Workspace
from latentviewer.domain.observation import Observation, observation_of
from latentviewer.domain.ports import Capability, ModelCard
from latentviewer.domain.space import Space


@dataclass(frozen=True)
class Abilities:
    """Each is empty where it can be done, else the sentence that says why not.

    Attributes:
        decoder: pictures of latents.
        original: pictures of samples as they were.
        posterior: samples around a sample's mean.
        prior: samples from nowhere but the model. The same sentence as `posterior` where one
            says both.
        inversion: latents searched for real images.
        layers: features of each layer of the model.
        loading: whether the model is on its way, so that all of this may change.
    """

    decoder: str = ""
    original: str = ""
    posterior: str = ""
    prior: str = ""
    inversion: str = ""
    layers: str = ""
    loading: bool = False


def abilities(workspace: Workspace) -> Abilities:
    """Of the open space, with the model and the data that are here."""
    space, model = workspace.state.space, workspace.model
    if space is None:
        why = "Open a space first; File, Open file."
        return Abilities(why, why, why, why, why, why)
    observation = observation_of(space)
    if observation is not None:
        return _observed(observation, _why_no_original(space))
    original = _why_no_original(space)
    if model is None:
        return _without_model(space, original, workspace.model_expected)
    card = model.card
    can = card.capabilities
    prior = "" if Capability.SAMPLE in can else f"{card.name} has no prior to draw samples from."
    posterior = _why_no_posterior(space, card)
    if prior and posterior and Capability.POSTERIOR not in can:
        prior = posterior = (
            f"{card.name} encodes a sample as one point: it has neither a posterior nor a prior."
        )
    return Abilities(
        decoder=""
        if Capability.DECODE in can
        else f"{card.name} reads images and has no decoder, so places between samples have no "
        "picture.",
        original=original,
        posterior=posterior,
        prior=prior,
        inversion=_why_no_inversion(card),
        layers=_why_no_layers(card, workspace),
    )


def _observed(observation: Observation, original: str) -> Abilities:
    """Of latents that are inferred from a number."""
    question, column = observation.question, observation.column
    why = f"The model infers a {question} from a {column}"
    decoder = f"{why}; it has no decoder that could draw one."
    posterior = f"The latent is itself the posterior over each {question}; nothing is drawn."
    return Abilities(
        decoder, original, posterior, posterior, f"{why}, not from images.", f"{why} at once."
    )


def _without_model(space: Space, original: str, loading: bool) -> Abilities:
    name = space.provenance.model
    if name is None:
        decoder = f"{space.name} names no model, so places between samples have no picture."
        rest = f"{space.name} names no model, so it has neither a posterior nor a prior."
        other = f"{space.name} names no model."
    elif loading:
        decoder = rest = other = f"{name} is still being loaded."
    else:
        decoder = f"The model {name} is not here, so places between samples have no picture."
        rest = f"The model {name} is not here, so neither posterior nor prior can be sampled."
        other = f"The model {name} is not here."
    return Abilities(decoder, original, rest, rest, other, other, loading)


def _why_no_original(space: Space) -> str:
    if space.provenance.data is not None:
        return ""
    if "sampled" in space.provenance.extra:
        return "Drawn from the prior, not from data: there is no original to compare with."
    return f"{space.name} names no data set, so there are no originals."


def _why_no_posterior(space: Space, card: ModelCard) -> str:
    if Capability.POSTERIOR in card.capabilities:
        if space.latent_std is not None:
            return ""
        if "sampled" in space.provenance.extra:
            return "These latents are drawn from the prior; only encoded samples have a posterior."
        return f"{space.name} keeps no standard deviations, so there is no posterior to sample."
    if Capability.ENCODE in card.capabilities:
        return f"{card.name} encodes a sample as one point, so there is no posterior to sample."
    return f"{card.name} has no encoder, so its latents have no posterior."


def _why_no_inversion(card: ModelCard) -> str:
    if Capability.INVERT in card.capabilities:
        return ""
    if Capability.ENCODE in card.capabilities:
        return f"{card.name} has an encoder; encode the data set with it instead of searching."
    return f"{card.name} cannot be searched for latents."


def _why_no_layers(card: ModelCard, workspace: Workspace) -> str:
    if Capability.LAYERS not in card.capabilities:
        return f"{card.name} has no layers to choose from."
    if workspace.data is not None:
        return ""
    name = workspace.space.provenance.data
    if name is None:
        return f"{workspace.space.name} names no data set, so other layers cannot be computed."
    if workspace.missing_data is not None:
        return f"The layers need the images of {name}, which are not on this machine."
    return f"The layers need the images of {name}."
