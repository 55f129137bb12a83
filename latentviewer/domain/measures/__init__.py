"""Published figures by which generative models and spaces are judged, on plain arrays."""
