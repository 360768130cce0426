"""Kernels of pools: the maximum or average of windows, and the mean over all pixels."""
