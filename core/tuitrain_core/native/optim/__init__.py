"""Kernels of the optimizers: update rules, and the norms and clipping of gradients."""
