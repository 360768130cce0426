"""A viewer's side of a connection: over a Unix socket, or over ssh."""
