"""A run as a Python program: a training loop on the core, as somebody might have written it."""

from .script import python_script

__all__ = ["python_script"]
