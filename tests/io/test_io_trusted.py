"""Trust belongs to a content; a damaged list trusts nothing."""

from pathlib import Path

import pytest

from latentviewer.domain.errors import UserError
from latentviewer.io.trusted import TrustedFiles

FIRST, SECOND = "0a" * 32, "1b" * 32


@pytest.fixture
def files(tmp_path: Path) -> TrustedFiles:
    return TrustedFiles(tmp_path / "state" / "trusted.json")


def test_nothing_is_trusted_at_first(files: TrustedFiles) -> None:
    assert files.all() == ()
    assert not files.trusts(FIRST)


def test_trust_is_kept_and_taken_back(files: TrustedFiles, tmp_path: Path) -> None:
    files.trust(FIRST, Path("/models/net.pt"))
    files.trust(SECOND, Path("/models/größe.py"))
    files.trust(FIRST, Path("/elsewhere/net.pt"))
    again = TrustedFiles(tmp_path / "state" / "trusted.json")
    assert [(entry.hash, entry.path) for entry in again.all()] == [
        (FIRST, str(Path("/models/net.pt").absolute())),
        (SECOND, str(Path("/models/größe.py").absolute())),
    ]
    again.revoke(FIRST)
    assert not files.trusts(FIRST)
    assert files.trusts(SECOND)
    with pytest.raises(UserError, match="No file of the hash"):
        files.revoke(FIRST)


def test_the_beginning_of_a_hash_is_not_the_hash(files: TrustedFiles) -> None:
    files.trust(FIRST, Path("net.pt"))
    assert not files.trusts(FIRST[:40])
    assert not files.trusts("")
    with pytest.raises(ValueError, match="SHA-256"):
        files.trust("abc", Path("net.pt"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"trusted": [{"hash": ""}]}', b'{"trusted": [3]}', b"[" * 90_000],
)
def test_a_damaged_list_trusts_nothing_and_is_not_written_over(
    tmp_path: Path, content: bytes
) -> None:
    place = tmp_path / "trusted.json"
    place.write_bytes(content)
    files = TrustedFiles(place)
    for asked in (
        files.all, lambda: files.trusts(FIRST), lambda: files.trust(FIRST, place),
        lambda: files.revoke(FIRST),
    ):  # fmt: skip
        with pytest.raises(UserError, match="damaged, so nothing is trusted"):
            asked()
    assert place.read_bytes() == content


def test_trust_that_cannot_be_written_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = TrustedFiles(tmp_path / "file" / "trusted.json")
    with pytest.raises(UserError):
        files.trust(FIRST, Path("net.pt"))
