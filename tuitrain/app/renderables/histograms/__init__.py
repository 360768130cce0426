"""Histograms and bars: the distribution of a parameter, and a few values."""
