"""Samples of any kind as rows: pictures, curves, numbers and tokens, with their predictions."""
