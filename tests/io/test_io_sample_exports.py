"""The name's ending and the purpose say what samples are written as."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image

from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.path import Waypoint
from latentviewer.domain.ports import NO_IMAGE, ImageShape
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Numbers, categories_of
from latentviewer.io import sample_exports
from latentviewer.io.extracts import Neighbourhood
from latentviewer.io.projector.messages import new_config
from latentviewer.io.projector.reading import sprite_data
from latentviewer.io.sample_exports import FILE_SUFFIXES, check_purpose, export_samples
from latentviewer.io.spaces import open_space
from latentviewer.jobs.progress import Progress


class Greys:
    """Sample i is a picture of grey i."""

    name = "greys"
    image = ImageShape(2, 2, 1)
    columns: Any = {}  # noqa: RUF012

    def __init__(self, count: int = 6) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def images(self, rows: Any) -> Any:
        return np.repeat(rows, 4).reshape(-1, 2, 2, 1).astype(np.uint8)


def six(dims: int = 3) -> Space:
    rng = np.random.default_rng(0)
    return Space(
        "six", rng.normal(size=(6, dims)).astype(np.float32),
        columns={"label": categories_of(list("abcabc"))},
        maps={"umap_2d": rng.normal(size=(6, 2)).astype(np.float32)},
        provenance=Provenance("model", None, "greys"),
    )  # fmt: skip


def nearest(latents: Any) -> Any:
    yield Progress(1.0, "found")
    n = len(latents)
    rows = np.roll(np.arange(n), 1)[:, None]
    return Neighbourhood(rows, rows.astype(np.float32))


@pytest.mark.parametrize("suffix", FILE_SUFFIXES)
@pytest.mark.parametrize("some", [False, True])
def test_every_ending_comes_back_with_its_latents(tmp_path: Path, suffix: str, some: bool) -> None:
    space, path = six(), tmp_path / f"z{suffix.upper()}"
    rows = np.array([2, 5]) if some else None
    to_the_end(export_samples(space, path, rows=rows, groups=(Group("A", Selection.of([5])),)))
    back = open_space(path)
    written = np.arange(6) if rows is None else rows
    np.testing.assert_array_equal(back.latent, space.latent[written])
    if suffix != ".npy":
        assert back.columns["group A"].text(len(written) - 1) == "true"
        np.testing.assert_array_equal(back.maps["umap_2d"], space.maps["umap_2d"][written])


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".feather"])
def test_neighbours_are_found_among_what_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"z{suffix}"
    to_the_end(export_samples(six(), path, rows=np.array([1, 3, 4]), nearest=nearest))
    back = open_space(path)
    assert [back.columns["neighbor_ids"].text(i) for i in range(3)] == ["[2]", "[0]", "[1]"]


@pytest.mark.parametrize(
    ("name", "purpose", "neighbours", "said"),
    [
        ("z", "file", False, r"ends in \.csv, \.parquet, \.arrow, \.feather or \.npy"),
        ("z.txt", "file", False, r"ends in \.csv"),
        ("z.csv", "embedding-atlas", False, r"ends in \.parquet"),
        ("z", "projector", True, "a projector's folder has no place for neighbours"),
        ("z.npy", "file", True, r"an \.npy has no place for neighbours"),
        ("z.csv", "spreadsheet", False, "not for “spreadsheet”"),
    ],
)
def test_what_cannot_be_written_so_is_refused(
    tmp_path: Path, name: str, purpose: str, neighbours: bool, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        check_purpose(tmp_path / name, purpose, neighbours)
    found = nearest if neighbours else None
    with pytest.raises(UserError, match=said):
        to_the_end(export_samples(six(), tmp_path / name, purpose, nearest=found))
    assert list(tmp_path.iterdir()) == []


def test_nothing_and_a_missing_map_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no rows to export"):
        to_the_end(export_samples(six(), tmp_path / "z.csv", rows=np.empty(0, np.int64)))
    for shown in (None, "pca_2d"):
        steps = export_samples(six(), tmp_path / "z.parquet", "embedding-atlas", shown=shown)
        with pytest.raises(UserError, match="six has no map to show yet"):
            to_the_end(steps)
    assert list(tmp_path.iterdir()) == []


def test_a_projector_s_folder_has_pictures_bookmarks_groups_and_the_path(tmp_path: Path) -> None:
    way = LatentPath(tuple(Waypoint((0.0,) * 3, row, "") for row in (4, 2, 0)))
    folder, space = tmp_path / "folder", six()
    notes = to_the_end(
        export_samples(
            space, folder, "projector", groups=(Group("A", Selection.of([1])),), way=way,
            data=Greys(),
        )
    )  # fmt: skip
    assert notes == ()
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), new_config())
    (embedding,) = config.embeddings
    assert list(embedding.tensor_shape) == [6, 3]
    assert list(embedding.sprite.single_image_dim) == [2, 2]
    header, *lines = (folder / embedding.metadata_path).read_text().splitlines()
    assert header == "label\tgroup A\t__seq_next__"
    assert [line.split("\t")[2] for line in lines] == ["", "", "0", "", "2", ""]
    back = open_space(folder)
    np.testing.assert_array_equal(back.latent, space.latent)
    np.testing.assert_array_equal(back.maps["umap_2d"], space.maps["umap_2d"])
    assert back.columns["group A"].text(1) == "true"
    following = back.columns["__seq_next__"]
    assert isinstance(following, Numbers)
    np.testing.assert_array_equal(following.values, [np.nan, np.nan, 0, np.nan, 2, np.nan])
    data = sprite_data(folder)
    assert data is not None
    np.testing.assert_array_equal(data.images(np.array([5])), np.full((1, 2, 2, 1), 5))


def test_a_projector_s_folder_of_some_rows_has_their_pictures(tmp_path: Path) -> None:
    to_the_end(
        export_samples(six(), tmp_path / "f", "projector", rows=np.array([3, 5]), data=Greys())
    )
    with Image.open(tmp_path / "f" / "sprite.png") as sprite:
        assert sprite.getpixel((0, 0)) == 3
        assert sprite.getpixel((2, 0)) == 5


def test_pictures_that_do_not_belong_to_the_rows_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = to_the_end(export_samples(six(), tmp_path / "few", "projector", data=Greys(5)))
    assert few == ("Without pictures: greys has 5 samples, six 6 rows.",)
    monkeypatch.setattr(sample_exports, "_MOST_PICTURE_BYTES", 23)
    many = to_the_end(export_samples(six(), tmp_path / "many", "projector", data=Greys()))
    assert many == ("Without pictures: 6 of greys are too many for one sprite.",)
    none = Greys()
    none.image = NO_IMAGE
    assert to_the_end(export_samples(six(), tmp_path / "none", "projector", data=none)) == ()
    for name in ("few", "many", "none"):
        assert not (tmp_path / name / "sprite.png").exists()


def test_a_path_is_for_a_projector_alone(tmp_path: Path) -> None:
    way = LatentPath((Waypoint((0.0,) * 3, None, ""), Waypoint((0.0,) * 3, 2, "")))
    assert to_the_end(export_samples(six(), tmp_path / "z.csv", way=way)) == ()
    assert "__seq_next__" not in open_space(tmp_path / "z.csv").columns
