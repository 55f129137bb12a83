"""Files appear whole, with ordinary permissions, and imports stay light."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import latentviewer.io
from latentviewer.domain.errors import UserError
from latentviewer.io import atomic
from latentviewer.io.atomic import replacing, write_bytes


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"content")
    assert (tmp_path / "ours").read_bytes() == b"content"
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(0o600)
    write_bytes(tmp_path / "f", b"new")
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_block_that_is_left_early_changes_nothing(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    write_bytes(tmp_path / "f", b"old")

    def leave_early() -> None:
        with replacing(tmp_path / "f") as temporary:
            temporary.write_bytes(b"half")
            raise fault

    with pytest.raises(fault):
        leave_early()
    assert (tmp_path / "f").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "f", b"old")
    monkeypatch.setattr(atomic.os, "access", lambda *_: False)
    with pytest.raises(UserError, match="read-only"):
        write_bytes(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    package = Path(latentviewer.io.__file__).parent
    used_late = {"arrow_columns", "arrow_spaces", "numpy_spaces", "map_columns", "vector_columns"}
    used_late |= {"fitted", "image_files", "image_folders", "image_places", "pen"}
    used_late |= {"arrow_writing", "atlas", "csv_writing"}
    names = {path.stem for path in package.glob("*.py")} - used_late
    program = "import sys\n" + "".join(f"import latentviewer.io.{name}\n" for name in sorted(names))
    heavy = ["torch", "torchvision", "sklearn", "pyarrow", "av", "PIL", "numba", "scipy"]
    program += f"print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
