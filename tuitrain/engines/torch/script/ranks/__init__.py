"""Training in several processes: each of its ranks applies the same commands before a step."""
