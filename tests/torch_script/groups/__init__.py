"""The groups of a script, and what the script itself does to them."""
