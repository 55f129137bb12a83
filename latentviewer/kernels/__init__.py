"""The map's kernels: rasteriser, picking, lasso. Importing this room does not import numba."""
