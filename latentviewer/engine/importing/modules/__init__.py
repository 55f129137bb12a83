"""Whole modules of plain layers, read without running anything."""
