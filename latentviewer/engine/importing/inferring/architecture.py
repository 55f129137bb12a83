"""The network that a state dict is taken to belong to, with what had to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import get_args

from torch import Tensor, nn

from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.engine.importing.checkpoints.part_names import Head, part_of, words_of
from latentviewer.engine.importing.checkpoints.state_dicts import StateDict
from latentviewer.engine.importing.convention import (
    Convention,
    Values,
    values_of,
    values_question,
)
from latentviewer.engine.importing.inferring.activations import (
    ACTIVATIONS,
    activation_question,
    placed,
)
from latentviewer.engine.importing.inferring.assembling import Finish, Make, decoder_of, encoder_of
from latentviewer.engine.importing.inferring.flows import Flow
from latentviewer.engine.importing.inferring.inferred_model import (
    Heads,
    InferredNet,
    Split,
    SpreadIs,
    split_of,
    split_question,
    spread_of,
    spread_question,
)
from latentviewer.engine.importing.inferring.likely_activations import likely_activation
from latentviewer.engine.importing.inferring.orders import orders_of
from latentviewer.engine.importing.inferring.parts import Parts, parts_of
from latentviewer.engine.importing.inferring.plans import Plan, plans_of
from latentviewer.engine.importing.inferring.state_layers import Unfit, layers_of
from latentviewer.engine.importing.inferring.strides import Placing, Walk

_OUTPUTS = (
    ("logits", "0 to 1, through a sigmoid"),
    ("-1..1", "−1 to 1, through a tanh"),
    ("0..1", "0 to 1, as they are"),
    ("0..255", "0 to 255, as they are"),
)
_YES, _NO = "yes", "no"
_MEASURED = "The statistics of its batch norms fit it best."


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network without its tensors.

    Attributes:
        parts, plan: what it is made of.
        questions: what was asked on the way.
        down, up: the activations of the encoder and the decoder.
        takes, gives: how it takes and gives pictures; None where it has no such part.
    """

    parts: Parts
    plan: Plan
    questions: tuple[Question, ...]
    heads: Heads
    down: Finish | None
    up: Finish | None
    takes: Convention | None
    gives: Convention | None

    @property
    def has_spread(self) -> bool:
        """Whether the encoder gives a posterior, and not only a mean."""
        return self.parts.spread is not None or self.parts.halved

    @property
    def tensors(self) -> tuple[str, ...]:
        """The names of the tensors that are needed."""
        return tuple(name for layer in self.parts.layers for name in layer.tensors)

    def built(self, tensors: Mapping[str, Tensor]) -> InferredNet:
        """The network with its tensors, float32 by name."""
        encoder = mean = spread = decoder = None
        if self.down is not None:
            encoder, mean, spread = encoder_of(self.plan, self.down, self.parts.spread, tensors)
        if self.up is not None:
            decoder = decoder_of(self.plan, self.up, tensors)
        plan = self.plan
        picture = (plan.channels, plan.height, plan.width)
        return InferredNet(encoder, mean, spread, self.heads, decoder, plan.latent, picture)


@dataclass
class _Asking:
    """Keeps the questions in the order in which they are asked."""

    answers: Answers
    questions: list[Question] = field(default_factory=list)

    def ask(self, question: Question) -> str:
        self.questions.append(question)
        return answered(question, self.answers)

    def whether(self, key: str, title: str, guess: bool, why: str) -> bool:
        choices = ((_YES, "Yes"), (_NO, "No"))
        return self.ask(Question(key, title, choices, _YES if guess else _NO, why)) == _YES


def architecture_of(state: StateDict, answers: Answers) -> Architecture:
    """The likeliest network, with the answers given so far.

    Raises:
        Unfit: the tensors are no plain chain, or fit no usual sizes.
        UserError, UnsafeFileError: tensors that had to be looked into are damaged.
    """
    layers = layers_of(state.shapes)
    parts, plans = _fitting(parts_of(orders_of(layers, state.in_order), part_of(state.name)))
    asking = _Asking(answers)
    plan = _plan(plans, asking)
    encoder, decoder = _activations(state, plan, asking)
    before_norm, after_projection = _places(plan, asking)
    down = up = takes = gives = None
    gives_values = _output(plan, asking) if plan.decoder else None
    if plan.encoder:
        where = placed(plan.encoder, plan.down, before_norm=before_norm, after_projection=True)
        down = Finish(ACTIVATIONS[encoder][1], where.after, _latent_end(parts, encoder, asking))
        guess: Values = "-1..1" if gives_values == "-1..1" else "0..1"
        question = values_question("input", guess, "An encoder takes what its decoder gives.")
        asking.ask(question)
        takes = Convention(
            plan.height, plan.width, plan.channels, values=values_of(question, answers)
        )
    if plan.decoder:
        where = placed(
            plan.decoder, plan.up, before_norm=before_norm, after_projection=after_projection
        )
        last = nn.Tanh if gives_values == "-1..1" else None
        up = Finish(ACTIVATIONS[decoder][1], where.after, last)
        gives = _gives(plan, gives_values or "0..1")
    heads = _heads(parts, asking)
    return Architecture(parts, plan, tuple(asking.questions), heads, down, up, takes, gives)


def _fitting(likely: tuple[Parts, ...]) -> tuple[Parts, tuple[Plan, ...]]:
    """The first parts for which there is a network, and the networks."""
    fault: Unfit | None = None
    for parts in likely:
        try:
            return parts, plans_of(parts)
        except Unfit as error:
            fault = fault or error
    raise fault or Unfit("there are no layers")


