"""The network as a tree, for every engine: what a traced forward pass tells."""
