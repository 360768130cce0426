"""Random input: seeded keys, clicks, pastes and sizes, faster than screens open."""
