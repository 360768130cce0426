"""The engine of a loop in PyTorch: what the loop calls, and what the session calls."""
