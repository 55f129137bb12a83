"""How a prior is sampled: the controls, and the dialogs that ask for spaces."""
