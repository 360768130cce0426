"""Matrix products: register tiles, and the kernels of linear layers and batched products."""
