"""One objective for each family."""
