"""The commands that run a model, with their options."""

from pathlib import Path
from typing import Any

from latentviewer.cli.options import add, data_folder, output, space
from latentviewer.cli.values import amount, count, count_or_zero, name, pair, parts

_ENCODE_JSON = """\
--json prints {written, samples, latent_dim, has_std, columns, model, model_hash, data, seconds}:
  written: the space's path; columns: names of the table's columns."""

_SAMPLE_JSON = """\
--json prints {written, model, samples, latent_dim, columns, seconds}: columns: such as score, the
  discriminator's log odds that the sample is real, or “label, told”, what a bundled classifier of
  such images takes it for."""

_ADOPT_JSON = """\
--json prints {written, name, classes, layers, latent_dim}: layers: those whose features can be
  had with “encode --layer”; the last one is the latent."""

_IMPORT_JSON = """\
What is asked depends on the file; the answers are kept beside it and taken whenever it is opened.
--json prints {path, format, hash, found, abilities, latent_dim, image, missing, questions, data,
checks, why, kept}:
  questions: [{key, title, choices, answer, guess, why}]; checks: [{name, passed, text}], passed is
  null for what could not be tried; kept: the file of the answers, or null."""

_TRUST_JSON = """\
Trust belongs to the content: a file that changes has to be trusted again.
--json prints {hash, trusted}; with --list [{hash, path}]."""

_INVERT_JSON = """\
--json prints {written, samples, latent_dim, columns, model, data, error, seconds}:
  error: mean squared error per value (0..1) of the found latents' pictures."""

_DECODE_JSON = """\
--json prints {written, model, latents, image}: image is {height, width, channels}."""

_PATH_JSON = """\
--json prints {written, frames, fps, mode, closed, length, waypoints}:
  length: of the path in latent space; waypoints: [{row, label, frame}].
  By noise, also {steps, condition}."""

_TRAIN_JSON = """\
--json prints {written, recipe, seconds, figures}; with --evaluate
  {model, data, figures}: figures such as nelbo, reconstruction, kl (nats per image)."""


