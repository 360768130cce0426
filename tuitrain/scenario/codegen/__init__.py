"""A run as a Python program: a readable training loop on the core."""

from .codegen_program import generate_program

__all__ = ["generate_program"]
