"""The panels of the screen: each shows a part of the snapshot through a renderable."""
