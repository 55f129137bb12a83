"""`shapes`: pictures of one shape each, drawn by code in all combinations of seven factors."""
