"""Kernels of a 2-D convolution and its gradients; `convolution` lists them, the rest emits them."""
