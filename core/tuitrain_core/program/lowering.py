"""Lowering: which layer carries out which operations of a graph."""

from __future__ import annotations

from ..ops.activation import ReLU
from .graph import Graph, Node
from .layers.base import Layer
from .layers.convolution import HALVES, ConvolutionLayer
from .layers.eager import EagerLayer
from .layers.elementwise import AddLayer, ReLULayer
from .layers.linear import LinearLayer
from .layers.loss import CrossEntropyLayer
from .layers.shape import AliasLayer, FlattenLayer


def lower(graph: Graph) -> list[Layer]:
    """Return the layers of a graph, in the order of its operations.

    A layer may take the operations that follow its own, if nothing else reads what is in between.
    """
    layers: list[Layer] = []
    taken: set[Node] = set()
    for node in graph.nodes:
        if node not in taken:
            followers = _followers(graph, node)
            layer = _layer(graph, node, followers)
            layers.append(layer)
            taken |= {each for each in followers if _inside(each, node, layer, followers)}
    return layers


def _layer(graph: Graph, node: Node, followers: list[Node]) -> Layer:
    relu = bool(followers) and isinstance(followers[0].op, ReLU)
    last = followers[0] if relu else node
    if LinearLayer.fits(node):
        return LinearLayer(node, last.output, relu)
    if ConvolutionLayer.fits(node):
        rest = followers[relu:]
        pool = bool(rest) and rest[0].op == HALVES
        return ConvolutionLayer(node, (rest[0] if pool else last).output, relu, pool)
    if CrossEntropyLayer.fits(node, graph):
        return CrossEntropyLayer(node)
    if AliasLayer.fits(node, graph):
        return AliasLayer(node)
    for kind in (FlattenLayer, ReLULayer, AddLayer):
        if kind.fits(node):
            return kind(node)
    return EagerLayer(node)


def _followers(graph: Graph, node: Node) -> list[Node]:
    """Return the operations after this one that are the only readers of what is before them."""
    found = []
    while True:
        readers = graph.consumers(node.output)
        if len(readers) != 1 or node.output is graph.loss or len(readers[0].inputs) != 1:
            return found
        node = readers[0]
        found.append(node)


def _inside(node: Node, first: Node, layer: Layer, followers: list[Node]) -> bool:
    """Say whether a follower is among what the layer computes."""
    outputs = [first.output, *(each.output for each in followers)]
    return outputs.index(node.output) <= outputs.index(layer.output)
