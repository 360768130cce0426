"""Panels with heat maps and pictures: weights, batches, confusion matrix."""
