"""Tables and lists with a cursor."""
