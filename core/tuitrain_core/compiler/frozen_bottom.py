"""The frozen bottom of a step: its lowest operations, if they are the same in every step.

What they compute for a sample then never changes, and does not depend on the batch that the sample
is in: their kernels compute each sample, or each output of a matrix product, in an order of its
own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..ops.normalization import BatchNormTraining
from ..tensor import Parameter, Tensor
from .graph import Graph, Node, Value
from .layers.activation import ActivationLayer
from .layers.arithmetic import ArithmeticLayer
from .layers.base import Layer
from .layers.batch_norm import BatchNormLayer
from .layers.convolution import ConvolutionLayer
from .layers.embedding import EmbeddingLayer, ToIntegerLayer
from .layers.layer_norm import LayerNormLayer
from .layers.linear import LinearLayer
from .layers.matmul import BatchedMatMulLayer, MatMulLayer
from .layers.pooling import PoolLayer
from .layers.shape import AliasLayer, ReshapeLayer, TransposeLayer
from .layers.softmax import SoftmaxLayer
from .layers.spatial_mean import SpatialMeanLayer

_COSTLY_LAYERS = (ConvolutionLayer, LinearLayer, MatMulLayer, BatchedMatMulLayer)
"""Layers that cost more than the copy of their output."""

_REPEATABLE_LAYERS = (
    *_COSTLY_LAYERS,
    *(AliasLayer, ReshapeLayer, TransposeLayer, ActivationLayer, ArithmeticLayer),
    *(BatchNormLayer, PoolLayer, SpatialMeanLayer, SoftmaxLayer, LayerNormLayer),
    *(EmbeddingLayer, ToIntegerLayer),
)
"""Layers whose result for a sample has the same bits in every batch, if their inputs have."""


@dataclass(frozen=True, slots=True, eq=False)
class FrozenBottom:
    """The lowest layers of a step whose outputs for a sample are the same in every step.

    Attributes
    ----------
    skipped : the layers that a step need not run if it is given ``outputs``
    aliases : those of them that only share memory
    outputs : the values that the rest of the step reads
    inputs : the targets, and the inputs that the rest of the step reads
    leaves : the tensors that decide the outputs
    above : the first parameter that the rest of the step reads; None if it reads none
    """

    skipped: Collection[Layer]
    aliases: Sequence[AliasLayer]
    outputs: Sequence[Value]
    inputs: Collection[Value]
    leaves: Sequence[Tensor]
    above: Parameter | None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a step has no frozen bottom: its first operation that is not repeated.

    Attributes
    ----------
    tensor : a parameter or a buffer that the operation reads, and that changes; else None
    op : the operation's name; "" if the bottom has no layer that is worth it
    """

    tensor: Tensor | None
    op: str


def find_bottom(
    graph: Graph, layers: Sequence[Layer], changing: Collection[Tensor]
) -> FrozenBottom | Obstacle:
    """Find the frozen bottom of a step.

    Parameters
    ----------
    graph, layers : the step; layers in the order in which they run
    changing : trained parameters, and buffers that are not held

    Returns
    -------
    The bottom; an `Obstacle` if there is none, or if it has no convolution and no matrix product.
    """
    nodes = _nodes_of_layers(graph, layers)
    inputs = {layer: _inputs(nodes[layer]) for layer in layers}
    data, bottom = _split(graph, layers, nodes, inputs, set(changing))
    if not any(isinstance(layer, _COSTLY_LAYERS) for layer in bottom):
        return _first_obstacle(layers, nodes, inputs, {*data, *bottom}, set(changing))
    rest = [layer for layer in layers if layer not in bottom]
    needed: set[Value] = {graph.loss, *([graph.outputs] if graph.outputs else [])}
    skipped = set(bottom)
    for layer in reversed(rest):
        if layer in data and layer.output not in needed:
            skipped.add(layer)
        else:
            needed.update(inputs[layer])
    above = [value.tensor for layer in rest for value in inputs[layer]]
    leaves = [value.tensor for layer in bottom for value in inputs[layer]]
    return FrozenBottom(
        skipped=skipped,
        aliases=[layer for layer in layers if layer in skipped and isinstance(layer, AliasLayer)],
        outputs=[layer.output for layer in bottom if layer.output in needed],
        inputs={graph.targets, *needed.intersection(graph.inputs)},
        leaves=list(dict.fromkeys(tensor for tensor in leaves if tensor is not None)),
        above=next((tensor for tensor in above if isinstance(tensor, Parameter)), None),
    )


def _nodes_of_layers(graph: Graph, layers: Sequence[Layer]) -> Mapping[Layer, list[Node]]:
    """Return the operations of each layer; fused ones are read by their layer alone."""
    layer_of = {layer.output: layer for layer in layers}
    reader_of = {value: node for node in graph.nodes for value in node.inputs}
    nodes: dict[Layer, list[Node]] = {layer: [] for layer in layers}
    for node in reversed(graph.nodes):
        if node.output not in layer_of:
            layer_of[node.output] = layer_of[reader_of[node.output].output]
        nodes[layer_of[node.output]].append(node)
    return nodes


def _inputs(nodes: Sequence[Node]) -> list[Value]:
    """Return the values that a layer reads and does not compute, in the order of its operations."""
    inside = {node.output for node in nodes}
    values = (value for node in reversed(nodes) for value in node.inputs)
    return [value for value in dict.fromkeys(values) if value not in inside]


def _split(
    graph: Graph,
    layers: Sequence[Layer],
    nodes: Mapping[Layer, Sequence[Node]],
    inputs: Mapping[Layer, Sequence[Value]],
    changing: Collection[Tensor],
) -> tuple[Collection[Layer], Collection[Layer]]:
    """Return the repeatable layers that read the batch's inputs alone, and the other ones."""
    data: dict[Layer, None] = {}
    bottom: dict[Layer, None] = {}
    computed_from_data, repeatable = set(graph.inputs), set(graph.inputs)
    for layer in layers:
        if not _is_repeatable(layer, nodes[layer]):
            continue
        if all(value in computed_from_data for value in inputs[layer]):
            data[layer] = None
            computed_from_data.add(layer.output)
        elif all(
            value in repeatable or (value.tensor is not None and value.tensor not in changing)
            for value in inputs[layer]
        ):
            bottom[layer] = None
        else:
            continue
        repeatable.add(layer.output)
    return data, bottom


def _is_repeatable(layer: Layer, nodes: Sequence[Node]) -> bool:
    mixes_samples = any(isinstance(node.op, BatchNormTraining) for node in nodes)
    return isinstance(layer, _REPEATABLE_LAYERS) and layer.output.batched and not mixes_samples


def _first_obstacle(
    layers: Sequence[Layer],
    nodes: Mapping[Layer, Sequence[Node]],
    inputs: Mapping[Layer, Sequence[Value]],
    passed: Collection[Layer],
    changing: Collection[Tensor],
) -> Obstacle:
    """Return the first layer that is not repeatable, of those that are not the loss."""
    for layer in layers[:-1]:
        if layer not in passed:
            tensors = [value.tensor for value in inputs[layer] if value.tensor in changing]
            return Obstacle(tensors[0] if tensors else None, nodes[layer][-1].op.name)
    return Obstacle(None, "")
