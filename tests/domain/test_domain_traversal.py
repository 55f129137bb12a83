import numpy as np

from latentviewer.domain.traversal import (
    data_range,
    prior_range,
    traversal_values,
    traverse,
)


def test_values_go_evenly_from_end_to_end() -> None:
    values = traversal_values(*prior_range(2))
    np.testing.assert_allclose(values[0], [-3, -2.25, -1.5, -0.75, 0, 0.75, 1.5, 2.25, 3])
    np.testing.assert_array_equal(values[0], values[1])


def test_without_a_prior_the_data_say_where_to_go_and_outliers_do_not() -> None:
    latents = np.zeros((1000, 2), np.float32)
    latents[:, 0] = np.linspace(-1, 1, 1000)
    latents[0, 0] = 1e6
    low, high = data_range(latents)
    np.testing.assert_allclose([low[0], high[0]], [-0.98, 0.98], atol=0.01)
    assert low[1] == high[1] == 0


def test_no_samples_and_one_sample_have_a_range() -> None:
    for latents in (np.zeros((0, 3), np.float32), np.full((1, 3), 7, np.float32)):
        low, high = data_range(latents)
        np.testing.assert_array_equal(low, high)
        assert np.isfinite(low).all()
        assert traversal_values(low, high).shape == (3, 9)


def test_only_the_one_dimension_changes() -> None:
    base = np.array([5, 6, 7], np.float32)
    latents = traverse(base, 1, np.array([-1, 0, 1], np.float32))
    np.testing.assert_array_equal(latents, [[5, -1, 7], [5, 0, 7], [5, 1, 7]])
    np.testing.assert_array_equal(base, [5, 6, 7])
    assert latents.dtype == np.float32
