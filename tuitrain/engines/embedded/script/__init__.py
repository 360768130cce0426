"""The engine of scripts: the loop is the user's."""