def _plan(plans: tuple[Plan, ...], asking: _Asking) -> Plan:
    sizes = list(dict.fromkeys(plan.size for plan in plans))
    size = sizes[0]
    if len(sizes) > 1:
        choices = tuple((one, one) for one in sizes)
        why = "The likeliest of the sizes that strides and paddings allow."
        size = asking.ask(Question("image_size", "Size of its pictures", choices, sizes[0], why))
    fitting: dict[str, Plan] = {}
    for plan in plans:
        if plan.size == size:
            fitting.setdefault(_spelled(plan), plan)  # the likelier one
    spelled = next(iter(fitting))
    if len(fitting) > 1:
        choices = tuple((one, one) for one in fitting)
        why = "A state dict holds no strides; these are the most usual that fit."
        spelled = asking.ask(Question("strides", "Strides", choices, spelled, why))
    return fitting[spelled]


def _activations(state: StateDict, plan: Plan, asking: _Asking) -> tuple[str, str]:
    """Of the encoder and of the decoder, asked for each where there are both."""
    guess, why = _guessed(
        state, plan.encoder or plan.decoder, plan.down if plan.encoder else plan.up
    )
    if not (plan.encoder and plan.decoder):
        only = asking.ask(activation_question("activation", "Activation", guess, why))
        return only, only
    first = asking.ask(activation_question("activation", "Activation, encoder", guess, why))
    told = _guessed(state, plan.decoder, plan.up)
    guess, why = told if told[1] == _MEASURED else (first, "Most have the same as the encoder.")
    question = activation_question("decoder_activation", "Activation, decoder", guess, why)
    return first, asking.ask(question)


def _guessed(state: StateDict, flow: Flow, walk: Walk) -> tuple[str, str]:
    told = likely_activation(flow, walk, state.tensors)
    names = " ".join(state.shapes)
    # Statistics hardly tell it from a plain ReLU.
    if told in (None, "relu") and "decoder_input." in names and "final_layer." in names:
        return "leaky relu 0.01", "Networks with layers of these names mostly have it."
    if told is not None:
        return told, _MEASURED
    return "relu", "A state dict does not hold it; this is the most usual one."


def _places(plan: Plan, asking: _Asking) -> tuple[bool, bool]:
    """Whether activations come before batch norms, and after a decoder's first linear layer."""
    unsure = [
        placed(flow, walk, before_norm=False, after_projection=True)
        for flow, walk in ((plan.encoder, plan.down), (plan.decoder, plan.up))
        if flow
    ]
    before_norm, after_projection = False, True
    if any(where.norm_unsure for where in unsure):
        before_norm = asking.whether(
            "activation_before_norm",
            "Activation before batch norm",
            False,
            "Most networks normalise first.",
        )
    if any(where.projection_unsure for where in unsure):
        bare = "input" in words_of(plan.decoder[0].layer.name) if plan.decoder else False
        after_projection = asking.whether(
            "projection_activation",
            "Activation after the linear layer before the maps",
            not bare,
            "Told by the layer's name." if bare else "Most networks have one there.",
        )
    return before_norm, after_projection


def _output(plan: Plan, asking: _Asking) -> str:
    """What the decoder's last layer gives, with the squashing that follows it."""
    transposed = any(step.way != "linear" for step in plan.decoder)
    norms = any(step.way == "norm" for step in plan.decoder)
    tanh = transposed and norms and (plan.channels > 1 or not plan.encoder)
    guess = "-1..1" if tanh else "logits"
    why = (
        "Networks of convolutions with batch norms mostly end with a tanh."
        if tanh
        else "Most autoencoders end with a sigmoid."
    )
    return asking.ask(Question("output_values", "Values it gives", _OUTPUTS, guess, why))


def _gives(plan: Plan, answer: str) -> Convention:
    values = next(v for v in get_args(Values) if v == answer)
    return Convention(plan.height, plan.width, plan.channels, values=values)


def _latent_end(parts: Parts, activation: str, asking: _Asking) -> Make | None:
    """The activation at the end of an encoder without a spread, which has none as a rule."""
    if parts.spread is not None or parts.halved or not parts.decoder:
        return None
    last = asking.whether(
        "latent_activation",
        "Activation on the latent",
        False,
        "Most autoencoders have none there.",
    )
    return ACTIVATIONS[activation][1] if last else None


def _heads(parts: Parts, asking: _Asking) -> Heads:
    if parts.spread is None and not parts.halved:
        return Heads()
    split: Split | None = None
    if parts.halved:
        question = split_question()
        asking.ask(question)
        split = split_of(question, asking.answers)
    is_deviation = parts.spread_is is Head.DEVIATION
    guess: SpreadIs = "log standard deviation" if is_deviation else "log variance"
    why = "Told by the layer's name." if is_deviation else "Nearly all networks give that."
    question = spread_question(guess, why)
    asking.ask(question)
    return Heads(split, spread_of(question, asking.answers))


def _spelled(plan: Plan) -> str:
    parts = [("encoder", plan.down), ("decoder", plan.up)]
    told = [f"{name}: {_strides(walk)}" for name, walk in parts if any(walk.placings)]
    return "; ".join(told) or "none"


def _strides(walk: Walk) -> str:
    """The strides and paddings of a walk, such as `stride 2 padding 1 (3 times)`."""
    texts = [_told(placing) for placing in walk.placings if placing is not None]
    runs = [(text, len(list(run))) for text, run in groupby(texts)]
    return ", ".join(f"{text} ({count} times)" if count > 1 else text for text, count in runs)


def _told(placing: Placing) -> str:
    text = f"stride {placing.stride} padding {placing.padding}"
    if placing.output_padding:
        text += f" + {placing.output_padding}"
    if placing.grows:
        text = f"doubled, {text}"
    return f"{text}, max-pooled" if placing.pools else text
