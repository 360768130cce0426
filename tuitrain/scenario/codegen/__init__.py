"""A run as a Python program: a training loop on the core, as somebody might have written it."""

from .codegen_program import generate_program

__all__ = ["generate_program"]
