"""LatentViewer: see, move through and edit latent spaces."""

__version__ = "0.1.0"
