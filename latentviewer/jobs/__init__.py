"""Lanes, cancel token, progress; standard library only."""
