"""Commands that run a model: encode, decode, path, train."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latentviewer.cli.console import (
    ProgressLine,
    counted,
    follow,
    write_json,
    write_line,
    write_note,
)
from latentviewer.cli.outputs import (
    check_output_folder,
    checked_output,
    write_array,
    write_grid,
)
from latentviewer.cli.rows import named_row
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.path import Waypoint
from latentviewer.domain.ports import Capability, Images, Model
from latentviewer.domain.space import NOTES, Latents, Space

_DECODED_AT_ONCE = 256
_STEPS = 20


def encode(arguments: argparse.Namespace) -> int:
    """Writes the latents of a data set as a space."""
    from latentviewer import bootstrap
    from latentviewer.io.spaces import write_space

    output = checked_output(arguments.output, ".arrow", ".parquet")
    started = time.monotonic()
    model = bootstrap.open_model(arguments.model)
    data = bootstrap.open_data(arguments.data, arguments.data_folder)
    if arguments.limit is not None:
        data = first_samples(data, arguments.limit)
    steps = bootstrap.encode(model, data, arguments.batch, arguments.layer)
    space = follow(f"Encode {data.name}", steps)
    write_space(space, output)
    for note in space.provenance.extra.get(NOTES, ()):
        write_note(f"latentviewer: {note}")
    seconds = time.monotonic() - started
    if arguments.json:
        write_json(
            {
                "written": output,
                "samples": len(space),
                "latent_dim": space.dim,
                "has_std": space.latent_std is not None,
                "columns": list(space.columns),
                "model": space.provenance.model,
                "model_hash": space.provenance.model_hash,
                "data": space.provenance.data,
                "seconds": seconds,
            }
        )
    else:
        write_line(
            f"Wrote {output}: {counted(len(space), 'latent')} of "
            f"{counted(space.dim, 'dimension')}, "
            f"{data.name} by {model.card.name}, in {seconds:.1f} s."
        )
    return 0


def decode(arguments: argparse.Namespace) -> int:
    """Writes the pictures of latents."""
    from latentviewer import bootstrap
    from latentviewer.io.spaces import read_latents

    output = checked_output(arguments.output, ".png", ".npy")
    model = bootstrap.open_model(arguments.model)
    latents = read_latents(arguments.latents)
    if latents.shape[1] != model.card.latent_dim:
        raise UserError(
            f"{arguments.latents} has latents of {latents.shape[1]} dimensions, "
            f"{model.card.name} decodes {model.card.latent_dim}; name the model that made them."
        )
    if len(latents) == 0:
        raise UserError(f"{arguments.latents} holds no latents; there is nothing to decode.")
    images = decoded(model, latents)
    write_images(output, images)
    shape = model.card.image
    if arguments.json:
        image = {"height": shape.height, "width": shape.width, "channels": shape.channels}
        document = {"written": output, "model": model.card.name, "latents": len(latents)}
        write_json({**document, "image": image})
    else:
        count = counted(len(latents), "picture")
        write_line(f"Wrote {output}: {count} of {shape.width} x {shape.height} pixels.")
    return 0


def path(arguments: argparse.Namespace) -> int:
    """Writes the frames of a path through samples."""
    from latentviewer import bootstrap
    from latentviewer.io.exports import check_export_path, export_frames

    output = checked_output(arguments.output, ".mp4", ".gif", ".png", ".npy")
    check_export_path(output, arguments.frames)
    condition = asked(arguments)
    space = bootstrap.find_space(arguments.space)
    by_noise = arguments.mode == "noise"
    denoises = by_noise or (space.holds_noise and output.suffix.lower() != ".npy")
    if not denoises and (arguments.steps is not None or condition):
        raise UserError("--steps and --ask belong to --mode noise; leave them out.")
    if len(arguments.via) < 2:
        raise UserError("A path needs two samples or more; write them as --via 12,401.")
    rows = [named_row(space, text) for text in arguments.via]
    way = LatentPath(
        waypoints=tuple(Waypoint(space.latent[row], row, space.label(row)) for row in rows),
        mode="slerp" if by_noise else arguments.mode,
        frames=arguments.frames,
        closed=arguments.closed,
        noise=by_noise,
    )
    stops = len(way.waypoints) + (1 if way.closed else 0)
    if stops > way.frames:
        write_note(
            f"latentviewer: {stops} stops do not all get one of {counted(way.frames, 'frame')}; "
            f"ask for --frames {stops} or more."
        )
    frames = way.waypoint_frames()
    steps = arguments.steps or _STEPS
    needed = denoises or output.suffix.lower() != ".npy"
    model = decoder_of(space, arguments.model) if needed else None
    if model is not None and denoises:
        work = bootstrap.noise_path(model, space, way, steps, condition)
        latents, frames = follow("Denoise the path", work)
    else:
        latents = way.latents()
    if model is None or output.suffix.lower() == ".npy":
        write_array(output, latents)
    else:
        images = decoded(model, latents)
        follow(f"Write {output.name}", export_frames(images, output, arguments.fps))
    length = float(np.linalg.norm(np.diff(latents.astype(np.float64), axis=0), axis=1).sum())
    if arguments.json:
        extra = {"steps": steps, "condition": condition} if denoises else {}
        write_json(
            {
                "written": output,
                "frames": len(latents),
                "fps": arguments.fps,
                "mode": arguments.mode,
                "closed": way.closed,
                "length": length,
                "waypoints": [
                    {"row": stop.row, "label": stop.label, "frame": int(frame)}
                    for stop, frame in zip(way.waypoints, frames, strict=True)
                ],
                **extra,
            }
        )
    else:
        frames_words = counted(len(latents), "frame")
        write_line(f"Wrote {output}: {frames_words}, {arguments.mode}, length {length:.3g}.")
    return 0


def asked(arguments: argparse.Namespace) -> dict[str, str]:
    """What `--ask` asks for, class by name."""
    condition = dict(arguments.ask)
    if len(condition) < len(arguments.ask):
        raise UserError("--ask names the same thing twice; ask for it once.")
    return condition


def train(arguments: argparse.Namespace) -> int:
    """Trains a recipe, or measures its model."""
    from latentviewer import bootstrap

    known = bootstrap.recipes()
    if arguments.recipe not in known:
        raise UserError(f"There is no recipe “{arguments.recipe}”; train {' or '.join(known)}.")
    output = arguments.output or Path(arguments.recipe)
    if arguments.evaluate:
        _check_evaluate_alone(arguments)
        return _evaluate(arguments, output)
    check_output_folder(output)
    started = time.monotonic()
    options = {
        "data_folder": arguments.data_folder,
        "epochs": arguments.epochs,
        "seed": arguments.seed,
        "fresh": arguments.fresh,
    }
    steps = bootstrap.train(arguments.recipe, output, **options)
    written = follow(f"Train {arguments.recipe}", steps)
    seconds = time.monotonic() - started
    figures = bootstrap.model_card(str(written)).figures
    if arguments.json:
        document = {"written": written, "recipe": arguments.recipe, "seconds": seconds}
        write_json({**document, "figures": figures})
    else:
        write_line(f"Wrote {written} in {seconds:.0f} s.")
        _write_figures(figures)
    return 0


def _check_evaluate_alone(arguments: argparse.Namespace) -> None:
    given = {
        "--epochs": arguments.epochs is not None,
        "--seed": arguments.seed is not None,
        "--resume": arguments.resume,
        "--fresh": arguments.fresh,
    }
    others = [option for option, is_given in given.items() if is_given]
    if others:
        raise UserError(
            f"--evaluate trains nothing, so it does not go with {' and '.join(others)}; "
            "leave one of them out."
        )


def _evaluate(arguments: argparse.Namespace, output: Path) -> int:
    from latentviewer import bootstrap

    reference = str(output) if (output / "config.json").is_file() else arguments.recipe
    if arguments.output is not None and reference == arguments.recipe:
        raise UserError(f"{output} holds no model; train it first, or leave -o out.")
    model = bootstrap.open_model(reference)
    data = bootstrap.open_data(bootstrap.test_data(arguments.recipe), arguments.data_folder)
    figures = bootstrap.evaluate(model, data)
    if arguments.json:
        write_json({"model": model.card.path, "data": data.name, "figures": figures})
    else:
        write_line(f"{model.card.path} on {data.name}")
        _write_figures(figures)
    return 0


def _write_figures(figures: Mapping[str, object]) -> None:
    for name, value in figures.items():
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        write_line(f"  {name.replace('_', ' ')}: {shown}")


def decoder_of(space: Space, named: str | None) -> Model:
    """The model that decodes latents of `space`.

    Args:
        named: a model's name or folder; None for the one that the space came from.

    Raises:
        UserError: there is none, it does not decode, or has other dimensions.
    """
    from latentviewer import bootstrap

    reference = named or space.provenance.model
    if reference is None:
        raise UserError(
            f"{space.name} does not say which model made it; name a decoder with --model, "
            "or write .npy."
        )
    model = bootstrap.open_model(reference)
    if Capability.DECODE not in model.card.capabilities:
        raise UserError(f"{model.card.name} has no decoder; name another model with --model.")
    if model.card.latent_dim != space.dim:
        raise UserError(
            f"{model.card.name} decodes latents of {model.card.latent_dim} dimensions, "
            f"{space.name} has {space.dim}; name the model that made it with --model."
        )
    return model


def decoded(model: Model, latents: Latents) -> Images:
    """(n, d) latents as (n, h, w, c) pictures, in batches."""
    shape = model.card.image
    images = np.empty((len(latents), shape.height, shape.width, shape.channels), np.float32)
    line = ProgressLine("Decode")
    try:
        for start in range(0, len(latents), _DECODED_AT_ONCE):
            end = min(start + _DECODED_AT_ONCE, len(latents))
            images[start:end] = model.decode(np.ascontiguousarray(latents[start:end]))
            if len(latents) > _DECODED_AT_ONCE:
                line.show(end / len(latents))
    finally:
        line.close()
    return images


def write_images(output: Path, images: Images) -> None:
    """A grid as PNG, or the values as NPY, by the name's ending."""
    if output.suffix.lower() == ".npy":
        write_array(output, images)
    else:
        write_grid(output, images)
