"""What each family of models can show, and the sentence where it can't."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.abilities import abilities
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Provenance
from tests.app.conftest import Fakes, six
from tests.app.families import Autoencoder, Maker, Reader


def opened_with(workbench: Workbench, fakes: Fakes, loaded: object, **provenance: object) -> None:
    fakes.model = loaded
    origin = dataclasses.replace(six().provenance, **provenance)  # type: ignore[arg-type]
    fakes.space = dataclasses.replace(six(), latent_std=None, provenance=origin)
    workbench.commands.run("file.open_path", path="six")
    workbench.previews.hover(None)


def test_a_classifier_says_what_it_lacks(workbench: Workbench, fakes: Fakes) -> None:
    opened_with(workbench, fakes, Reader())
    can = abilities(workbench.workspace)
    assert can.decoder.startswith("reader reads images and has no decoder, so places")
    assert can.posterior == can.prior
    assert "neither a posterior nor a prior" in can.prior
    assert "has an encoder" in can.inversion
    assert can.layers == can.original == ""


def test_an_autoencoder_has_pictures_but_no_distribution(
    workbench: Workbench, fakes: Fakes
) -> None:
    opened_with(workbench, fakes, Autoencoder())
    can = abilities(workbench.workspace)
    assert can.decoder == can.original == ""
    assert can.posterior == can.prior != ""
    assert can.layers == "ae has no layers to choose from."


def test_a_gan_s_samples_have_no_originals(workbench: Workbench, fakes: Fakes) -> None:
    opened_with(workbench, fakes, Maker(), data=None, extra={"sampled": {"seed": 0}})
    can = abilities(workbench.workspace)
    assert can.decoder == can.prior == can.inversion == ""
    assert can.original.startswith("Drawn from the prior")
    assert can.posterior == "maker has no encoder, so its latents have no posterior."


def test_a_vae_s_prior_samples_have_no_posterior(workbench: Workbench, fakes: Fakes) -> None:
    opened_with(workbench, fakes, fakes.model, data=None, extra={"sampled": {}})
    assert "only encoded samples" in abilities(workbench.workspace).posterior


@pytest.mark.parametrize("named", [None, "gone"])
def test_a_space_without_its_model_says_so(
    workbench: Workbench, fakes: Fakes, named: str | None
) -> None:
    def refuse(name: str) -> object:
        raise UserError(f"{name} is not here.")

    object.__setattr__(workbench.workspace.services, "open_model", refuse)
    opened_with(workbench, fakes, None, model=named)
    can = abilities(workbench.workspace)
    told = f"The model {named} is not here" if named else "six names no model"
    assert all(told in why for why in (can.decoder, can.posterior, can.inversion, can.layers))
    assert not can.loading


def test_commands_that_cannot_work_refuse_with_the_reason(
    workbench: Workbench, fakes: Fakes, tmp_path: Path
) -> None:
    opened_with(workbench, fakes, Reader())
    workbench.previews.hover(RowTarget(1))
    for command, arguments in (
        ("preview.resample", {}), ("preview.spread", {"spread": 1.0}), ("latent.sample_prior", {}),
    ):  # fmt: skip
        with pytest.raises(UserError, match="neither a posterior nor a prior"):
            workbench.commands.run(command, **arguments)
    assert workbench.previews.spread == 0
    workbench.commands.run("path.add_row", row=0)
    workbench.commands.run("path.add_row", row=5)
    with pytest.raises(UserError, match=r"no picture; export the path's latents as \.npy"):
        workbench.paths.export_to(str(tmp_path / "walk.gif"))


def test_a_place_shows_the_nearest_sample_where_nothing_is_decoded(
    workbench: Workbench, fakes: Fakes
) -> None:
    opened_with(workbench, fakes, Reader())
    workbench.previews.hover(PlaceTarget((3.2, 0.1)))
    answer = workbench.previews.shown
    assert answer is not None
    assert answer.decoded is None
    assert answer.stand_in is not None
    assert (answer.stand_in.row, answer.stand_in.label) == (3, "a")
    assert answer.stand_in.image[0, 0, 0] == pytest.approx(30 / 255)
    workbench.previews.hover(LatentTarget(np.array([5, 2], np.float32), "Edited #0", 0))
    answer = workbench.previews.shown
    assert answer is not None
    assert answer.stand_in is not None
    assert answer.stand_in.row == 5
    workbench.previews.hover(RowTarget(2))
    answer = workbench.previews.shown
    assert answer is not None
    assert answer.stand_in is None


def test_where_it_decodes_nothing_stands_in(opened: Workbench) -> None:
    opened.previews.hover(PlaceTarget((3.2, 0.1)))
    answer = opened.previews.shown
    assert answer is not None
    assert answer.decoded is not None
    assert answer.stand_in is None


def test_a_path_is_filmed_with_originals_where_nothing_is_decoded(
    workbench: Workbench, fakes: Fakes
) -> None:
    opened_with(workbench, fakes, Reader())
    workbench.commands.run("path.add_row", row=0)
    workbench.commands.run("path.add_row", row=3)
    film = workbench.paths.film
    assert film is not None
    assert film.images is not None
    assert film.done == len(film.latents) == 24
    np.testing.assert_allclose(film.images[[0, -1], 0, 0, 0] * 25.5, [0, 3], atol=1e-5)
    assert workbench.paths.has_pictures


def test_without_model_and_data_a_path_has_no_pictures(workbench: Workbench, fakes: Fakes) -> None:
    fakes.space = dataclasses.replace(six(), provenance=Provenance())
    workbench.commands.run("file.open_path", path="six")
    workbench.commands.run("path.add_row", row=0)
    assert not workbench.paths.has_pictures
    film = workbench.paths.film
    assert film is not None
    assert film.images is None
