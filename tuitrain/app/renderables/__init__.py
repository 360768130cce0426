"""Pure functions from data to rows of text; they do not depend on widgets."""
