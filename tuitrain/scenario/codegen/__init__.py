"""A run as a Python program: a training loop on the core, written to be read."""

from .codegen_program import generate_program

__all__ = ["generate_program"]
