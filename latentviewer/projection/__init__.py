"""Projections, their inverses, neighbours and quality figures."""
