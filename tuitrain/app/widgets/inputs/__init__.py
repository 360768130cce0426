"""Input fields, and lists to choose from."""
