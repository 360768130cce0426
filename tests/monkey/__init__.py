"""A monkey at the keyboard: seeded keys, clicks, pastes and sizes, faster than screens come."""
