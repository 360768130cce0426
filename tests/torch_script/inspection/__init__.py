"""Tests of what viewers of a loop in PyTorch see of its network and its batches."""
