"""A model of one ONNX file or two: which is what, and whether they fit together."""

import math
from dataclasses import dataclass, field

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers
from latentviewer.domain.ports import Capability, ImageShape
from latentviewer.engine.importing.onnx.decoder import decoding_of, latent_reading
from latentviewer.engine.importing.onnx.encoder import encoding_of, picture_axes
from latentviewer.engine.importing.onnx.file import OnnxFile, combined, read_onnx
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError, UnfitError
from latentviewer.engine.importing.onnx.model import Decoding, Encoding
from latentviewer.engine.importing.onnx.network import Network
from latentviewer.engine.importing.onnx.pictures import Axes
from latentviewer.engine.importing.onnx.places import Places
from latentviewer.engine.importing.onnx.roles import Role, named_role, role_of

_AT_RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
     "RandomUniformLike"}
)  # fmt: skip


@dataclass
class Reading:
    """What was made of the files.

    Attributes:
        files: that would be opened.
        inquiry: with what was asked and found.
        missing: why they cannot be opened as they are.
    """

    files: list[OnnxFile]
    inquiry: Inquiry
    encoding: Encoding | None = None
    decoding: Decoding | None = None
    missing: list[str] = field(default_factory=list)

    @property
    def file_hash(self) -> str:
        """SHA-256 of all that would be opened."""
        if len(self.files) == 1:
            return self.files[0].digest
        # The same, whichever of the two was named.
        return combined("", {file.path.name: file.digest for file in self.files})

    @property
    def latent_dim(self) -> int | None:
        """Dimensions of one latent."""
        if self.decoding is not None:
            return self.decoding.latent_dim
        return None if self.encoding is None else math.prod(self.encoding.latent.shape)

    @property
    def image(self) -> ImageShape | None:
        """The shape of its pictures, as the decoder makes them where there is one."""
        side = self.decoding or self.encoding
        return None if side is None else side.convention.image

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        can = set()
        spread = self.encoding is not None and self.encoding.latent.form != "none"
        if self.encoding is not None:
            can.add(Capability.ENCODE)
        if spread:
            can.add(Capability.POSTERIOR)
        if self.decoding is not None:
            can.add(Capability.DECODE)
            if spread or self.encoding is None:
                can.add(Capability.SAMPLE)
        return frozenset(can)


def read(places: Places, answers: Answers) -> Reading:
    """Looks at the files and tries them once.

    Raises:
        UserError, UnsafeFileError: a file is damaged or refused.
    """
    files = [read_onnx(path) for path in places.files]
    if places.beside is not None:
        try:
            pair = _tried([*files, read_onnx(places.beside)], answers)
        except (UnfitError, UserError) as error:
            why = str(error).removeprefix(f"{places.beside}").lstrip(": ")
        else:
            # What other answers may mend is for the user to try.
            if not pair.missing or pair.inquiry.questions:
                return pair
            why = pair.missing[0]
        alone = _read(files, answers)
        alone.inquiry.found.append(f"{places.beside.name} beside it is left out: {why}")
        return alone
    return _read(files, answers)


def _read(files: list[OnnxFile], answers: Answers) -> Reading:
    try:
        return _tried(files, answers)
    except UnfitError as error:
        return Reading(files, Inquiry(answers), missing=[f"The two files do not fit: {error}"])


def _tried(files: list[OnnxFile], answers: Answers) -> Reading:
    reading = Reading(files, Inquiry(answers))
    at = files[0]
    networks: dict[Role, Network] = {}
    try:
        for at in files:
            network = Network(at)
            role = role_of(network, reading.inquiry, told=named_role(at.path.stem))
            if role in networks:
                raise UnfitError(f"both are {role}s; open one of them alone.")
            networks[role] = network
        encoder, decoder = networks.get("encoder"), networks.get("decoder")
        if decoder is not None and (encoder is None or None not in latent_reading(decoder).one):
            at = decoder.file
            picture = None if encoder is None else picture_axes(encoder)[1]
            reading.decoding = decoding_of(decoder, reading.inquiry, None, picture)
        if encoder is not None:
            at = encoder.file
            wanted = None if decoder is None else latent_reading(decoder).one
            gives = None if reading.decoding is None else reading.decoding.convention
            reading.encoding = encoding_of(encoder, reading.inquiry, wanted, gives)
        if decoder is not None and reading.encoding is not None and reading.decoding is None:
            at = decoder.file
            taken = reading.encoding.convention
            picture = Axes(taken.layout, taken.height, taken.width, taken.channels)
            reading.decoding = decoding_of(
                decoder, reading.inquiry, reading.encoding.latent.shape, picture
            )
        _check_fit(reading)
    except UnfitError:
        raise
    except MissingError as error:
        reading.encoding = reading.decoding = None
        reading.missing.append(f"{at.path.name} cannot be used: {error}")
        return reading
    _tell(reading)
    return reading


def _check_fit(reading: Reading) -> None:
    encoding, decoding = reading.encoding, reading.decoding
    if encoding is None or decoding is None:
        return
    given, taken = math.prod(encoding.latent.shape), decoding.latent_dim
    if given != taken:
        raise UnfitError(
            f"the encoder gives latents of {given:,} numbers and the decoder takes {taken:,}; put "
            "the two files in folders of their own."
        )


def _tell(reading: Reading) -> None:
    """Sentences on what was found, the most telling first."""
    found = reading.inquiry.found
    encoding, decoding = reading.encoding, reading.decoding
    if encoding is not None:
        latent = encoding.latent
        spread = "" if latent.form == "none" else f", each a mean and a {latent.form}"
        found.append(
            f"An encoder, {encoding.network.file.path.name}: pictures of "
            f"{_pictures(encoding)} to latents of {_shape(latent.shape)}{spread}."
        )
        if decoding is None and _gives_pictures(encoding):
            found.append(
                "It makes the pictures again as well, but nothing in the file takes a latent, so "
                "only the encoder can be used."
            )
    if decoding is not None:
        found.append(
            f"A decoder, {decoding.network.file.path.name}: latents of "
            f"{_shape(decoding.native)} to pictures of {_pictures(decoding)}."
        )
        if encoding is None:
            found.append(
                "Without an encoder it is taken for a generator, and its latents are drawn from "
                "the standard normal."
            )
    for side in (encoding, decoding):
        if side is None:
            continue
        name, contents = side.network.file.path.name, side.network.file.contents
        steps = [*contents.within, *(n for body in contents.functions.values() for n in body)]
        if any(node.op in _AT_RANDOM and node.domain == "" for node in steps):
            found.append(f"{name} draws at random within, so it may answer differently each time.")
        if side.batches.size == 1 or not side.batches.axis:
            found.append(f"{name} takes one at a time, so many of them take longer.")


def _gives_pictures(encoding: Encoding) -> bool:
    """Whether an encoder has an output of the shape of its input."""
    taken = encoding.network.inputs[0]
    return any(port.dims == taken.dims for port in encoding.network.outputs)


def _pictures(side: Encoding | Decoding) -> str:
    convention = side.convention
    colours = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}
    return f"{convention.height} x {convention.width} in {colours[convention.channels]}"


def _shape(shape: tuple[int, ...]) -> str:
    count = f"{math.prod(shape):,} numbers"
    return count if len(shape) == 1 else f"{' x '.join(map(str, shape))}, {count}"
