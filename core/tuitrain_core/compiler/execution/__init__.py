"""Running planned steps: one by one, in bursts, and over threads."""
