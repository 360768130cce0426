"""What is drawn: pure functions from data to rows of text, which know no widget."""
