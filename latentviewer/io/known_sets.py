"""The data sets that the program knows by name and can fetch."""

from collections.abc import Mapping
from dataclasses import dataclass

DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True)
class KnownSet:
    """A data set that the program knows by name and can fetch.

    Attributes:
        name: such as `mnist`.
        title: what people call it.
        subfolders: where it lies below a folder of data sets, first the place that a
            download goes to.
        classes: names of the labels 0, 1, ...
        content_hashes: MD5 of its files when unpacked, by file name.
        counts: samples by split.
    """

    name: str
    title: str
    subfolders: tuple[str, ...]
    classes: tuple[str, ...]
    content_hashes: Mapping[str, str]
    counts: Mapping[str, int]

    def has_labels(self, digest: str | None) -> bool:
        """Whether a digest is that of one of its unpacked label files."""
        return any(digest == h for name, h in self.content_hashes.items() if "labels" in name)


@dataclass(frozen=True)
class LocalSet:
    """A data set that the program knows by name, finds in a folder of data sets, cannot fetch.

    Attributes:
        name: such as `emoji`.
        subfolders: where it lies below a folder of data sets.
    """

    name: str
    subfolders: tuple[str, ...]


LOCAL_SETS: Mapping[str, LocalSet] = {
    "emoji": LocalSet("emoji", ("emoji",)),
    "dsprites": LocalSet("dsprites", ("dsprites", "dsprites-dataset")),
    "factor-sprites": LocalSet("factor-sprites", ("factor_sprites", "factor-sprites")),
}

_COUNTS = {"train": 60_000, "test": 10_000}
KNOWN_SETS: Mapping[str, KnownSet] = {
    "mnist": KnownSet(
        "mnist",
        "MNIST",
        ("mnist", "MNIST/raw"),
        DIGIT_NAMES,
        {
            "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
            "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
        _COUNTS,
    ),
    "fashion-mnist": KnownSet(
        "fashion-mnist",
        "Fashion-MNIST",
        ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        {
            "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
            "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
            "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
        },
        _COUNTS,
    ),
}
