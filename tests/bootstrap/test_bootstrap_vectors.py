"""Embeddings of other tools, opened as the window and the command line open them."""

from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.services import Opened
from latentviewer.bootstrap import inspect, open_reference
from latentviewer.bootstrap.catalogue import open_data
from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import UserError


def opened(reference: str) -> Opened:
    found = open_reference(reference)
    assert isinstance(found, Opened)
    return found


def test_a_projector_folder_opens_with_its_pictures(real_data: Path) -> None:
    folder = real_data / "projector"
    with pytest.raises(SeveralCandidatesError) as asked:
        open_reference(str(folder))
    digits, iris = (candidate.name for candidate in asked.value.candidates)
    space = opened(f"{folder}#{digits}").space
    assert space.latent.shape == (10_000, 32)
    assert space.provenance.data is not None
    pictures = open_data(space.provenance.data)
    assert len(pictures) == len(space)
    assert pictures.images(np.array([7])).shape == (1, 28, 28, 3)
    assert opened(f"{folder}#{iris}").space.provenance.data is None
    with pytest.raises(UserError, match="has no pictures: its config names no sprite"):
        open_data(f"{folder}#{iris}")


def test_inspect_lists_what_a_folder_holds(real_data: Path) -> None:
    report = inspect(str(real_data / "projector"))
    assert (report["kind"], report["format"], report["usable"]) == ("space", "projector", False)
    assert [v["rows"] for v in report["vectors"]] == [10_000, 150]
    assert inspect(f"{real_data / 'projector'}#{report['vectors'][1]['name']}")["rows"] == 150


def test_a_bin_file_of_words_is_no_model(real_data: Path) -> None:
    report = inspect(str(real_data / "word_vectors" / "googlenews_300d_1k.bin"))
    assert (report["kind"], report["format"]) == ("space", "word vectors")
    assert (report["rows"], report["dims"]) == (1000, 300)


def test_a_model_s_own_weights_are_still_the_model() -> None:
    from latentviewer.bundled import models_folder

    report = inspect(str(models_folder() / "digits-vae" / "model.safetensors"))
    assert (report["kind"], report["usable"]) == ("model", True)


def test_what_is_left_out_is_said_when_it_opens(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name;v\nx;[1 2 3 4]\ny;[5 6 7 8]\n")
    found = opened(str(tmp_path / "t.csv"))
    assert found.warnings == ("Read with semicolons between the values.",)
    assert found.space.label(1) == "y"
