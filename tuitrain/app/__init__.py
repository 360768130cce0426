"""The screen: draws snapshots, sends commands, and knows nothing else of the run."""
