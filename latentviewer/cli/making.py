"""Commands that make spaces without a data set's encoder: sample, invert."""

import argparse
import time

from latentviewer.cli.console import counted, follow, write_json, write_line, write_note
from latentviewer.cli.models import asked, decoded, write_images
from latentviewer.cli.outputs import checked_output
from latentviewer.domain.first_samples import first_samples
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
