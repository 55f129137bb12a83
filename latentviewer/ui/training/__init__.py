"""Training: what to train, how the loss falls, and how the space takes shape."""
