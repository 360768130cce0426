"""The terminal app: draws snapshots of a run and sends it commands."""