def model_commands(commands: Any) -> None:
    command = add(
        commands,
        "encode",
        "models:encode",
        "turn a data set into a space of latents",
        _ENCODE_JSON,
    )
    command.add_argument(
        "model", type=name, metavar="MODEL", help="a bundled model's name or its folder"
    )
    command.add_argument(
        "data",
        type=name,
        metavar="DATA",
        help="such as mnist:test, digits, a folder of images, a zip, a table or a video",
    )
    output(command, "SPACE.arrow", "the space to write")
    data_folder(command)
    command.add_argument(
        "--batch", type=count, default=256, metavar="N", help="images at once, default 256"
    )
    command.add_argument("--limit", type=count, metavar="N", help="only the first N samples")
    command.add_argument(
        "--layer", type=name, help="of a classifier: take its features; default: the last one"
    )

    command = add(
        commands,
        "adopt",
        "making:adopt",
        "make a model folder of a torchvision classifier's weights",
        _ADOPT_JSON,
    )
    command.add_argument("name", type=name, metavar="NAME", help="torchvision's, such as resnet18")
    command.add_argument(
        "weights", type=Path, metavar="WEIGHTS", help="a state dict, .safetensors or .pth"
    )
    output(command, "FOLDER", "the model folder to write")
    command.add_argument(
        "--classes", type=Path, metavar="FILE", help="text file with one class name a line"
    )

    command = add(
        commands,
        "import",
        "importing:import_model",
        "try a model of another program, and keep how it is to be read",
        _IMPORT_JSON,
    )
    command.add_argument(
        "path", type=Path, metavar="PATH", help="ONNX, a checkpoint, an adapter, a diffusers folder"
    )
    command.add_argument(
        "--answer",
        type=pair,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what the file does not say, such as output_values=-1..1; may be given more than once",
    )
    command.add_argument(
        "--data", type=name, metavar="DATA", help="to try it on; default: digits or faces:test"
    )

    command = add(
        commands, "trust", "importing:trust", "let a model file run code when opened", _TRUST_JSON
    )
    command.add_argument(
        "path", nargs="?", type=name, metavar="PATH", help="the file; with --revoke its hash too"
    )
    command.add_argument("--revoke", action="store_true", help="trust it no longer")
    command.add_argument("--list", action="store_true", help="list what is trusted")

    command = add(
        commands,
        "new-adapter",
        "importing:new_adapter",
        "write a Python file that tells how to open a model, to be filled in",
        "--json prints {written}.",
    )
    command.add_argument(
        "path", type=Path, metavar="PATH", help="the file to write, such as vae.py"
    )

    command = add(
        commands,
        "sample",
        "making:sample",
        "draw samples of a model's prior into a space, or into pictures",
        _SAMPLE_JSON,
    )
    command.add_argument(
        "model", type=name, metavar="MODEL", help="a VAE, a GAN or a diffusion model"
    )
    output(command, "SPACE.arrow|OUT.png|.npy", "a space, a grid of pictures, or their values")
    command.add_argument("--count", type=count, default=64, metavar="N", help="default 64")
    command.add_argument(
        "--seed", type=count_or_zero, default=0, help="same seed, same samples; default 0"
    )
    command.add_argument(
        "--truncation",
        type=amount,
        default=1.0,
        metavar="X",
        help="of the prior's spread: below 1 more typical, less varied; default 1",
    )
    command.add_argument(
        "--noise",
        action="store_true",
        help="of a diffusion model: the noise itself, a space whose every place is denoised",
    )
    command.add_argument(
        "--steps", type=count, default=20, metavar="N", help="of denoising, default 20"
    )
    command.add_argument(
        "--guidance",
        type=amount,
        default=1.0,
        metavar="X",
        help="of denoising towards --ask: 1 as learned, more overdoes it; default 1",
    )
    command.add_argument(
        "--ask",
        type=pair,
        action="append",
        default=[],
        metavar="NAME=CLASS",
        help="what a diffusion model is asked for, such as label=3; may be given more than once",
    )

    command = add(
        commands,
        "invert",
        "making:invert",
        "search the latents of real images, for a model without encoder",
        _INVERT_JSON,
    )
    command.add_argument("model", type=name, metavar="MODEL", help="a GAN")
    command.add_argument("data", type=name, metavar="DATA", help="such as faces:20")
    output(command, "SPACE.arrow", "the space to write")
    data_folder(command)
    command.add_argument("--limit", type=count, metavar="N", help="only the first N samples")
    command.add_argument(
        "--steps", type=count, default=200, metavar="N", help="of the search, default 200"
    )
    command.add_argument(
        "--seed", type=count_or_zero, default=0, help="of where it starts; default 0"
    )

    command = add(commands, "decode", "models:decode", "turn latents into pictures", _DECODE_JSON)
    command.add_argument(
        "model", type=name, metavar="MODEL", help="a bundled model's name or its folder"
    )
    command.add_argument(
        "--latents", required=True, type=Path, metavar="Z.npy", help="(n, d) or (d,) numbers"
    )
    output(command, "OUT.png|.npy", "a grid of pictures, or (n, h, w, c) float32 in 0..1")

    command = add(
        commands, "path", "models:path", "write the frames of a way through a space", _PATH_JSON
    )
    space(command)
    command.add_argument(
        "--model", type=name, metavar="MODEL", help="decoder; default: the space's own"
    )
    command.add_argument(
        "--via",
        type=parts,
        required=True,
        metavar="ROWS",
        help="samples in order, by number or name: 12,401,77",
    )
    command.add_argument(
        "--mode",
        choices=("linear", "slerp", "noise"),
        default="linear",
        help="default linear; noise: slerp between the noises of a diffusion model's samples",
    )
    command.add_argument(
        "--steps", type=count, metavar="N", help="of denoising each frame by noise, default 20"
    )
    command.add_argument(
        "--ask",
        type=pair,
        action="append",
        default=[],
        metavar="NAME=CLASS",
        help="what the way by noise asks for, such as label=3; may be given more than once",
    )
    command.add_argument("--frames", type=count, default=60, help="of the whole path, default 60")
    command.add_argument("--fps", type=count, default=24, help="frames a second, default 24")
    command.add_argument("--closed", action="store_true", help="go back to the first sample")
    output(
        command,
        "OUT.mp4|.gif|.png|.npy",
        "a film, a strip of pictures, or the latents of the frames",
    )

    command = add(commands, "train", "models:train", "train a bundled model again", _TRAIN_JSON)
    command.add_argument("recipe", metavar="RECIPE", help="such as mnist-vae or digits-vae")
    data_folder(command)
    command.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="model folder; default: RECIPE, here"
    )
    command.add_argument("--epochs", type=count, help="at most; default: the recipe's")
    command.add_argument("--seed", type=count_or_zero, help="default: the recipe's")
    again = command.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where the run stopped; default")
    again.add_argument("--fresh", action="store_true", help="forget an unfinished run in OUT")
    command.add_argument(
        "--evaluate",
        action="store_true",
        help="train nothing; measure the model in OUT, or the bundled one, on its test data",
    )
