"""Charts: curves over the steps, with axes, marks and legends, in braille dots."""
