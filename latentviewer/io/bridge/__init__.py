"""`bridge`: vehicles of hidden types that cross a bridge, drawn by code."""
