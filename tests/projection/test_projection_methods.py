import subprocess
import sys

import pytest

from latentviewer.domain.errors import UserError
from latentviewer.projection.inverse import NeighbourInverse
from latentviewer.projection.methods import METHODS_RUN
from latentviewer.projection.parametric import ParametricInverse
from latentviewer.projection.pca import PcaInverse
from latentviewer.projection.project import METHODS, PCA, UMAP, method_named


def test_each_method_names_the_way_back_it_has() -> None:
    assert PCA.inverse == PcaInverse.name
    assert UMAP.inverse == NeighbourInverse.name
    assert method_named("parametric").inverse == ParametricInverse.name


def test_what_is_computed_has_a_function_and_nothing_else() -> None:
    assert set(METHODS_RUN) == {method.key for method in METHODS if method.in_child}
    for load in METHODS_RUN.values():
        assert callable(load())


def test_every_option_has_words_for_it() -> None:
    for method in METHODS:
        assert method.description.endswith(".")
        assert method.repeatable.endswith(".")
        for parameter in method.parameters:
            assert parameter.title[0].isupper()
            assert parameter.tooltip.endswith(".")


def test_defaults_are_values_the_method_takes() -> None:
    for method in METHODS:
        assert method_named(method.key) is method
        defaults = method.options({})
        assert method.options(defaults) == defaults


def test_given_options_are_taken_as_their_kind() -> None:
    options = UMAP.options({"n_neighbors": 30.0, "min_dist": 0, "metric": "cosine"})
    assert options == {
        "n_neighbors": 30, "min_dist": 0.0, "metric": "cosine", "labels": "", "n_epochs": None,
        "seed": 0,
    }  # fmt: skip
    assert UMAP.options({"n_epochs": 40.0})["n_epochs"] == 40
    assert isinstance(options["n_neighbors"], int)
    assert isinstance(options["min_dist"], float)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_neighbors": 1}, "between 2 and 500"),
        ({"n_neighbors": 2.5}, "whole number"),
        ({"n_neighbors": True}, "whole number"),
        ({"n_neighbors": None}, "whole number"),
        ({"n_neighbors": float("inf")}, "whole number"),
        ({"min_dist": float("nan")}, "out of range"),
        ({"min_dist": "wide"}, "not a number"),
        ({"metric": "manhattan"}, "choose euclidean"),
        ({"metric": None}, "choose euclidean"),
        ({"seed": -1}, "out of range"),
        ({"seed": None}, "whole number"),
        ({"n_epochs": 0}, "between 1 and 5000"),
        ({"labels": 3}, "no name of a column"),
        ({"perplexity": 30}, "no option “perplexity”; it has n_neighbors"),
    ],
)
def test_other_options_are_refused_in_a_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        UMAP.options(options)


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match="there are pca, lda, umap"):
        method_named("som")
    with pytest.raises(UserError, match="it has none"):
        PCA.options({"seed": 1})


def test_the_menu_and_pca_load_nothing_heavy() -> None:
    program = (
        "import sys, latentviewer.projection.project, latentviewer.projection.pca\n"
        "heavy = {'umap', 'numba', 'sklearn', 'scipy', 'torch', 'pynndescent'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
