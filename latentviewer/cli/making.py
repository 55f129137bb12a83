"""Commands that make spaces and models without a data set's encoder: sample, invert, adopt."""

import argparse
import time
from pathlib import Path

from latentviewer.cli.console import counted, follow, write_json, write_line, write_note
from latentviewer.cli.models import asked, decoded, write_images
from latentviewer.cli.outputs import check_output_folder, checked_output
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.ports import Classifier, Layered
from latentviewer.domain.space import NOTES
from latentviewer.domain.table import Numbers


def sample(arguments: argparse.Namespace) -> int:
    """Draws samples of a model's prior."""
    from latentviewer import bootstrap
    from latentviewer.io.spaces import write_space

    output = checked_output(arguments.output, ".arrow", ".parquet", ".png", ".npy")
    condition = asked(arguments)
    started = time.monotonic()
    model = bootstrap.open_model(arguments.model)
    steps = bootstrap.sample(
        model,
        arguments.count,
        seed=arguments.seed,
        truncation=arguments.truncation,
        steps=arguments.steps,
        guidance=arguments.guidance,
        condition=condition,
        noise=arguments.noise,
    )
    space = follow(f"Sample {model.card.name}", steps)
    if output.suffix.lower() in (".png", ".npy"):
        write_images(output, decoded(model, space.latent))
    else:
        write_space(space, output)
    for note in space.provenance.extra.get(NOTES, ()):
        write_note(f"latentviewer: {note}")
    seconds = time.monotonic() - started
    if arguments.json:
        write_json(
            {
                "written": output,
                "model": model.card.name,
                "samples": len(space),
                "latent_dim": space.dim,
                "columns": list(space.columns),
                "seconds": seconds,
            }
        )
    else:
        words = counted(len(space), "sample")
        write_line(f"Wrote {output}: {words} of {model.card.name}, in {seconds:.1f} s.")
    return 0


def invert(arguments: argparse.Namespace) -> int:
    """Searches the latents of a data set's images."""
    from latentviewer import bootstrap
    from latentviewer.io.spaces import write_space

    output = checked_output(arguments.output, ".arrow", ".parquet")
    started = time.monotonic()
    model = bootstrap.open_model(arguments.model)
    data = bootstrap.open_data(arguments.data, arguments.data_folder)
    if arguments.limit is not None:
        data = first_samples(data, arguments.limit)
    steps = bootstrap.invert(model, data, arguments.steps, arguments.seed)
    space = follow(f"Invert {data.name}", steps)
    write_space(space, output)
    for note in space.provenance.extra.get(NOTES, ()):
        write_note(f"latentviewer: {note}")
    seconds = time.monotonic() - started
    column = space.columns["recon_error"]
    assert isinstance(column, Numbers)
    error = float(column.values.mean())
    if arguments.json:
        write_json(
            {
                "written": output,
                "samples": len(space),
                "latent_dim": space.dim,
                "columns": list(space.columns),
                "model": space.provenance.model,
                "data": space.provenance.data,
                "error": error,
                "seconds": seconds,
            }
        )
    else:
        words = counted(len(space), "latent")
        write_line(f"Wrote {output}: {words}, error {error:.4f}, in {seconds:.1f} s.")
    return 0


def adopt(arguments: argparse.Namespace) -> int:
    """Makes a model folder of a torchvision classifier's weights."""
    from latentviewer import bootstrap

    check_output_folder(arguments.output)
    classes = None if arguments.classes is None else _lines_of(arguments.classes)
    bootstrap.adopt(arguments.name, arguments.weights, arguments.output, classes)
    model = bootstrap.open_model(str(arguments.output))
    assert isinstance(model, Layered)
    assert isinstance(model, Classifier)
    count = sum(len(names) for names in model.classes.values())
    if arguments.json:
        write_json(
            {
                "written": arguments.output,
                "name": arguments.name,
                "classes": count,
                "layers": list(model.layers),
                "latent_dim": model.card.latent_dim,
            }
        )
    else:
        write_line(
            f"Wrote {arguments.output}: {arguments.name} with {count:,} classes and the layers "
            f"{', '.join(model.layers)}."
        )
    return 0


def _lines_of(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as UTF-8 text; check the path.") from error
    return [line.strip() for line in lines if line.strip()]
