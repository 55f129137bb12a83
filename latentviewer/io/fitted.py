"""Images brought to the size and the channels that a model takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from latentviewer.domain.ports import NO_IMAGE, DataSet, ImageShape
from latentviewer.domain.table import Column


@dataclass(frozen=True, eq=False)
class FittedData:
    """A data set whose images are resized when they are asked for; fulfils `DataSet`.

    Resizing keeps the whole picture: where the proportions differ, the images are stretched.
    Grey becomes RGB by repeating it, RGB becomes grey by its luma (ITU-R BT.601).
    """

    whole: DataSet
    image: ImageShape

    @property
    def name(self) -> str:
        """The name of the whole: row i is its sample i."""
        return self.whole.name

    @property
    def columns(self) -> Mapping[str, Column]:
        """Those of the whole."""
        return self.whole.columns

    def __len__(self) -> int:
        return len(self.whole)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8, in the new shape."""
        originals = self.whole.images(rows)
        shape = self.image
        fitted = np.empty((len(rows), shape.height, shape.width, shape.channels), np.uint8)
        for kept, original in zip(fitted, originals, strict=True):
            plain = original[..., 0] if original.shape[-1] == 1 else original
            picture = Image.fromarray(plain).convert("L" if shape.channels == 1 else "RGB")
            if picture.size != (shape.width, shape.height):
                picture = picture.resize((shape.width, shape.height), Image.Resampling.BICUBIC)
            kept[...] = np.asarray(picture).reshape(kept.shape)
        return fitted


def fitted(data: DataSet, image: ImageShape) -> tuple[DataSet, str | None]:
    """The data set in another shape, with a sentence that says so; itself where it fits.

    A model that takes no images takes every data set as it is.
    """
    if image in (data.image, NO_IMAGE):
        return data, None
    changes = []
    there = data.image
    if (there.height, there.width) != (image.height, image.width):
        size = f"from {there.width} x {there.height} to {image.width} x {image.height} pixels"
        stretched = there.height * image.width != there.width * image.height
        changes.append(f"resized {size}" + (", out of proportion" if stretched else ""))
    if there.channels != image.channels:
        changes.append("made grey" if image.channels == 1 else "made RGB of grey")
    return FittedData(data, image), f"The images of {data.name} were {' and '.join(changes)}."
