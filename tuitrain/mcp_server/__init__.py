"""A server of the Model Context Protocol: agents watch runs, wait, and steer if that is allowed.

`stdio_server` alone imports the package ``mcp``.
"""
