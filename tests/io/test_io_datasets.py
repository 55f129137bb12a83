"""Data sets are found, complete and in order; missing and broken ones are named."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentviewer.domain.errors import DataNotHereError, UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Categories
from latentviewer.io import idx
from latentviewer.io.datasets import find_data, is_here, known_name, open_data

TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    return (
        struct.pack(f">{values.ndim + 1}I", 0x0800 | values.ndim, *values.shape) + values.tobytes()
    )


def write_part(
    folder: Path, prefix: str, images: NDArray[np.uint8], labels: list[int] | None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(images))
    if labels is not None:
        packed = gzip.compress(idx_bytes(np.array(labels, np.uint8)))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(packed)


def pictures(count: int, start: int = 0) -> NDArray[np.uint8]:
    return np.arange(start, start + count * 6, dtype=np.uint8).reshape(count, 2, 3)


def all_images(data: DataSet) -> NDArray[np.uint8]:
    return data.images(np.arange(len(data)))


def labels_of(data: DataSet) -> Categories:
    column = data.columns["label"]
    assert isinstance(column, Categories)
    return column


def test_digits_are_all_there_in_order() -> None:
    from sklearn.datasets import load_digits

    whole, train, test = open_data("digits"), open_data("digits:train"), open_data("digits:test")
    assert (len(whole), len(train), len(test)) == (1797, 1500, 297)
    assert whole.image == ImageShape(8, 8, 1)
    assert (whole.name, test.name) == ("digits", "digits:test")
    pixels = all_images(whole)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (1797, 8, 8, 1)
    np.testing.assert_allclose(pixels[..., 0] / 255 * 16, load_digits().images, atol=0.04)
    np.testing.assert_array_equal(pixels[1500:], all_images(test))
    np.testing.assert_array_equal(labels_of(whole).codes, load_digits().target)
    assert whole.columns["split"].text(1499) == "train"
    assert whole.columns["split"].text(1500) == "test"


def test_digits_need_no_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys; from latentviewer.io.datasets import open_data; open_data('digits');"
        "sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_mnist_is_whole(real_data: Path, no_user_data: Path) -> None:
    data = open_data("mnist", real_data)
    assert len(data) == 70_000
    assert data.image == ImageShape(28, 28, 1)
    codes = labels_of(data).codes
    assert np.bincount(codes[:60_000]).tolist() == TRAIN
    assert np.bincount(codes[60_000:]).tolist() == TEST
    counts = np.bincount(all_images(data)[:60_000].reshape(-1), minlength=256) / (60_000 * 784)
    grey = np.arange(256) / 255
    mean = counts @ grey
    assert round(float(mean), 4) == 0.1307
    assert round(float(np.sqrt(counts @ (grey - mean) ** 2)), 4) == 0.3081


def test_a_part_of_mnist_is_found_from_each_place(
    real_data: Path, no_user_data: Path, tmp_path: Path
) -> None:
    direct = open_data("mnist:test", real_data / "mnist")
    assert direct.name == "mnist:test"
    assert np.bincount(labels_of(direct).codes).tolist() == TEST
    raw = no_user_data / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        content = gzip.decompress((real_data / "mnist" / name).read_bytes())
        (raw / name.removesuffix(".gz")).write_bytes(content)
    assert find_data("MNIST:test") == raw
    assert not is_here("mnist")
    np.testing.assert_array_equal(all_images(open_data("mnist:test")), all_images(direct))
    assert find_data("mnist:test", [tmp_path, real_data]) == real_data / "mnist"


def test_fashion_has_its_class_names(real_data: Path, no_user_data: Path) -> None:
    by_name = open_data("fashion-mnist:test", real_data)
    assert labels_of(by_name).names[0] == "T-shirt/top"
    assert labels_of(by_name).names[9] == "Ankle boot"
    assert labels_of(by_name).counts().tolist() == [1000] * 10
    by_path = open_data(f"{real_data / 'fashion_mnist'}:test")
    assert labels_of(by_path).names == labels_of(by_name).names
    np.testing.assert_array_equal(all_images(by_path), all_images(by_name))


def test_one_set_is_never_taken_for_the_other(real_data: Path, no_user_data: Path) -> None:
    assert not is_here("mnist:test", real_data / "fashion_mnist")
    assert not is_here("fashion-mnist:test", real_data / "mnist")


def test_a_set_that_is_not_here_says_where_and_how(no_user_data: Path, tmp_path: Path) -> None:
    assert not is_here("mnist:test")
    with pytest.raises(DataNotHereError) as caught:
        open_data("mnist:test", tmp_path)
    sentence = str(caught.value)
    assert str(no_user_data) in sentence
    assert str(tmp_path) in sentence
    assert "latentviewer get mnist" in sentence
    with pytest.raises(DataNotHereError) as caught:
        open_data("mnist:test", no_user_data)
    assert str(caught.value).count(str(no_user_data)) == 1


def test_a_folder_with_half_of_a_set_is_not_the_set(real_data: Path, no_user_data: Path) -> None:
    place = no_user_data / "mnist"
    place.mkdir(parents=True)
    (place / "t10k-images-idx3-ubyte.gz").write_bytes(b"")
    assert not is_here("mnist:test")


def test_names() -> None:
    assert known_name("MNIST:test") == "mnist"
    assert known_name("fashion_mnist") == "fashion-mnist"
    assert known_name("FashionMNIST:train") == "fashion-mnist"
    assert known_name("digits") is None
    assert is_here("digits")
    assert not is_here("no such set")
    with pytest.raises(
        UserError,
        match=r"digits, faces, shapes, bridge, mnist, fashion-mnist, emoji, .* or a folder",
    ):
        open_data("no such set")


def test_a_folder_of_idx_files_opens_by_path(tmp_path: Path) -> None:
    write_part(tmp_path, "t10k", pictures(2, 100), [7, 3])
    write_part(tmp_path, "train", pictures(3), [3, 9, 3])
    data = open_data(str(tmp_path))
    np.testing.assert_array_equal(all_images(data)[..., 0], [*pictures(3), *pictures(2, 100)])
    assert [data.columns["label"].text(i) for i in range(5)] == ["3", "9", "3", "7", "3"]
    assert labels_of(data).names == ("3", "7", "9")
    assert [data.columns["split"].text(i) for i in (0, 2, 3)] == ["train", "train", "test"]
    assert data.image == ImageShape(2, 3, 1)
    part = open_data(f"{tmp_path}:test")
    assert [part.columns["label"].text(i) for i in range(2)] == ["7", "3"]
    assert list(part.columns) == ["label"]


def test_labels_may_be_missing_and_the_set_empty(tmp_path: Path) -> None:
    write_part(tmp_path / "a", "train", pictures(2), None)
    assert dict(open_data(str(tmp_path / "a")).columns) == {}
    write_part(tmp_path / "b", "train", pictures(0), [])
    data = open_data(str(tmp_path / "b"))
    assert len(data) == 0
    assert all_images(data).shape == (0, 2, 3, 1)


def test_rows_outside_are_refused(tmp_path: Path) -> None:
    write_part(tmp_path, "train", pictures(2), [0, 1])
    data = open_data(str(tmp_path))
    for row in (-1, 2):
        with pytest.raises(IndexError, match="rows 0 to 1"):
            data.images(np.array([row]))
    taken = data.images(np.array([1]))
    taken[:] = 0
    assert all_images(data)[1].any()


def refused(folder: Path, words: str, spec: str = "") -> None:
    with pytest.raises(UserError, match=words) as caught:
        open_data(spec or str(folder), folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_files_are_named(tmp_path: Path) -> None:
    images = tmp_path / "train-images-idx3-ubyte"
    refused(tmp_path, "no data set in it")
    write_part(tmp_path, "train", pictures(3), [1, 2])
    refused(tmp_path, "has 2 labels, train-images-idx3-ubyte has 3 images")
    write_part(tmp_path, "train", pictures(3), [1, 2, 3])
    whole = images.read_bytes()
    images.write_bytes(whole + b"x")
    refused(tmp_path, "longer than its header says")
    images.write_bytes(b"PNG" + whole)
    refused(tmp_path, "not an IDX file of images")
    images.write_bytes(gzip.compress(whole)[:-9])
    refused(tmp_path, "cut short or damaged")
    images.write_bytes(gzip.compress(whole)[:20] + b"\xff" * 20)
    refused(tmp_path, "unpacks to")  # the damage is in the header's sizes
    images.write_bytes(struct.pack(">4I", 0x0803, 2**31, 2**31, 2**31))
    refused(tmp_path, "cut short")
    images.write_bytes(whole)
    write_part(tmp_path, "t10k", np.zeros((1, 5, 5), np.uint8), [1])
    refused(tmp_path, "another size")
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(UserError, match="no part “test”; its parts are train"):
        open_data(f"{tmp_path}:test")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(end=st.integers(0, 33), packed=st.booleans())
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, end: int, packed: bool) -> None:
    content = idx_bytes(pictures(3))[:end]
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(UserError, match="train-images"):
        idx.read_images(path)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 99),
    packed=st.booleans(),
)
def test_idx_files_read_back(
    tmp_path: Path, shape: tuple[int, int, int], seed: int, packed: bool
) -> None:
    values = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx_bytes(values)) if packed else idx_bytes(values))
    np.testing.assert_array_equal(idx.read_images(path), values)
    assert idx.read_shape(path, idx.IMAGES_MAGIC) == shape


def test_a_known_set_of_another_size_is_refused(no_user_data: Path) -> None:
    write_part(no_user_data / "mnist", "t10k", pictures(3), [1, 2, 3])
    with pytest.raises(UserError, match=r"shape \(3, 2, 3\), MNIST has \(10000, 28, 28\)"):
        open_data("mnist:test")
