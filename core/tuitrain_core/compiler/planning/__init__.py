"""The plan of a step: native calls and their memory, with updates, clipping and checks."""
