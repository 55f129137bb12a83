"""Measures the program against its peers and its limits, as ratios in one run."""
