"""A run as a Python program: a readable training loop on the core."""

from .codegen_actions import NO_REASONS, Reasons
from .codegen_program import generate_program

__all__ = ["NO_REASONS", "Reasons", "generate_program"]
