"""The network of PyTorch as a tree: traced in a forward pass, or as its modules are registered."""
