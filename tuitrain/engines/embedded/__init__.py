"""The engine that drives the embedded core."""

from .engine import EmbeddedEngine
from .factory import EmbeddedFactory

__all__ = ["EmbeddedEngine", "EmbeddedFactory"]
