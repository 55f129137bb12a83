"""Frozen values and latent mathematics; numpy only."""
