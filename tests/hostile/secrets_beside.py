"""Files outside a case's folder, of every kind that one inside could try to name."""

from pathlib import Path

import numpy as np

SECRET = "SECRET-93571"
SECRET_NUMBER = 93571.25
SECRET_COLOUR = (93, 57, 101)
SIDE, ROWS, DIMS = 8, 4, 4


def lay_secrets(outside: Path) -> None:
    """Writes `secret.*` into a folder, each of them a whole and honest file."""
    import h5py
    import pyarrow as pa
    from PIL import Image
    from pyarrow import parquet

    vectors = np.full((ROWS, DIMS), SECRET_NUMBER, np.float32)
    Image.new("RGB", (SIDE, SIDE), SECRET_COLOUR).save(outside / "secret.png")
    np.save(outside / "secret.npy", vectors)
    np.savez(outside / "secret.npz", images=np.full((ROWS, SIDE, SIDE, 3), SECRET_COLOUR, np.uint8))
    (outside / "secret.bin").write_bytes(vectors.tobytes())
    rows = "\n".join("\t".join([str(SECRET_NUMBER)] * DIMS) for _ in range(ROWS))
    (outside / "secret.tsv").write_text(f"{rows}\n", "utf-8")
    (outside / "secret.txt").write_text(f"{SECRET}\n" * ROWS, "utf-8")
    bookmarks = f'[{{"label": "{SECRET}", "projections": [], "selectedProjection": "umap"}}]'
    (outside / "secret.json").write_text(bookmarks, "utf-8")
    parquet.write_table(pa.table({"text": [SECRET] * ROWS}), outside / "secret.parquet")
    pixels = np.full((ROWS, SIDE, SIDE), SECRET_COLOUR[0], np.uint8)
    header = b"\x00\x00\x08\x03" + np.array(pixels.shape, ">u4").tobytes()
    (outside / "secret.idx").write_bytes(header + pixels.tobytes())
    with h5py.File(outside / "secret.h5", "w") as file:
        file["embeddings"] = vectors
