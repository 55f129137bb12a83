"""What was said about a model is kept beside it, or in the spare folder."""

from pathlib import Path

import pytest

from latentviewer.domain.errors import UserError
from latentviewer.io.import_answers import answers_file, read_answers, write_answers

ANSWERS = {"output_values": "-1..1", "height": "64", "naïve": "größer"}


def test_answers_come_back(tmp_path: Path) -> None:
    model, spare = tmp_path / "net.onnx", tmp_path / "spare"
    assert read_answers(model, spare) == {}
    assert write_answers(model, ANSWERS, spare) == answers_file(model)
    assert read_answers(model, spare) == ANSWERS
    assert read_answers(tmp_path / "other.onnx", spare) == {}
    assert not spare.exists()


def test_a_folder_has_its_answers_beside_it(tmp_path: Path) -> None:
    model = tmp_path / "vae"
    model.mkdir()
    write_answers(model, ANSWERS, tmp_path)
    assert list(model.iterdir()) == []
    assert read_answers(model, tmp_path) == ANSWERS


def test_where_one_may_only_read_they_go_to_the_spare_folder(tmp_path: Path) -> None:
    models, spare = tmp_path / "models", tmp_path / "state" / "imports"
    models.mkdir()
    model = models / "net.onnx"
    # A folder in the place of the file: it cannot be written, whoever runs the test.
    answers_file(model).mkdir()
    where = write_answers(model, ANSWERS, spare)
    assert where.parent == spare
    assert read_answers(model, spare) == ANSWERS
    assert read_answers(models / "other.onnx", spare) == {}


def test_where_nothing_can_be_written_both_places_are_named(tmp_path: Path) -> None:
    model = tmp_path / "net.onnx"
    answers_file(model).mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"Neither .*net\.onnx.* nor .*file"):
        write_answers(model, ANSWERS, tmp_path / "file" / "imports")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"answers": 3}', b'{"version": 1}', b"\xff", b"[" * 100_000,
        b" " * 200_000,
    ],
)  # fmt: skip
def test_damaged_answers_are_named(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "net.onnx"
    answers_file(model).write_bytes(content)
    with pytest.raises(UserError, match=r"net\.onnx\.latentviewer\.json .*delete it"):
        read_answers(model, tmp_path)


def test_answers_of_a_later_version_are_not_guessed_at(tmp_path: Path) -> None:
    model = tmp_path / "net.onnx"
    answers_file(model).write_text('{"version": 2, "answers": {}}')
    with pytest.raises(UserError, match="another version"):
        read_answers(model, tmp_path)
