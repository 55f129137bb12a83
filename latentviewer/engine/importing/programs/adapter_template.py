"""What a new adapter file says; it works as it is, and is changed from there."""

TEMPLATE = '''"""How LatentViewer calls my model. Change what is here until it calls yours.

Images are numpy arrays (b, height, width, channels) of float32 from 0 to 1; latents are
(b, LATENT_DIM) of float32. Leave out the functions that your model has no use for.
As it stands, an image's latent is a small copy of it: the mean colour of each 8 x 8 pixels.
"""

import numpy as np
import torch
import torch.nn.functional as F

IMAGE = (32, 32, 3)  # height, width, and 1 channel for grey or 3 for colour
LATENT_DIM = 48  # numbers in one latent


def load(folder):
    """Called once. Gives what the other functions get as `model`; `folder` is this file's."""
    # net = MyNet()
    # net.load_state_dict(torch.load(folder / "weights.pt", map_location="cpu"))
    # return net.eval()
    return None


def encode(model, images):
    """Images to latents; return mean, or (mean, std) for a variational autoencoder."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2)  # (b, channels, height, width)
    return F.avg_pool2d(x, 8).flatten(1).numpy()


def decode(model, latents):
    """Latents to images. Bring what your model gives to 0..1, as by (x + 1) / 2, and clip it."""
    z = torch.from_numpy(latents).view(-1, 3, 4, 4)
    x = F.interpolate(z, size=(32, 32), mode="bilinear")
    return x.clamp(0, 1).permute(0, 2, 3, 1).numpy()


def sample(model, count, seed):
    """Latents from the prior; for most models a standard normal. Same seed, same latents."""
    return np.random.default_rng(seed).random((count, LATENT_DIM), np.float32)
'''
