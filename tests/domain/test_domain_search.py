"""Search over the table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.domain.folded import FoldedTexts
from latentviewer.domain.search import find_rows, prepare_search
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Numbers, Texts

SPACE = Space(
    "garments",
    np.zeros((6, 2), np.float32),
    columns={
        "label": Categories(
            np.array([0, 1, 2, 1, -1, 3], np.int32), ("Bag", "bag of Straße", "7", "シャツ")
        ),
        "caption": Texts(("a red BAG", "STRASSE", "nr: 17", "", "x > y", "ｱﾝｸﾙ boot")),
        "recon_error": Numbers(np.array([0.1, 0.5, 7.0, np.nan, 0.9, -1.0])),
        "a:b": Texts(("p", "q", "q", "", "", "")),
    },
)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", []),
        ("   ", []),
        ("bag", [0, 1, 3]),
        ("BAG OF", [1, 3]),
        ("strasse", [1, 3]),
        ("シャツ", [5]),
        ("ｼｬﾂ", [5]),
        ("アンクル", [5]),
        ("nothing", []),
        ("#4", [4]),
        ("# 5", [5]),
        ("#6", []),
        ("#99999999999999999999", []),
        ("7", [2]),
        ('"bag"', [0]),
        ("label:bag", [0, 1, 3]),
        ("LABEL: bag", [0, 1, 3]),
        ("label=bag", [0]),
        ("label==BAG", [0]),
        ('label:"bag"', [0]),
        ("label!=bag", [1, 2, 3, 5]),
        ("label<bag", []),
        ("label:", []),
        ("caption:bag", [0]),
        ("nr: 17", [2]),
        ("x > y", [4]),
        ("a:b:q", [1, 2]),
        ("recon_error:0.5", [1]),
        ("recon_error=0.5", [1]),
        ("recon_error>0.5", [2, 4]),
        ("recon_error >= 0.5", [1, 2, 4]),
        ("recon_error:<0.5", [0, 5]),
        ("recon_error<=0.1", [0, 5]),
        ("recon_error!=0.5", [0, 2, 4, 5]),
        ("recon_error>much", []),
        ("unknown:bag", []),
        ("0.9", [4]),
    ],
)
def test_finds(query: str, rows: list[int]) -> None:
    found = find_rows(SPACE, query)
    assert found.dtype == np.int64
    assert found.tolist() == rows


def test_whole_matches_come_first() -> None:
    space = Space(
        "s", np.zeros((4, 1), np.float32), columns={"t": Texts(("cat food", "dog", "Cat", "cats"))}
    )
    assert find_rows(space, "cat").tolist() == [2, 0, 3]


def test_a_space_without_rows_or_columns_has_nothing_to_find() -> None:
    empty = Space(
        "e", np.zeros((0, 2), np.float32), columns={"label": Categories(np.empty(0, np.int32), ())}
    )
    for query in ("#0", "3", "label:3"):
        assert find_rows(empty, query).tolist() == []
    assert find_rows(Space("b", np.zeros((2, 2), np.float32)), "3").tolist() == []


@given(st.text(max_size=12))
def test_any_query_gives_distinct_rows_of_the_space(query: str) -> None:
    found = find_rows(SPACE, query).tolist()
    assert len(set(found)) == len(found)
    assert set(found) <= set(range(6))


@given(st.text(min_size=1, max_size=6).filter(lambda t: t.strip() == t))
def test_every_label_is_found_by_its_own_text(label: str) -> None:
    space = Space(
        "s",
        np.zeros((1, 1), np.float32),
        columns={"label": Categories(np.zeros(1, np.int32), (label,))},
    )
    quoted = len(label) > 1 and label[0] == label[-1] and label[0] in "\"'"
    leading = label[0] in "<>=!"
    if not quoted and not leading:
        assert find_rows(space, f"label:{label}").tolist() == [0]


def test_a_column_is_folded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    column = Texts(("Ab", "cd"))
    space = Space("texts", np.zeros((2, 1), np.float32), columns={"text": column})
    prepare_search(space)
    monkeypatch.setattr(FoldedTexts, "of", staticmethod(lambda _texts: pytest.fail("again")))
    assert find_rows(space, "ab").tolist() == [0]
