"""Recipes and the loop that trains the bundled models."""
