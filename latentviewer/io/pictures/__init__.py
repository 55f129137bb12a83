"""Data sets whose pictures are read when they are asked for."""
