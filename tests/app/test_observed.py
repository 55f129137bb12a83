"""Spaces inferred from one number: the map that shows it, the exact way back, what is answered."""

import dataclasses

import numpy as np
import pytest

from latentviewer.app.maps import described, first_settings, method_title
from latentviewer.app.preview import Request, Sources, answer
from latentviewer.app.services import MapResult
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import Axis, MapNote
from latentviewer.domain.mixture import Mixture
from latentviewer.domain.observation import Observation, ObservedInverse
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, Numbers
from tests.app.conftest import Fakes

SEEN = Observation(
    "weight", "t", "type", Mixture(("car", "van"), (0.0, 1.0), (0.3, 0.3), (0.5, 0.5))
)
NOTE = MapNote("Weight and density", (Axis("weight in t", "log10"), Axis("density")), "Seen.", True)


def weighed() -> Space:
    weights = np.array([1.0, 2.0, 8.0])
    codes = np.array([0, 1, 1], np.int32)
    x = np.log10(weights)
    return Space(
        "weighed",
        SEEN.posterior(weights),
        columns={"weight": Numbers(weights), "type": Categories(codes, ("car", "van"))},
        maps={"density_2d": np.column_stack([x, np.full(3, 0.1)]).astype(np.float32)},
        provenance=Provenance(
            extra={"observation": SEEN.as_json(), "maps": {"density_2d": NOTE.as_json()}}
        ),
    )


class Nowhere:
    name = "nowhere"

    def latents(self, places: np.ndarray) -> np.ndarray:
        return np.zeros((len(places), 2), np.float32)


def plain(space: Space) -> MapResult:
    return MapResult(space.maps["density_2d"], Nowhere(), lambda latents: latents, ("", ""))


def test_the_space_opens_on_its_own_map_and_says_what_it_is() -> None:
    space = weighed()
    settings = first_settings(space)
    assert (settings.method, settings.dims, settings.colour_by) == ("density", 2, "type")
    assert method_title(space, "density") == "Weight and density"
    assert method_title(space, "umap") == "UMAP"
    result = described(plain(space), space, "density_2d")
    assert result.axes == ("weight in t", "density")
    assert result.note == NOTE
    assert isinstance(result.inverse, ObservedInverse)


def test_a_map_without_a_note_stays_as_it_was() -> None:
    space = dataclasses.replace(weighed(), provenance=Provenance())
    result = described(plain(space), space, "density_2d")
    assert result.axes == ("", "")
    assert result.inverse.name == "nowhere"
    assert first_settings(space).method == "pca"


def test_an_empty_place_answers_with_the_posterior_there() -> None:
    sources = Sources(weighed(), inverse=ObservedInverse(SEEN))
    high = answer(Request(PlaceTarget((0.5, 9.0))), sources)
    np.testing.assert_allclose(high.latent, [0.5, 0.5], atol=1e-6)
    assert high.observed is not None
    assert (high.observed.words, high.observed.truth) == ("3.16 t", "")
    assert high.inverse_name == "Bayes’ rule, exact"


def test_a_sample_answers_with_its_number_and_the_truth() -> None:
    sources = Sources(weighed(), inverse=ObservedInverse(SEEN))
    shown = answer(Request(RowTarget(1)), sources)
    assert shown.observed is not None
    assert (shown.observed.column, shown.observed.words) == ("weight", "2.00 t")
    assert shown.observed.truth == "van"
    assert shown.latent[0] > shown.latent[1]  # inferred: car
    made = answer(Request(LatentTarget(np.zeros(2, np.float32), "made", 1)), sources)
    assert made.observed is None


def test_a_place_on_another_map_has_no_number() -> None:
    shown = answer(Request(PlaceTarget((0.5, 9.0))), Sources(weighed(), inverse=Nowhere()))
    assert shown.observed is None


def test_other_spaces_have_no_number(fakes: Fakes) -> None:
    assert answer(Request(RowTarget(0)), Sources(fakes.space)).observed is None


def test_what_has_no_third_dimension_is_refused_before_anything_changes(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.space = weighed()
    workbench.commands.run("file.open_path", path="weighed.arrow")
    state = workbench.workspace.state
    assert state.map.method == "density"
    with pytest.raises(UserError, match="“Weight and density” has no 3D map"):
        workbench.commands.run("map.dims", dims=3)
    assert workbench.workspace.state is state
    # From a map in 3D the way back leads to 2D by itself.
    workbench.commands.run("map.method", name="pca")
    workbench.commands.run("map.dims", dims=3)
    workbench.commands.run("map.method", name="density")
    assert (workbench.workspace.state.map.method, workbench.workspace.state.map.dims) == (
        "density",
        2,
    )


def test_the_palette_offers_the_map_by_its_title(workbench: Workbench, fakes: Fakes) -> None:
    fakes.space = weighed()
    workbench.commands.run("file.open_path", path="weighed.arrow")
    assert ("density", "Weight and density") in workbench.choices("methods")


def test_the_more_points_the_smaller() -> None:
    few, many = first_settings(weighed()), first_settings(_repeated(weighed(), 1_000))
    assert few.radius > many.radius


def _repeated(space: Space, times: int) -> Space:
    weight, kind = space.columns["weight"], space.columns["type"]
    assert isinstance(weight, Numbers)
    assert isinstance(kind, Categories)
    return dataclasses.replace(
        space,
        latent=np.tile(space.latent, (times, 1)),
        columns={
            "weight": Numbers(np.tile(weight.values, times)),
            "type": Categories(np.tile(kind.codes, times), kind.names),
        },
        maps={key: np.tile(xy, (times, 1)) for key, xy in space.maps.items()},
    )
