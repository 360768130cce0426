"""The engine that drives the embedded core."""

from .engine import EmbeddedEngine
from .groups import GroupPlan

__all__ = ["EmbeddedEngine", "GroupPlan"]
