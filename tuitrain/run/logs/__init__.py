"""The output of the training code, captured while a screen is up."""
