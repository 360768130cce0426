"""Lowering: which layer carries out which operations of a graph."""

from __future__ import annotations

from ..ops.activation import ReLU
from ..ops.elementwise import Add
from .graph import Graph, Node, Value
from .layers.activation import ActivationLayer
from .layers.arithmetic import ArithmeticLayer
from .layers.base import Layer
from .layers.batch_norm import BatchNormLayer
from .layers.convolution import FUSED_POOL, ConvolutionLayer
from .layers.cross_entropy import CrossEntropyLayer
from .layers.dropout import DropoutLayer
from .layers.embedding import EmbeddingLayer, ToIntegerLayer
from .layers.fallback import FallbackLayer
from .layers.linear import LinearLayer
from .layers.matmul import BatchedMatMulLayer, MatMulLayer
from .layers.pooling import PoolLayer
from .layers.rows import LayerNormLayer, SoftmaxLayer
from .layers.shape import AliasLayer, ReshapeLayer, TransposeLayer
from .layers.spatial_mean import SpatialMeanLayer

_ALONE = (
    *(ReshapeLayer, TransposeLayer, ActivationLayer, SpatialMeanLayer, PoolLayer),
    *(SoftmaxLayer, LayerNormLayer, BatchedMatMulLayer, MatMulLayer),
    *(ToIntegerLayer, EmbeddingLayer),
)
"""Layers that take one operation, by themselves."""


def lower(graph: Graph, fuse_pool: bool = True) -> list[Layer]:
    """Return the layers of a graph, in the order of its operations.

    A layer may take the operations that follow its own, if nothing else reads what is in between.

    Parameters
    ----------
    pools : whether a convolution may take a pool; if not, what ReLU makes is there for all
    """
    layers: list[Layer] = []
    taken: set[Node] = set()
    for node in graph.nodes:
        if node not in taken:
            followers = _followers(graph, node)
            layer = _layer(graph, node, followers, fuse_pool)
            layers.append(layer)
            taken |= {each for each in followers if _inside(each, node, layer, followers)}
    return layers


def _layer(graph: Graph, node: Node, followers: list[Node], pools: bool) -> Layer:
    relu = bool(followers) and isinstance(followers[0].op, ReLU)
    last = followers[0] if relu else node
    if LinearLayer.fits(node):
        return LinearLayer(node, last.output, relu)
    if ConvolutionLayer.fits(node):
        rest = followers[relu:]
        pool = pools and bool(rest) and rest[0].op == FUSED_POOL
        return ConvolutionLayer(node, (rest[0] if pool else last).output, relu, pool)
    if BatchNormLayer.fits(node):
        return _batch_norm(graph, node, followers)
    if ArithmeticLayer.fits(node):
        return ArithmeticLayer(node, last.output, relu)
    if CrossEntropyLayer.fits(node, graph):
        return CrossEntropyLayer(node)
    if AliasLayer.fits(node, graph):
        return AliasLayer(node)
    if DropoutLayer.fits(node, graph):
        return DropoutLayer(node)
    for kind in _ALONE:
        if kind.fits(node):
            return kind(node)
    return FallbackLayer(node)


def _batch_norm(graph: Graph, node: Node, followers: list[Node]) -> Layer:
    """Return the layer of a batch norm, with the addition and the ReLU that follow it."""
    added = _added(graph, node, followers[0]) if followers else None
    rest = followers[added is not None :]
    relu = bool(rest) and isinstance(rest[0].op, ReLU)
    taken = (added is not None) + relu
    return BatchNormLayer(node, [node, *followers][taken].output, added, relu)


def _added(graph: Graph, node: Node, follower: Node) -> Value | None:
    """Return what a follower adds to a node's output, if it is like it, and there by then."""
    if not isinstance(follower.op, Add):
        return None
    (other,) = [each for each in follower.inputs if each is not node.output] or [node.output]
    alike = other.batched and other.shape == node.output.shape and other.dtype == "f4"
    before = graph.nodes[: graph.nodes.index(node)]
    made = other is graph.images or any(each.output is other for each in before)
    return other if alike and made and other.channels_last == node.output.channels_last else None


def _followers(graph: Graph, node: Node) -> list[Node]:
    """Return the operations after this one that are the only readers of what is before them.

    All have one input, but for sums, which have another that does not come from here.
    """
    found = []
    while True:
        readers = graph.consumers(node.output)
        if len(readers) != 1 or node.output is graph.loss or not _follows(readers[0]):
            return found
        node = readers[0]
        found.append(node)


def _follows(node: Node) -> bool:
    return len(node.inputs) == 1 or isinstance(node.op, Add)


def _inside(node: Node, first: Node, layer: Layer, followers: list[Node]) -> bool:
    """Say whether a follower is among what the layer computes."""
    outputs = [first.output, *(each.output for each in followers)]
    return outputs.index(node.output) <= outputs.index(layer.output)
