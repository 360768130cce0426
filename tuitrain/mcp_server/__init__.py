"""A server of the Model Context Protocol: agents look at runs, wait, and steer if they may.

`stdio_server` alone imports the package ``mcp``.
"""
