"""Whole modules in files of torch.save, of nothing but plain layers of torch.nn.

The pickle is only read; the layers are built afresh and given the tensors, so that no trust is
needed. A file that names any other class is not opened here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer, Question, answered
from latentviewer.domain.ports import Model, ModelCard
from latentviewer.engine.importing.checkpoints.inert_pickles import Made, shown
from latentviewer.engine.importing.checkpoints.part_names import Part, part_of, words_of
from latentviewer.engine.importing.checkpoints.state_dicts import as_floats
from latentviewer.engine.importing.checkpoints.torch_files import TorchFile, layout_of
from latentviewer.engine.importing.convention import (
    Convention,
    Values,
    likely_values,
    values_of,
    values_question,
)
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.inferring.inferred_model import (
    Heads,
    InferredModel,
    InferredNet,
    capabilities_of,
    kind_of,
    split_of,
    split_question,
    spread_of,
    spread_question,
)
from latentviewer.engine.importing.inferring.plain_layers import path_of
from latentviewer.engine.importing.inferring.state_layers import Unfit
from latentviewer.engine.importing.modules.notes import Noted, is_module, noted
from latentviewer.engine.importing.modules.roles import Roles, last_layer, roles_of
from latentviewer.engine.importing.programs.network import WRITE_ADAPTER
from latentviewer.engine.weights import sha256_of

_FORMAT = "pickled module"
_WHOLE = "the file itself"
_DEEPEST, _MOST = 2, 20
_TRIED = 4  # latents, to see what a decoder gives
_SQUASHED: dict[type[nn.Module], Values] = {nn.Sigmoid: "0..1", nn.Tanh: "-1..1"}
"""What a decoder gives that ends with such a layer."""


def _recognises(path: Path) -> bool:
    """Whether it holds a module and names nothing but plain layers and tensors."""
    try:
        if not path.is_file() or layout_of(path) not in ("zip", "old"):
            return False
        return bool(_modules_in(TorchFile(path).root))
    except (UserError, OSError):
        return False


def _offer(path: Path, answers: Answers) -> Offer:
    digest = sha256_of(path)
    file = TorchFile(path)
    which = _which(file)
    asked = () if which is None else (which,)
    chosen = _chosen(file, which, answers)
    try:
        opened = _opened(file, chosen, answers)
    except Unfit as fault:
        return Offer(
            path=str(path),
            format=_FORMAT,
            file_hash=digest,
            found=(f"A module with {chosen.numbers:,} numbers.",),
            capabilities=frozenset(),
            latent_dim=None,
            image=None,
            questions=asked,
            missing=(_missing(path, fault),),
        )
    card = opened.card(path, digest)
    roles = opened.roles
    kind = kind_of(card.capabilities)
    return Offer(
        path=str(path),
        format=_FORMAT,
        file_hash=digest,
        found=(
            f"{kind}: latents of {card.latent_dim} dimensions, pictures of {roles.size}.",
            "A whole module of plain layers; they are built afresh, and no code of the file is "
            "run.",
        ),
        capabilities=card.capabilities,
        latent_dim=card.latent_dim,
        image=card.image,
        questions=(*asked, *opened.questions),
    )


def _open(path: Path, answers: Answers, device: str) -> Model:
    digest = sha256_of(path)
    file = TorchFile(path)
    try:
        opened = _opened(file, _chosen(file, _which(file), answers), answers)
    except Unfit as fault:
        raise UserError(_missing(path, fault)) from fault
    card = opened.card(path, digest)
    return InferredModel(opened.net, card, opened.takes, opened.gives, opened.values, device)


@dataclass(frozen=True, eq=False)
class _Opened:
    """A network with its tensors, and what was asked about it."""

    net: InferredNet
    roles: Roles
    numbers: int
    values: int
    questions: tuple[Question, ...]
    takes: Convention | None
    gives: Convention | None

    @property
    def has_spread(self) -> bool:
        return self.roles.spread is not None or self.roles.halved

    def card(self, path: Path, digest: str) -> ModelCard:
        given = self.takes or self.gives
        assert given is not None
        dims = 1
        for side in self.roles.latent:
            dims *= side
        encodes, decodes = self.roles.encoder is not None, self.roles.decoder is not None
        return ModelCard(
            name=path.name,
            path=str(path),
            family=_FORMAT,
            latent_dim=dims,
            image=given.image,
            capabilities=capabilities_of(encodes, decodes, self.has_spread),
            data=None,
            weights_hash=digest,
            parameters=self.numbers,
            figures={},
        )


def _opened(file: TorchFile, chosen: Noted, answers: Answers) -> _Opened:
    """The network that is meant.

    Raises:
        Unfit: the module is none that takes or makes pictures.
        UserError, UnsafeFileError: its tensors are damaged.
    """
    known = roles_of(chosen.module)
    asked: list[Question] = []
    roles = known[0]
    if len(known) > 1:
        sizes = tuple((one.size, one.size) for one in known)
        why = "The most usual of the sizes that its layers can have."
        asked.append(Question("image_size", "Size of its pictures", sizes, roles.size, why))
        roles = next(one for one in known if one.size == answered(asked[-1], answers))
    values_at_once = roles.values  # told while it is on the `meta` device
    _fill(file, chosen)
    heads = Heads()
    if roles.spread is not None or roles.halved:
        spread = spread_question("log variance", "Nearly all networks give that.")
        asked.append(spread)
        split = split_question() if roles.halved else None
        if split is not None:
            asked.append(split)
        heads = Heads(None if split is None else split_of(split, answers),
                      spread_of(spread, answers))  # fmt: skip
    encoder = roles.encoder
    if encoder is not None and roles.flat:
        encoder = nn.Sequential(nn.Flatten(), encoder)
    channels, height, width = roles.picture
    net = InferredNet(
        encoder, roles.mean, roles.spread, heads, roles.decoder, roles.latent, roles.picture
    )
    takes = gives = None
    values: Values | None = None
    if roles.decoder is not None:
        last = last_layer(roles.decoder)
        values = next((v for kind, v in _SQUASHED.items() if isinstance(last, kind)), None)
        if values is None:
            output = values_question("output", *_tried(net))
            asked.append(output)
            values = values_of(output, answers)
        gives = Convention(height, width, channels, values=values)
    if encoder is not None:
        guess: Values = "-1..1" if values == "-1..1" else "0..1"
        entry = values_question("input", guess, "An encoder takes what its decoder gives.")
        asked.append(entry)
        takes = Convention(height, width, channels, values=values_of(entry, answers))
    return _Opened(net, roles, chosen.numbers, values_at_once, tuple(asked), takes, gives)


def _fill(file: TorchFile, chosen: Noted) -> None:
    """Gives the module its tensors."""
    tensors = as_floats(file.path, file.read(chosen.claims))
    tensors = {name: tensor.float() for name, tensor in tensors.items()}  # integers too
    counts = {key: torch.tensor(0) for key in chosen.module.state_dict() if key not in tensors}
    # assign: they take the places of those on the `meta` device.
    chosen.module.load_state_dict({**tensors, **counts}, assign=True)
    chosen.module.requires_grad_(False)


def _tried(net: InferredNet) -> tuple[Values, str]:
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        dims = torch.Size(net.latent).numel()
        drawn = torch.randn(_TRIED, dims, generator=generator)
        made = torch.cat([net.decode(latent[None]) for latent in drawn])
    return likely_values(made.numpy())


def _which(file: TorchFile) -> Question | None:
    found = _modules_in(file.root)
    if len(found) < 2:
        return None
    names = sorted(found, key=_rank)[:_MOST]
    why = "An encoder with its decoder comes first, then averaged weights, then a generator."
    return Question("weights_in", "Which module", tuple((n, n) for n in names), names[0], why)


def _rank(name: str) -> int:
    if part_of(name) is Part.BOTH:
        return 0
    if "ema" in words_of(name):
        return 1
    return {Part.DECODER: 2, Part.DISCRIMINATOR: 4}.get(part_of(name) or Part.BOTH, 3)


def _chosen(file: TorchFile, which: Question | None, answers: Answers) -> Noted:
    found = _modules_in(file.root)
    if not found:
        raise UserError(f"{file.path} holds no module; save one with torch.save.")
    name = next(iter(found)) if which is None else answered(which, answers)
    return noted(file.path, found[name])


def _modules_in(root: Any) -> dict[str, Made]:
    """The modules in a file by the place where they are; an encoder and a decoder as one."""
    found: dict[str, Made] = {}
    seen: set[int] = set()

    def collect(value: Any, place: tuple[str, ...]) -> None:
        if is_module(value):
            found.setdefault(shown(".".join(place)) or _WHOLE, value)
        if not isinstance(value, dict) or len(place) > _DEEPEST or id(value) in seen:
            return
        seen.add(id(value))
        inner = {k: v for k, v in value.items() if isinstance(k, str) and is_module(v)}
        of: dict[Part | None, str] = {}
        for key in inner:
            part = part_of(key)
            if part not in of or (part is not None and part.value in key.lower()):
                of[part] = key
        if Part.ENCODER in of and Part.DECODER in of:
            name = f"{of[Part.ENCODER]} and {of[Part.DECODER]}"
            both = Made(path_of(nn.ModuleDict), state={"_modules": inner})
            found[shown(".".join((*place, name)))] = both
        for key, held in value.items():
            if isinstance(key, str):
                collect(held, (*place, key))

    collect(root, ())
    return found


def _missing(path: Path, fault: Unfit) -> str:
    return f"{path} cannot be opened as it is, for {fault}; {WRITE_ADAPTER}."


PICKLED_MODULE = Importer(_recognises, _offer, _open)
"""Of modules of plain layers; comes before the importers of state dicts and of other pickles."""
