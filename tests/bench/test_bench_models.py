"""The quality rows: which models they measure, and what counts as met."""

import pytest

from latentviewer.bench import model_rows
from latentviewer.domain.errors import DataNotHereError


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(model_rows, "bundled_models", lambda: names)
    monkeypatch.setattr(model_rows, "samples", lambda: ())


def test_a_goal_is_met_at_the_limit_and_missed_beyond_it(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "faces-vae")
    monkeypatch.setattr(model_rows, "_decoding", lambda name: ())
    for psnr, share, met in ((26.0, 0.9, True), (25.9, 0.89, False)):
        monkeypatch.setattr(model_rows, "figures", lambda *_, value=psnr: {"psnr_db": value})
        monkeypatch.setattr(model_rows, "agreement", lambda *_, value=share: {"agreement": value})
        rows = model_rows.model_rows(True, lambda _: None)
        assert [row.met for row in rows] == [met, met, True]
        assert [row.ours for row in rows[:2]] == [psnr, share]


def test_a_model_whose_data_are_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "mnist-vae")

    def missing(*_: object) -> dict[str, float]:
        raise DataNotHereError("mnist is not on this machine.")

    monkeypatch.setattr(model_rows, "figures", missing)
    said: list[str] = []
    rows = model_rows.model_rows(True, said.append)
    assert "left out: mnist is not on this machine." in said
    assert not any("ELBO" in row.name for row in rows)


def test_every_bundled_decoder_and_the_size_of_all_weights_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, "digits-vae", "faces-classifier")
    rows = {row.name: row for row in model_rows.model_rows(True, lambda _: None)}
    assert rows["digits-vae, one latent decoded"].ours > 0
    assert "faces-classifier, one latent decoded" not in rows
    size = rows["bundled weights together"]
    assert size.ours > 0
    assert size.met == (size.ours <= 40)
