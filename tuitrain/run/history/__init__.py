"""The history of a run: curves, cached states and the metrics of groups."""
