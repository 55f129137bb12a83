"""State dicts of plain chains, whose network is told by the names and shapes of its tensors."""

from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.importing import Answers, Offer, Question
from latentviewer.domain.ports import Capability, ImageShape, Model, ModelCard
from latentviewer.engine.importing.checkpoints.known_classifiers import known_classifier
from latentviewer.engine.importing.checkpoints.state_dicts import (
    StateDict,
    chosen_of,
    holds_weights,
    state_dicts_of,
    weights_question,
)
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.inferring.architecture import Architecture, architecture_of
from latentviewer.engine.importing.inferring.flows import Flow
from latentviewer.engine.importing.inferring.inferred_model import (
    InferredModel,
    capabilities_of,
    kind_of,
)
from latentviewer.engine.importing.inferring.state_layers import Unfit
from latentviewer.engine.importing.inferring.strides import Walk
from latentviewer.engine.weights import sha256_of

_FORMAT = "state dict"


def _offer(path: Path, answers: Answers) -> Offer:
    digest = sha256_of(path)
    found = state_dicts_of(path)
    state, which = chosen_of(found, answers), weights_question(found)
    asked: tuple[Question, ...] = () if which is None else (which,)
    try:
        architecture = _architecture(state, answers)
    except _NoPlainChainError as error:
        return Offer(
            path=str(path),
            format=_FORMAT,
            file_hash=digest,
            found=(f"{len(state.shapes)} tensors with {state.numbers:,} numbers.",),
            capabilities=frozenset(),
            latent_dim=None,
            image=None,
            questions=asked,
            missing=(str(error),),
        )
    plan = architecture.plan
    return Offer(
        path=str(path),
        format=_FORMAT,
        file_hash=digest,
        found=_found(architecture),
        capabilities=_capabilities(architecture),
        latent_dim=plan.latent_dim,
        image=_image(architecture),
        questions=(*asked, *architecture.questions),
    )


def _open(path: Path, answers: Answers, device: str) -> Model:
    digest = sha256_of(path)
    state = chosen_of(state_dicts_of(path), answers)
    architecture = _architecture(state, answers)
    tensors = state.tensors(architecture.tensors)
    plan = architecture.plan
    card = ModelCard(
        name=path.name,
        path=str(path),
        family=_FORMAT,
        latent_dim=plan.latent_dim,
        image=_image(architecture),
        capabilities=_capabilities(architecture),
        data=None,
        weights_hash=digest,
        parameters=sum(tensor.numel() for tensor in tensors.values()),
        figures={},
    )
    net = architecture.built(tensors)
    takes, gives = architecture.takes, architecture.gives
    return InferredModel(net, card, takes, gives, plan.values, device)


def _recognises(path: Path) -> bool:
    """Whether weights can be read from it; what names more than weights is left to others."""
    if not holds_weights(path):
        return False
    try:
        state_dicts_of(path)
    except UnsafeFileError:
        return False
    except UserError:
        return True
    return True


class _NoPlainChainError(UserError):
    """A state dict that is whole, but whose network cannot be told."""


def _architecture(state: StateDict, answers: Answers) -> Architecture:
    name = known_classifier(state.shapes)
    if name is not None:
        raise _NoPlainChainError(
            f"{state.path} has the weights of torchvision's classifier {name}; “latentviewer adopt "
            f"{name}” makes a model folder of them."
        )
    try:
        architecture = architecture_of(state, answers)
    except Unfit as fault:
        raise _NoPlainChainError(
            f"{state.path} cannot be opened by its tensors alone, for {fault}; “latentviewer "
            "new-adapter PATH” writes a Python file to fill in for it."
        ) from fault
    state.check(architecture.tensors)
    return architecture


def _capabilities(architecture: Architecture) -> frozenset[Capability]:
    plan = architecture.plan
    return capabilities_of(bool(plan.encoder), bool(plan.decoder), architecture.has_spread)


def _image(architecture: Architecture) -> ImageShape:
    given = architecture.takes or architecture.gives
    assert given is not None
    return given.image


def _found(architecture: Architecture) -> tuple[str, ...]:
    plan, parts = architecture.plan, architecture.parts
    kind = kind_of(_capabilities(architecture))
    said = [f"{kind}: latents of {plan.latent_dim} dimensions, pictures of {plan.size}."]
    if plan.encoder:
        said.append(f"Encoder: {_chain(plan.encoder, plan.down)}.")
    if plan.decoder:
        said.append(f"Decoder: {_chain(plan.decoder, plan.up)}.")
    if parts.left_out:
        said.append(f"{parts.left_out} layers of a discriminator are left out.")
    return tuple(said)


def _chain(flow: Flow, walk: Walk) -> str:
    """What lies between the layers, such as `784 → 400 → 20` or `28 x 28 x 1 → 14 x 14 x 32`."""
    first = flow[0].takes
    start = walk.start
    words = [_size(first.count, start)]
    for step, side in zip(flow, walk.ends, strict=True):
        if step.way != "norm":
            words.append(_size(step.gives.count, side))
    return " → ".join(words)


def _size(count: int, side: int | None) -> str:
    return str(count) if side is None else f"{side} x {side} x {count}"


STATE_DICT = Importer(_recognises, _offer, _open)
"""Of safetensors, and of files of torch.save that hold nothing but weights."""
