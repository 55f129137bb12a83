"""Names and paths, models and spaces, safe and unsafe."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.services import ModelFound, Opened
from latentviewer.bootstrap import (
    find_context,
    find_space,
    inspect,
    model_card,
    open_reference,
    samples,
)
from latentviewer.bundled import models_folder
from latentviewer.domain.errors import DataSetFoundError, UserError
from latentviewer.domain.ports import Capability


def test_every_sample_is_here_with_its_maps_and_its_model() -> None:
    for sample in samples():
        assert sample.available
        found = open_reference(sample.name)
        assert isinstance(found, Opened)
        assert found.space.provenance.model == sample.model
        if sample.kind == "gaussian mixture":
            assert set(found.space.maps) == {"density_2d"}
        else:
            assert {"umap_2d", "umap_3d"} <= set(found.space.maps)
        assert (found.space.latent_std is not None) == (sample.kind == "image vae")
        assert sample.space.stat().st_size < 3_200_000
        assert (models_folder() / sample.model / "map.png").is_file()


def test_a_model_folder_without_latents_asks_for_its_data(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        source = models_folder() / "digits-vae" / name
        (tmp_path / name).write_bytes(source.read_bytes())
    found = open_reference(str(tmp_path))
    assert isinstance(found, ModelFound)
    assert found.data == "digits:train"
    with pytest.raises(UserError, match="latentviewer encode"):
        find_space(str(tmp_path))


@pytest.mark.parametrize("reference", ["nowhere.arrow", "no such sample"])
def test_what_is_not_there_is_named(reference: str) -> None:
    with pytest.raises(UserError, match=reference):
        open_reference(reference)


def test_an_expression_can_name_a_projects_groups(tmp_path: Path) -> None:
    from latentviewer.app.projects import session_to_json
    from latentviewer.app.state import Group, SavedLatent, Selection, SessionState
    from latentviewer.domain.expression import evaluate, parse
    from latentviewer.io.projects import save_project

    space = find_space("digits-vae")
    state = SessionState(
        space=space,
        groups=(Group("A", Selection.of([1, 2])),),
        saved=(SavedLatent("z1", space.latent[3].copy()),),
    )
    file = tmp_path / "mine.latentviewer"
    save_project(file, session_to_json(state), space)
    result = evaluate(parse("@A + $z1"), find_context(str(file)))
    expected = space.latent[[1, 2]].mean(axis=0) + space.latent[3]
    np.testing.assert_allclose(result.latent, expected, rtol=1e-5)


def test_inspect_tells_models_from_files_that_could_run_code(tmp_path: Path) -> None:
    assert inspect("mnist-vae")["usable"]
    unsafe = tmp_path / "net.pkl"
    unsafe.write_bytes(b"\x80\x04N.")
    report = inspect(str(unsafe))
    assert not report["safe"]
    assert "net.pkl" in report["why"]
    with pytest.raises(UserError, match="not exist"):
        inspect(str(tmp_path / "nothing"))


def test_inspect_of_a_model_that_sees_no_images_names_no_size() -> None:
    report = inspect(str(models_folder() / "bridge"))
    assert report["image"] is None
    assert (report["family"], report["latent_dim"]) == ("gaussian-mixture", 5)


@pytest.mark.parametrize("packed", [False, True])
def test_a_data_set_says_that_it_is_to_be_encoded(tmp_path: Path, packed: bool) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (9, 9), "red").save(folder / "a.png")
    place = folder
    if packed:
        place = tmp_path / "pictures.zip"
        with zipfile.ZipFile(place, "w") as archive:
            archive.write(folder / "a.png", "a.png")
    with pytest.raises(DataSetFoundError, match=r"is a data set; choose Encode") as refused:
        open_reference(str(place))
    assert refused.value.reference == str(place)


def test_a_sample_says_whether_its_model_encodes() -> None:
    encode = {s.name for s in samples() if Capability.ENCODE in model_card(s.model).capabilities}
    assert {s.name for s in samples() if s.encodes} == encode
