"""A convolution, with the ReLU and the maximum of 2 x 2 pixels that may follow it."""

from __future__ import annotations

import numpy as np

from ...native.conv import convolution
from ...native.elementwise import activation
from ...native.linalg import linear
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ...ops.convolution import Conv2d
from ...ops.pooling import MaxPool2d
from ..graph import Node, Value
from ..planning.actions import Phase
from ..planning.call import Argument
from ..planning.plan import Plan
from ..planning.split_reduction import plan_sum

FUSED_POOL = MaxPool2d((2, 2), (2, 2), (0, 0))
"""The pooling that a convolution's kernel can include."""


class ConvolutionLayer:
    """Convolution and bias, with optional ReLU and 2 x 2 maximum, in one pass."""

    def __init__(self, node: Node, output: Value, relu: bool, pool: bool) -> None:
        self._x, self._weight, *bias = node.inputs
        self._bias = bias[0] if bias else None
        self.output = output
        self._relu, self._pool = relu, pool
        assert isinstance(node.op, Conv2d)
        out, channels, *kernel = self._weight.shape
        height, width = self._x.shape[1:]
        self._geometry = convolution.Geometry(
            channels, height, width, out, kernel[0], kernel[1], node.op.stride, node.op.padding
        )

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        if not isinstance(node.op, Conv2d):
            return False
        x, weight, *_ = node.inputs
        return (
            node.op.groups == 1
            and x.batched
            and weight.tensor is not None
            and all(value.dtype == np.float32 for value in node.inputs)
            and all(p < k for p, k in zip(node.op.padding, weight.shape[2:], strict=True))
        )

    def forward(self, plan: Plan) -> None:
        """Plan padding, packing of the weights, and the convolution with what is fused."""
        g, x = self._geometry, plan.memory.value(self._x)
        packed = plan.memory.scratch((self, "packed"), (convolution.packed_size(g),))
        weight = plan.memory.value(self._weight)
        plan.actions.call_once(convolution.pack(g), weight, packed, phase=Phase.PREPARE)
        padded = self._padded(plan)
        if g.padding != (0, 0):
            plan.actions.call_per_sample(convolution.pad(g), x, padded)
        chosen = self._pool and plan.gradients.needs(self.output)
        plan.actions.call_per_sample(
            convolution.forward(g, self._relu, self._bias is not None, self._pool, chosen),
            padded,
            packed,
            plan.memory.value(self._bias) if self._bias else 0,
            plan.memory.value(self.output),
            self._chosen(plan) if chosen else 0,
        )

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of x, weight and bias."""
        if self._pool:
            self._pooled_backward(plan)
            return
        g, d = self._geometry, plan.memory.gradient(self.output)
        if self._relu:
            size = g.OH * g.OW * g.O
            kernel = activation.relu_gradient(size, size)
            plan.actions.call_per_sample(kernel, plan.memory.value(self.output), d)
        if plan.gradients.needs(self._x):
            self._input_gradient(plan, d)
        if plan.gradients.needs(self._weight):
            self._weight_gradient(plan, d)
        if self._bias is not None and plan.gradients.needs(self._bias):
            kernel = linear.bias_gradient(g.O, g.O)
            self._bias_gradient(plan, self._bias, kernel, g.OH * g.OW, d)

    def _pooled_backward(self, plan: Plan) -> None:
        """Plan the gradients from that of one pixel in four, where that is faster."""
        g, pooled = self._geometry, (plan.memory.gradient(self.output), self._chosen(plan))
        needs_x, needs_weight = plan.gradients.needs(self._x), plan.gradients.needs(self._weight)
        unpool_for_x = needs_x and not convolution.has_pooled_input_gradient(g)
        unpool_for_weight = needs_weight and not convolution.has_pooled_weight_gradient(g)
        if needs_x and not unpool_for_x:
            self._pooled_input_gradient(plan, *pooled)
        if needs_weight and not unpool_for_weight:
            self._pooled_weight_gradient(plan, *pooled)
        if unpool_for_x or unpool_for_weight:
            unpooled = plan.memory.scratch_per_sample((self, "unpooled"), (g.OH, g.OW, g.O))
            plan.actions.call_per_sample(convolution.unpool(g), *pooled, unpooled)
            if unpool_for_x:
                self._input_gradient(plan, unpooled)
            if unpool_for_weight:
                self._weight_gradient(plan, unpooled)
        if self._bias is not None and plan.gradients.needs(self._bias):
            kernel = convolution.pooled_bias_gradient(g)
            self._bias_gradient(plan, self._bias, kernel, (g.OH // 2) * (g.OW // 2), *pooled)

    def _padded(self, plan: Plan) -> Array:
        """Return the memory of x with its border of zeros; x itself without padding."""
        g = self._geometry
        if g.padding == (0, 0):
            return plan.memory.value(self._x)
        return plan.memory.scratch_per_sample((self, "padded"), (g.PH, g.PW, g.C))

    def _chosen(self, plan: Plan) -> Array:
        """Return the memory that says which of four pixels was the largest."""
        g = self._geometry
        shape = g.OH // 2, g.OW // 2, g.O
        return plan.memory.scratch_per_sample((self, "chosen"), shape)

    def _weight_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        packed = plan.memory.scratch((self, "packed gradient"), (convolution.packed_size(g),))
        kernel, units = convolution.weight_gradient(g), convolution.weight_units(g)
        x = self._padded(plan)

        def arguments(n: slice, target: Array) -> tuple[Argument, ...]:
            return x[n], d[n], target, n.stop - n.start

        plan_sum(plan, kernel, arguments, packed, units)
        self._unpack(plan, convolution.unpack_gradient(g), packed)

    def _pooled_weight_gradient(self, plan: Plan, d: Array, chosen: Array) -> None:
        g = self._geometry
        size = convolution.pooled_weight_size(g)
        packed = plan.memory.scratch((self, "pooled gradient"), (size,))
        kernel, units = convolution.pooled_weight_gradient(g), convolution.pooled_weight_units(g)
        x = self._padded(plan)

        def arguments(n: slice, target: Array) -> tuple[Argument, ...]:
            return x[n], d[n], chosen[n], target, n.stop - n.start

        plan_sum(plan, kernel, arguments, packed, units)
        self._unpack(plan, convolution.unpack_pooled_gradient(g), packed)

    def _unpack(self, plan: Plan, kernel: Kernel, packed: Array) -> None:
        with plan.gradients.target(self._weight, Phase.WEIGHT_GRAD) as target:
            plan.actions.call_once(kernel, packed, target, phase=Phase.WEIGHT_GRAD)

    def _bias_gradient(
        self, plan: Plan, bias: Value, kernel: Kernel, pixels: int, *arrays: Array
    ) -> None:
        def arguments(n: slice, target: Array) -> tuple[Argument, ...]:
            return *(array[n] for array in arrays), target, (n.stop - n.start) * pixels

        with plan.gradients.target(bias, Phase.WEIGHT_GRAD) as target:
            plan_sum(plan, kernel, arguments, target, self._geometry.O, granule=16)

    def _input_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        spread = plan.memory.ring((self, "spread"), (g.DH, g.DW, g.O))
        transposed = plan.memory.scratch((self, "turned"), (convolution.transposed_size(g),))
        weight = plan.memory.value(self._weight)
        plan.actions.call_once(
            convolution.pack_transposed(g), weight, transposed, phase=Phase.PREPARE
        )
        plan.actions.call_per_sample(convolution.dilate(g), d, spread)
        with plan.gradients.target(self._x) as target:
            plan.actions.call_per_sample(convolution.input_gradient(g), spread, transposed, target)

    def _pooled_input_gradient(self, plan: Plan, d: Array, chosen: Array) -> None:
        g = self._geometry
        packed = plan.memory.scratch((self, "among zeros"), (convolution.pooled_packed_size(g),))
        weight = plan.memory.value(self._weight)
        plan.actions.call_once(convolution.pack_pooled(g), weight, packed, phase=Phase.PREPARE)
        with plan.gradients.target(self._x) as target:
            kernel = convolution.pooled_input_gradient(g)
            plan.actions.call_per_sample(kernel, d, chosen, packed, target)
