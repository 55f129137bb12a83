"""Opening a model of another program."""
