"""Folders that diffusers saved."""
