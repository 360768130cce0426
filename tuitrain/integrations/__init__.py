"""Callbacks for libraries that have the training loop themselves; each imports its library."""
