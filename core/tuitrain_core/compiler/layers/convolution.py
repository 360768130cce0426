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
from ..planning.call import Argument
from ..planning.plan import Phase, Plan
from ..planning.split_reduction import plan_sum

FUSED_POOL = MaxPool2d((2, 2), (2, 2), (0, 0))
"""The one pooling that a convolution's kernel does on its way."""


class ConvolutionLayer:
    """Convolution, bias, and if asked for ReLU and the 2 x 2 maximum, in one pass."""

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
        """Say whether there are kernels for this operation."""
        if not isinstance(node.op, Conv2d):
            return False
        x, weight, *_ = node.inputs
        return (
            node.op.groups == 1
            and x.batched
            and weight.tensor is not None
            and all(each.dtype == np.float32 for each in node.inputs)
            and all(p < k for p, k in zip(node.op.padding, weight.shape[2:], strict=True))
        )

    def forward(self, plan: Plan) -> None:
        """Plan pad, pack, and the convolution with all that is in its pass."""
        g, x = self._geometry, plan.value(self._x)
        packed = plan.scratch((self, "packed"), (convolution.packed_size(g),))
        weight = plan.value(self._weight)
        plan.whole(convolution.pack(g), weight, packed, phase=Phase.PREPARE)
        padded = self._padded(plan)
        if g.padding != (0, 0):
            plan.each_sample(convolution.pad(g), x, padded)
        plan.each_sample(
            convolution.forward(g, self._relu, self._bias is not None, self._pool),
            padded,
            packed,
            plan.value(self._bias) if self._bias else 0,
            plan.value(self.output),
            self._chosen(plan) if self._pool else 0,
        )

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of x, weight and bias."""
        if self._pool:
            self._backward_of_pool(plan)
            return
        g, d = self._geometry, plan.gradient(self.output)
        if self._relu:
            size = g.OH * g.OW * g.O
            kernel = activation.relu_gradient(size, size)
            plan.each_sample(kernel, plan.value(self.output), d)
        if plan.needs(self._x):
            self._input_gradient(plan, d)
        if plan.needs(self._weight):
            self._weight_gradient(plan, d)
        if self._bias is not None and plan.needs(self._bias):
            kernel = linear.bias_gradient(g.O, g.O)
            self._bias_gradient(plan, self._bias, kernel, g.OH * g.OW, d)

    def _backward_of_pool(self, plan: Plan) -> None:
        """Plan the gradients from the pooled one, of one pixel in four, where that is faster."""
        g, pooled = self._geometry, (plan.gradient(self.output), self._chosen(plan))
        spreads, takes = (
            convolution.has_pooled_input_gradient(g),
            convolution.has_pooled_weight_gradient(g),
        )
        by_input, by_weight = plan.needs(self._x), plan.needs(self._weight)
        if by_input and spreads:
            self._pooled_input_gradient(plan, *pooled)
        if by_weight and takes:
            self._pooled_weight_gradient(plan, *pooled)
        if (by_input and not spreads) or (by_weight and not takes):
            whole = plan.scratch((self, "unpooled"), (plan.workspace.capacity, g.OH, g.OW, g.O))
            plan.each_sample(convolution.unpool(g), *pooled, whole)
            if by_input and not spreads:
                self._input_gradient(plan, whole)
            if by_weight and not takes:
                self._weight_gradient(plan, whole)
        if self._bias is not None and plan.needs(self._bias):
            kernel = convolution.pooled_bias_gradient(g)
            self._bias_gradient(plan, self._bias, kernel, (g.OH // 2) * (g.OW // 2), *pooled)

    def _padded(self, plan: Plan) -> Array:
        """Return the memory of x with its border of zeros: x itself, if there is none."""
        g = self._geometry
        if g.padding == (0, 0):
            return plan.value(self._x)
        return plan.scratch((self, "padded"), (plan.workspace.capacity, g.PH, g.PW, g.C))

    def _chosen(self, plan: Plan) -> Array:
        """Return the memory for which of four pixels was the largest."""
        g = self._geometry
        shape = plan.workspace.capacity, g.OH // 2, g.OW // 2, g.O
        return plan.scratch((self, "chosen"), shape)

    def _weight_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        packed = plan.scratch((self, "packed gradient"), (convolution.packed_size(g),))
        kernel, units = convolution.weight_gradient(g), convolution.weight_units(g)
        x = self._padded(plan)

        def given(n: slice, target: Array) -> tuple[Argument, ...]:
            return x[n], d[n], target, n.stop - n.start

        plan_sum(plan, kernel, given, packed, units)
        self._unpack(plan, convolution.unpack_gradient(g), packed)

    def _pooled_weight_gradient(self, plan: Plan, d: Array, chosen: Array) -> None:
        g = self._geometry
        packed = plan.scratch((self, "pooled gradient"), (convolution.pooled_weight_size(g),))
        kernel, units = convolution.pooled_weight_gradient(g), convolution.pooled_weight_units(g)
        x = self._padded(plan)

        def given(n: slice, target: Array) -> tuple[Argument, ...]:
            return x[n], d[n], chosen[n], target, n.stop - n.start

        plan_sum(plan, kernel, given, packed, units)
        self._unpack(plan, convolution.unpack_pooled_gradient(g), packed)

    def _unpack(self, plan: Plan, kernel: Kernel, packed: Array) -> None:
        with plan.into(self._weight, Phase.WEIGHT_GRAD) as target:
            plan.whole(kernel, packed, target, phase=Phase.WEIGHT_GRAD)

    def _bias_gradient(
        self, plan: Plan, bias: Value, kernel: Kernel, pixels: int, *arrays: Array
    ) -> None:
        def given(n: slice, target: Array) -> tuple[Argument, ...]:
            return *(each[n] for each in arrays), target, (n.stop - n.start) * pixels

        with plan.into(bias, Phase.WEIGHT_GRAD) as target:
            plan_sum(plan, kernel, given, target, self._geometry.O, granule=16)

    def _input_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        spread = plan.ring((self, "spread"), (g.DH, g.DW, g.O))
        turned = plan.scratch((self, "turned"), (convolution.transposed_size(g),))
        weight = plan.value(self._weight)
        plan.whole(convolution.pack_transposed(g), weight, turned, phase=Phase.PREPARE)
        plan.each_sample(convolution.dilate(g), d, spread)
        with plan.into(self._x) as target:
            plan.each_sample(convolution.input_gradient(g), spread, turned, target)

    def _pooled_input_gradient(self, plan: Plan, d: Array, chosen: Array) -> None:
        g = self._geometry
        packed = plan.scratch((self, "among zeros"), (convolution.pooled_packed_size(g),))
        weight = plan.value(self._weight)
        plan.whole(convolution.pack_pooled(g), weight, packed, phase=Phase.PREPARE)
        with plan.into(self._x) as target:
            plan.each_sample(convolution.pooled_input_gradient(g), d, chosen, packed, target)
