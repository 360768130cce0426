"""A convolution, with the ReLU and the maximum of 2 x 2 pixels that may follow it."""

from __future__ import annotations

from ...native import convolution, elementwise, linear
from ...ops.base import Array
from ...ops.convolution import Conv2d
from ..graph import Node, Value
from ..plan import Plan


class ConvolutionLayer:
    """Convolution, bias, and if asked for ReLU and the 2 x 2 maximum, in one pass."""

    def __init__(self, node: Node, output: Value, relu: bool, pool: bool) -> None:
        self._x, self._weight, *bias = node.inputs
        self._bias = bias[0] if bias else None
        self.output = output
        self._relu, self._pool = relu, pool
        assert isinstance(node.op, Conv2d)
        channels, height, width = self._x.shape
        out, _, kernel_height, kernel_width = self._weight.shape
        self._geometry = convolution.Geometry(
            channels,
            height,
            width,
            out,
            kernel_height,
            kernel_width,
            node.op.stride,
            node.op.padding,
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
            and all(each.dtype == "f4" for each in node.inputs)
        )

    def forward(self, plan: Plan) -> None:
        """Plan pad, pack, and the convolution with all that is in its pass."""
        g = self._geometry
        packed = plan.scratch((self, "packed"), convolution.packed_shape(g))
        plan.whole(convolution.pack(g), plan.value(self._weight), packed)
        kernel = convolution.forward(g, self._relu, self._bias is not None, self._pool)
        bias = plan.value(self._bias) if self._bias else 0
        plan.call(
            kernel,
            self._padded(plan),
            packed,
            bias,
            plan.value(self.output),
            self._chosen(plan),
            total=plan.rows,
        )

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of weight, bias and x."""
        d = self._before_pool(plan)
        g = self._geometry
        if plan.needs(self._weight):
            self._weight_gradient(plan, d)
        if self._bias is not None and plan.needs(self._bias):
            with plan.into(self._bias) as target:
                plan.call(
                    linear.bias_gradient(g.O, g.O),
                    d,
                    target,
                    plan.rows * g.OH * g.OW,
                    total=g.O,
                    granule=16,
                )
        if plan.needs(self._x):
            self._input_gradient(plan, d)

    def _padded(self, plan: Plan) -> Array:
        """Plan the copy of x into its border of zeros, and return it; x itself without padding."""
        g, x = self._geometry, plan.value(self._x)
        if g.padding == (0, 0):
            return x
        padded = plan.scratch(
            (self, "padded"), (plan.workspace.capacity, g.padded_height, g.padded_width, g.C)
        )
        plan.call(convolution.pad(g), x, padded, total=plan.rows)
        return padded

    def _before_pool(self, plan: Plan) -> Array:
        """Plan the gradient at the convolution's own output, and return its memory."""
        g, d = self._geometry, plan.gradient(self.output)
        if self._pool:
            spread = plan.scratch((self, "unpooled"), (plan.workspace.capacity, g.OH, g.OW, g.O))
            plan.call(
                convolution.unpool(g), d, self._chosen(plan), spread, total=plan.rows
            )
            return spread
        if self._relu:
            row = g.OH * g.OW * g.O
            kernel = elementwise.relu_gradient(row, row)
            plan.call(kernel, plan.value(self.output), d, total=plan.rows)
        return d

    def _chosen(self, plan: Plan) -> Array | int:
        """Return the memory for which of four pixels was the largest."""
        if not self._pool:
            return 0
        g = self._geometry
        return plan.scratch(
            (self, "chosen"),
            (plan.workspace.capacity, g.OH // 2, g.OW // 2, g.O),
            convolution.CHOICE,
        )

    def _weight_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        x = plan.value(self._x)
        if g.padding != (0, 0):
            x = plan.scratch(
                (self, "padded"), (plan.workspace.capacity, g.padded_height, g.padded_width, g.C)
            )
        packed = plan.scratch((self, "packed gradient"), convolution.packed_shape(g))
        plan.call(
            convolution.weight_gradient(g),
            x,
            d,
            packed,
            plan.rows,
            total=convolution.weight_units(g),
        )
        with plan.into(self._weight) as target:
            plan.whole(convolution.unpack_gradient(g), packed, target)

    def _input_gradient(self, plan: Plan, d: Array) -> None:
        g = self._geometry
        spread = plan.scratch(
            (self, "spread"), (plan.workspace.capacity, *convolution.spread_shape(g))
        )
        turned = plan.scratch((self, "turned"), convolution.turned_shape(g))
        plan.whole(convolution.pack_transposed(g), plan.value(self._weight), turned)
        plan.call(convolution.spread(g), d, spread, total=plan.rows)
        with plan.into(self._x) as target:
            plan.call(
                convolution.input_gradient(g), spread, turned, target, total=plan.rows
            )
