"""Lowering: choose the layers that carry out the operations of a graph."""

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
from .layers.layer_norm import LayerNormLayer
from .layers.linear import LinearLayer
from .layers.matmul import BatchedMatMulLayer, MatMulLayer
from .layers.pointwise_loss import PointwiseLossLayer
from .layers.pooling import PoolLayer
from .layers.shape import AliasLayer, ReshapeLayer, TransposeLayer
from .layers.softmax import SoftmaxLayer
from .layers.spatial_mean import SpatialMeanLayer

_UNFUSED_LAYERS = (
    *(ReshapeLayer, TransposeLayer, ActivationLayer, SpatialMeanLayer, PoolLayer),
    *(SoftmaxLayer, LayerNormLayer, BatchedMatMulLayer, MatMulLayer),
    *(ToIntegerLayer, EmbeddingLayer),
)
"""Layers of a single operation."""


def lower(graph: Graph, fuse_pool: bool = True) -> list[Layer]:
    """Return the layers of a graph, in the order of its operations.

    A layer may include the operations that follow its own, if no other operation reads the values
    in between.

    Parameters
    ----------
    fuse_pool : whether a convolution may include a pool; if not, the outputs of all ReLUs are kept
    """
    layers: list[Layer] = []
    fused: set[Node] = set()
    for node in graph.nodes:
        if node not in fused:
            followers = _followers(graph, node)
            layer = _choose_layer(graph, node, followers, fuse_pool)
            layers.append(layer)
            fused |= {other for other in followers if _is_fused(other, node, layer, followers)}
    return layers


def _choose_layer(graph: Graph, node: Node, followers: list[Node], fuse_pool: bool) -> Layer:
    relu = bool(followers) and isinstance(followers[0].op, ReLU)
    last = followers[0] if relu else node
    if LinearLayer.fits(node):
        return LinearLayer(node, last.output, relu)
    if ConvolutionLayer.fits(node):
        rest = followers[relu:]
        pool = fuse_pool and bool(rest) and rest[0].op == FUSED_POOL
        return ConvolutionLayer(node, (rest[0] if pool else last).output, relu, pool)
    if BatchNormLayer.fits(node):
        return _batch_norm_layer(graph, node, followers)
    if ArithmeticLayer.fits(node):
        return ArithmeticLayer(node, last.output, relu)
    if CrossEntropyLayer.fits(node, graph):
        return CrossEntropyLayer(node)
    if PointwiseLossLayer.fits(node, graph):
        return PointwiseLossLayer(node)
    if AliasLayer.fits(node, graph):
        return AliasLayer(node)
    if DropoutLayer.fits(node, graph):
        return DropoutLayer(node)
    for kind in _UNFUSED_LAYERS:
        if kind.fits(node):
            return kind(node)
    return FallbackLayer(node)


def _batch_norm_layer(graph: Graph, node: Node, followers: list[Node]) -> Layer:
    """Return the layer of a batch norm, with the addition and the ReLU that follow it."""
    added = _added_value(graph, node, followers[0]) if followers else None
    rest = followers[added is not None :]
    relu = bool(rest) and isinstance(rest[0].op, ReLU)
    last = [node, *followers][(added is not None) + relu]
    return BatchNormLayer(node, last.output, added, relu)


def _added_value(graph: Graph, node: Node, follower: Node) -> Value | None:
    """Return the value that a follower adds to a node's output; None if it cannot be fused.

    It must have the output's shape and layout, and be computed before the node.
    """
    if not isinstance(follower.op, Add):
        return None
    output = node.output
    (other,) = [value for value in follower.inputs if value is not output] or [output]
    same_shape = other.batched and other.shape == output.shape and other.dtype == "f4"
    same_layout = other.channels_last == output.channels_last
    before = graph.nodes[: graph.nodes.index(node)]
    computed = other in graph.inputs or any(earlier.output is other for earlier in before)
    return other if same_shape and same_layout and computed else None


def _followers(graph: Graph, node: Node) -> list[Node]:
    """Return the chain of operations after a node in which each is the only reader of the last.

    Each has one input, except sums, which may have another one from elsewhere.
    """
    chain = []
    while True:
        readers, is_read = graph.consumers(node.output), node.output in (graph.loss, graph.outputs)
        if len(readers) != 1 or is_read or not _can_follow(readers[0]):
            return chain
        node = readers[0]
        chain.append(node)


def _can_follow(node: Node) -> bool:
    return len(node.inputs) == 1 or isinstance(node.op, Add)


def _is_fused(node: Node, first: Node, layer: Layer, followers: list[Node]) -> bool:
    """Return whether a follower is among the operations of a layer."""
    outputs = [first.output, *(follower.output for follower in followers)]
    return outputs.index(node.output) <= outputs.index(layer.output)
