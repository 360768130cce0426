"""Kernels on rows of floats: arithmetic, nonlinearities, dropout, copies and table lookups."""
