"""Networks that are told from the names and shapes of their weights."""
