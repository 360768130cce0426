"""The server in the process of a run: connections, their messages, the pen."""
