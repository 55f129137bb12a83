"""AnnData files of three layouts open as spaces; damaged parts are left out or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import sparse

from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io.hdf5 import anndata
from latentviewer.io.hdf5.reading import candidates_in, space_in
from latentviewer.io.hdf5.spaces import hdf5_candidates, read_hdf5_space

TEXT = h5py.string_dtype()
N = 6
NAMES = [f"cell-{i}" for i in range(N)]
PCA = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float32)
COUNTS = np.array([[0, 1, 0, 2]] * 3 + [[3, 0, 0, 0]] * 3, np.float32)


def encoded(member: Any, encoding: str, version: str = "0.2.0", **attributes: Any) -> Any:
    member.attrs["encoding-type"] = encoding
    member.attrs["encoding-version"] = version
    for name, value in attributes.items():
        member.attrs[name] = value
    return member


def put(group: Any, name: str, values: Any) -> Any:
    values = np.asarray(values)
    if values.dtype.kind == "U":
        group.create_dataset(name, data=values.astype(object), dtype=TEXT)
        return encoded(group[name], "string-array")
    group[name] = values
    return encoded(group[name], "array")


def categorical(group: Any, name: str, codes: Any, names: Any) -> None:
    made = encoded(group.create_group(name), "categorical", ordered=False)
    put(made, "codes", np.asarray(codes, np.int8))
    put(made, "categories", names)


def nullable(group: Any, name: str, values: Any, mask: Any, kind: str) -> None:
    made = encoded(group.create_group(name), kind, "0.1.0")
    put(made, "values", values)
    put(made, "mask", np.asarray(mask))


def put_sparse(group: Any, name: str, matrix: Any) -> Any:
    made = encoded(
        group.create_group(name), f"{matrix.format}_matrix", "0.1.0", shape=np.array(matrix.shape)
    )
    for part in ("data", "indices", "indptr"):
        put(made, part, getattr(matrix, part))
    return made


def start(file: Any) -> Any:
    encoded(file, "anndata", "0.1.0")
    var = encoded(file.create_group("var"), "dataframe", _index="_index")
    put(var, "_index", ["g0", "g1", "g2", "g3"])
    for name in ("layers", "varm", "obsp", "varp", "uns", "obsm"):
        encoded(file.create_group(name), "dict", "0.1.0")
    order = np.array(["zeta", "kind", "label"], TEXT)
    obs = encoded(file.create_group("obs"), "dataframe", _index="names", **{"column-order": order})
    put(obs, "names", NAMES)
    return obs


def today(path: Path) -> None:
    with h5py.File(path, "w") as file:
        obs = start(file)
        put(obs, "zeta", np.arange(N) / 2)
        categorical(obs, "kind", [1, 0, -1, 1, 1, 0], ["T", "B", "unused"])
        categorical(obs, "label", [1, 0, 1, 0, 1, 0], np.array([7, 3]))
        nullable(obs, "count", np.arange(N), [0, 1, 0, 0, 0, 0], "nullable-integer")
        nullable(obs, "good", np.ones(N, bool), [1, 0, 0, 0, 0, 0], "nullable-boolean")
        nullable(obs, "word", list("aababb"), [1, 0, 0, 0, 0, 0], "nullable-string-array")
        put(obs, "sampled", np.array([True] * 5 + [False]))
        put_sparse(file, "X", sparse.csr_matrix(COUNTS))
        put(file["obsm"], "X_pca", PCA)
        put(file["obsm"], "X_umap", PCA[:, :2].astype("f8"))
        put(file["obsm"], "X_tsne", PCA[:, :3])
        put(file["uns"], "kind_colors", ["#fff", "#000", "#123"])


def seven(path: Path) -> None:
    with h5py.File(path, "w") as file:
        obs = file.create_group("obs")
        obs.attrs["_index"] = "index"
        obs.attrs["column-order"] = np.array(["kind", "score"], TEXT)
        obs.create_dataset("index", data=np.array(NAMES, object), dtype=TEXT)
        obs["kind"] = np.array([1, 0, -1, 1, 1, 0], np.int8)
        obs["score"] = np.arange(N) / 2
        kinds = obs.create_group("__categories").create_dataset("kind", data=["T", "B"], dtype=TEXT)
        obs["kind"].attrs["categories"] = kinds.ref
        file.create_group("var").attrs["_index"] = "index"
        matrix = sparse.csc_matrix(COUNTS)
        made = file.create_group("X")
        made.attrs["h5sparse_format"] = "csc"
        made.attrs["h5sparse_shape"] = np.array(COUNTS.shape)
        for part in ("data", "indices", "indptr"):
            made[part] = getattr(matrix, part)
        file["obsm/X_pca"] = PCA


def six(path: Path) -> None:
    table = np.zeros(N, [("index", "S8"), ("kind", "i1"), ("score", "f4"), ("site", "S3")])
    table["index"] = NAMES
    table["kind"] = [1, 0, -1, 1, 1, 0]
    table["score"] = np.arange(N) / 2
    table["site"] = [b"a", b"b", b"a", b"b", b"a", b"b"]
    with h5py.File(path, "w") as file:
        file["obs"] = table
        file["var"] = np.zeros(4, [("index", "S2")])
        file["X"] = COUNTS
        file.create_group("uns").create_dataset("kind_categories", data=["T", "B"], dtype=TEXT)
        file["obsm/X_pca"] = PCA


def texts(column: Any) -> list[str]:
    return [column.text(i) for i in range(len(column))]


def test_a_file_of_today_opens_whole_through_another_process(tmp_path: Path) -> None:
    path = tmp_path / "cells.h5ad"
    today(path)
    assert [c.text for c in hdf5_candidates(path)] == ["X (6 x 4)", "obsm/X_pca (6 x 5)"]
    space = read_hdf5_space(path)
    assert space.name == "cells"
    np.testing.assert_array_equal(space.latent, PCA)
    assert list(space.columns)[:4] == ["index", "zeta", "kind", "label"]
    assert texts(space.columns["index"]) == NAMES
    assert isinstance(space.columns["index"], Texts)
    kind = space.columns["kind"]
    assert isinstance(kind, Categories)
    assert kind.names == ("T", "B", "unused")
    assert kind.codes.tolist() == [1, 0, -1, 1, 1, 0]
    assert texts(space.columns["label"]) == ["3", "7"] * 3
    assert isinstance(space.columns["zeta"], Numbers)
    assert texts(space.columns["count"]) == ["0", "", "2", "3", "4", "5"]
    assert texts(space.columns["good"]) == ["", *["true"] * 5]
    assert texts(space.columns["word"]) == ["", *"ababb"]
    assert texts(space.columns["sampled"]) == [*["true"] * 5, "false"]
    assert {name: xy.shape for name, xy in space.maps.items()} == {
        "umap_2d": (6, 2),
        "tsne_3d": (6, 3),
    }
    np.testing.assert_array_equal(space.maps["umap_2d"], PCA[:, :2])
    others, parts = space.provenance.extra[LEFT_OUT]
    assert "X (6 x 4)" in others
    assert "uns, var" in parts


@pytest.mark.parametrize("layout", [seven, six])
def test_older_layouts_open(tmp_path: Path, layout: Callable[[Path], None]) -> None:
    path = tmp_path / "old.h5ad"
    layout(path)
    space = space_in(path, None)
    np.testing.assert_array_equal(space.latent, PCA)
    assert isinstance(space.columns["index"], Texts)
    assert texts(space.columns["index"]) == NAMES
    assert texts(space.columns["kind"]) == ["B", "T", "", "B", "B", "T"]
    assert texts(space.columns["score"])[:2] == ["0", "0.5"]
    assert "__categories" not in space.columns
    if layout is six:
        assert texts(space.columns["site"]) == ["a", "b"] * 3
    np.testing.assert_array_equal(space_in(path, "X").latent, COUNTS)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix])
def test_a_sparse_table_is_the_latents_if_picked(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        del file["X"]
        put_sparse(file, "X", make(COUNTS))
    space = space_in(path, "X")
    np.testing.assert_array_equal(space.latent, COUNTS)
    assert set(space.maps) == {"umap_2d", "tsne_3d"}


def test_a_sparse_table_that_would_be_huge_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        file["X"].attrs["shape"] = np.array([N, 10**12])
    assert [c.name for c in candidates_in(path)] == ["obsm/X_pca"]
    assert any("PCA" in s for s in space_in(path, None).provenance.extra[LEFT_OUT])
    with pytest.raises(UserError, match="more than 2 GB"):
        space_in(path, "X")
    monkeypatch.setattr(anndata, "_MOST_DENSE_BYTES", 95)
    today(path)
    assert [c.name for c in candidates_in(path)] == ["obsm/X_pca"]


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("indices", [1, 3, 1, 3, 1, 4, 0, 0, 0]),
        ("indices", [1, 3, 1, 3, 1, -1, 0, 0, 0]),
        ("indices", [1.0] * 9),
        ("indptr", [0, 2, 4, 6, 7, 8, 10]),
        ("indptr", [1, 2, 4, 6, 7, 8, 9]),
        ("indptr", [0, 4, 2, 6, 7, 8, 9]),
        ("indptr", [0, 9]),
        ("indptr", []),
        ("data", [1.0] * 8),
    ],
)
def test_a_sparse_table_that_does_not_fit_is_refused(
    tmp_path: Path, part: str, values: Any
) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        del file["X"][part]
        file["X"][part] = np.array(values, None if values else np.int32)
    with pytest.raises(UserError, match=r"x\.h5ad.*do not fit"):
        space_in(path, "X")


@pytest.mark.parametrize(
    "shape", [[6], [6, 4, 1], [-6, 4], [6, 0], [6.0, 4.0], None, ["a", "b"], [2**62, 2**62]]
)
def test_a_sparse_table_without_a_shape_is_left_out(tmp_path: Path, shape: Any) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        del file["X"].attrs["shape"]
        if shape is not None:
            file["X"].attrs["shape"] = shape
    assert [c.name for c in candidates_in(path)] == ["obsm/X_pca"]
    with pytest.raises(UserError, match=r"x\.h5ad"):
        space_in(path, "X")


def test_without_a_pca_the_vectors_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        file["obsm"].move("X_pca", "X_scvi")
        put(file["obsm"], "X_vae", PCA)
    with pytest.raises(SeveralCandidatesError, match="obsm/X_scvi") as caught:
        read_hdf5_space(path)
    assert "obsm/X_vae" in [c.name for c in caught.value.candidates]
    assert space_in(path, "obsm/X_vae").latent.shape == (6, 5)


def test_maps_alone_are_the_latents(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        del file["X"]
        del file["obsm/X_pca"]
        del file["obsm/X_tsne"]
    space = space_in(path, None)
    np.testing.assert_array_equal(space.latent, PCA[:, :2])
    assert not space.maps


def test_what_does_not_fit_is_left_out_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        obs = file["obs"]
        put(obs, "short", np.arange(3))
        put(obs, "wide", np.zeros((N, 2)))
        categorical(obs, "beyond", [0, 1, 2, 0, 0, 0], ["a", "b"])
        categorical(obs, "below", [0, -2, 0, 0, 0, 0], ["a", "b"])
        nullable(obs, "mask", np.arange(N), [True], "nullable-integer")
        encoded(obs.create_group("strange"), "awkward-array")
        encoded(file["obsm"].create_group("frame"), "dataframe")
        put(file["obsm"], "X_short", np.zeros((3, 2)))
        bad = np.zeros((N, 2))
        bad[2] = np.nan
        put(file["obsm"], "X_nan", bad)
        obs["outside"] = h5py.ExternalLink("other.h5", "/x")
    space = space_in(path, None)
    said = "\n".join(space.provenance.extra[LEFT_OUT])
    for name in ("short", "wide", "beyond", "below", "mask", "strange", "outside"):
        assert name not in space.columns
        assert f"obs/{name}" in said
    for name in ("obsm/frame", "obsm/X_short", "obsm/X_nan"):
        assert name in said
    assert set(space.maps) == {"umap_2d", "tsne_3d"}


def test_other_files_are_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    today(tmp_path / "other.h5ad")
    with h5py.File(path, "a") as file:
        del file["obsm/X_pca"]
        del file["X"]
        file["X"] = h5py.ExternalLink("other.h5ad", "/obsm/X_pca")
        file["obsm/X_pca"] = h5py.ExternalLink("other.h5ad", "/obsm/X_pca")
        file["obsm"].create_dataset(
            "X_raw", (N, 5), "f4", external=[(str(tmp_path / "other.h5ad"), 0, 400)]
        )
    for pick in ("obsm/X_pca", "obsm/X_raw", "X"):
        with pytest.raises(UnsafeFileError, match=r"x\.h5ad"):
            space_in(path, pick)


def test_links_to_the_whole_table_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    today(tmp_path / "other.h5ad")
    with h5py.File(path, "a") as file:
        for name in ("obs", "obsm"):
            del file[name]
            file[name] = h5py.ExternalLink("other.h5ad", name)
        del file["X"]
        put(file, "X", COUNTS)
    space = space_in(path, None)
    np.testing.assert_array_equal(space.latent, COUNTS)
    assert not space.columns
    assert not space.maps


def test_two_columns_called_index_both_come(tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    today(path)
    with h5py.File(path, "a") as file:
        put(file["obs"], "index", np.arange(N) * 1.5)
    columns = space_in(path, None).columns
    assert texts(columns["index"]) == NAMES
    assert texts(columns["index (2)"])[1] == "1.5"


@pytest.mark.parametrize("part", [0.05, 0.4, 0.8])
@pytest.mark.parametrize("layout", [today, seven, six])
def test_a_file_cut_short_is_one_sentence(
    tmp_path: Path, layout: Callable[[Path], None], part: float
) -> None:
    path = tmp_path / "cut.h5ad"
    layout(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(UserError, match=r"cut\.h5ad"):
        read_hdf5_space(path)
