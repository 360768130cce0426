"""Kernels that normalize: batch norm, layer norm, softmax, and softmax with the cross entropy."""
