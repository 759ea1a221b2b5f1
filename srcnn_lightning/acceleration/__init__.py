"""Faster computation of networks, with the same parameters and results."""
