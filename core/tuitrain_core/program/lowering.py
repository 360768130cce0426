"""Lowering: which layer carries out which operations of a graph."""

from __future__ import annotations

from .graph import Graph
from .layers.base import Layer
from .layers.eager import EagerLayer


def lower(graph: Graph) -> list[Layer]:
    """Return the layers of a graph, in the order of its operations."""
    return [EagerLayer(node) for node in graph.nodes]
