import inspect
import subprocess
import sys

import pytest

from latentviewer.domain.errors import UserError
from latentviewer.projection.inverse import NeighbourInverse
from latentviewer.projection.pca import PcaInverse
from latentviewer.projection.project import METHODS, PCA, UMAP, method_named
from latentviewer.projection.umap_child import run_umap


def test_the_options_of_umap_are_those_of_its_function_with_its_defaults() -> None:
    function = inspect.signature(run_umap).parameters
    for key, default in UMAP.options({}).items():
        assert function[key].default == default


def test_each_method_names_the_way_back_it_has() -> None:
    assert PCA.inverse == PcaInverse.name
    assert UMAP.inverse == NeighbourInverse.name


def test_defaults_are_values_the_method_takes() -> None:
    for method in METHODS:
        assert method_named(method.key) is method
        defaults = method.options({})
        assert method.options(defaults) == defaults


def test_given_options_are_taken_as_their_kind() -> None:
    options = UMAP.options({"n_neighbors": 30.0, "min_dist": 0, "metric": "cosine", "seed": None})
    assert options == {"n_neighbors": 30, "min_dist": 0.0, "metric": "cosine", "seed": None}
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
        ({"metric": "dot"}, "choose euclidean"),
        ({"metric": None}, "choose euclidean"),
        ({"seed": -1}, "out of range"),
        ({"perplexity": 30}, "no option “perplexity”; it has n_neighbors"),
    ],
)
def test_other_options_are_refused_in_a_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        UMAP.options(options)


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match="there are pca, umap"):
        method_named("tsne")
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
