"""Whole screens that inspect the run: weights, network, samples."""
