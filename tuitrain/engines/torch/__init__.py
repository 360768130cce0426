"""The engine for PyTorch; imported where a run uses it, since torch is an extra."""
