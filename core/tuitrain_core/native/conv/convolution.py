"""The kernels of a 2-D convolution: forward (with ReLU and a 2x2 maximum), and the gradients.

All float32. Images are dense (N, H, W, C); weight (O, C, KH, KW) and bias (O,) have the public
layout. Kernels read the padded input from `pad`, and the weight packed by `pack` or
`pack_transposed`. The sizes are constants of a kernel, the number of samples is an argument.
``first`` and ``last`` are the range of samples (of `weight_gradient`: of units); any split gives
the same bits.

Forward: pad, pack, forward. Backward: unpool (after a pool), weight_gradient, unpack_gradient, and
``linear.bias_gradient`` on N · OH · OW rows; then dilate, pack_transposed, input_gradient. Three
gradients need no unpool after a pool: pooled_bias_gradient; pooled_weight_gradient with
unpack_pooled_gradient, where has_pooled_weight_gradient(g); pack_pooled with
pooled_input_gradient, where has_pooled_input_gradient(g).
"""

from __future__ import annotations

from ..ir.host import host
from ..runtime import library
from ..runtime.library import Kernel
from . import (
    correlation_kernels,
    input_gradient_from_pool,
    max_pool_2x2,
    packing,
    padding,
    single_channel,
    weight_gradient_from_pool,
    weight_gradient_units,
)
from .geometry import Geometry

__all__ = [
    "Geometry",
    "forward",
    "input_gradient",
    "pack",
    "pack_pooled",
    "pack_transposed",
    "packed_size",
    "pad",
    "pooled_bias_gradient",
    "pooled_input_gradient",
    "pooled_packed_size",
    "pooled_weight_gradient",
    "pooled_weight_size",
    "pooled_weight_units",
    "dilate",
    "has_pooled_input_gradient",
    "has_pooled_weight_gradient",
    "transposed_size",
    "unpack_gradient",
    "unpack_pooled_gradient",
    "unpool",
    "weight_gradient",
    "weight_units",
]


def pad(g: Geometry) -> Kernel:
    """Return the kernel that copies x (N, H, W, C) into xp (N, H + 2py, W + 2px, C) and pads it.

    Arguments: x, xp, first, last.
    """
    return library.get_kernel(padding.pad, 4, g)


def pack(g: Geometry) -> Kernel:
    """Return the kernel that packs W for `forward`. Arguments: W, P (`packed_size` floats)."""
    return library.get_kernel(packing.pack_by_output, 2, g)


def pack_transposed(g: Geometry) -> Kernel:
    """Return the kernel that packs W for `input_gradient`.

    Arguments: W, PT (`transposed_size` floats).
    """
    return library.get_kernel(packing.pack_by_run if _is_thin(g) else packing.pack_by_input, 2, g)


def packed_size(g: Geometry) -> int:
    """Return the floats of a packed weight, and of a packed weight gradient."""
    return g.taps * g.C * host().round_up(g.O)


def transposed_size(g: Geometry) -> int:
    """Return the floats of a weight packed for the input gradient."""
    if _is_thin(g):
        return g.C * g.KH * host().round_up(g.KW * g.O)
    return g.taps * g.O * host().round_up(g.C)


def forward(g: Geometry, relu: bool, bias: bool, pool: bool, positions: bool = True) -> Kernel:
    """Return the kernel Y = xp correlated with P (+ bias) (then ReLU) (then a 2x2 maximum).

    Y is (N, OH, OW, O). With pool it is (N, OH//2, OW//2, O), and I, float32 and laid out like Y,
    holds the position of the maximum: 0, 1, 2, 3 for upper left, upper right, lower left, lower
    right, or -1 where ReLU is off. The first of equal values is taken, and the last NaN. Without
    positions, which only gradients read, I is not written; Y has the same bits.

    Arguments: xp, P, bias (0 without bias), Y, I (0 if not written), first, last.
    """
    emit = (
        single_channel.forward
        if single_channel.supports_forward(g, host())
        else correlation_kernels.forward
    )
    return library.get_kernel(emit, 7, g, relu, bias, pool, pool and positions)


def unpool(g: Geometry) -> Kernel:
    """Return the kernel D (N, OH, OW, O) = dY (N, OH//2, OW//2, O) at the position I, else 0.

    Arguments: dY, I, D, first, last. All of D is written, also pixels outside of windows.
    """
    return library.get_kernel(max_pool_2x2.unpool, 5, g)


def dilate(g: Geometry) -> Kernel:
    """Return the kernel that writes D (N, OH, OW, O) into Ds with its pixels a stride apart.

    Ds is (N, H + KH - 1, W + KW - 1, O), with zeros in between. Rows of zeros are written only if
    `input_gradient` reads them. Arguments: D, Ds, first, last.
    """
    return library.get_kernel(padding.dilate, 4, g, _is_thin(g))


def input_gradient(g: Geometry, masked: bool = False) -> Kernel:
    """Return the kernel dX (N, H, W, C) = Ds correlated with PT (· (act > 0)).

    act is laid out like dX.

    Arguments: Ds, PT, dX, first, last; masked: Ds, PT, dX, act, first, last.
    """
    thin = _is_thin(g)
    emit = correlation_kernels.input_gradient_thin if thin else correlation_kernels.input_gradient
    return library.get_kernel(emit, 6 if masked else 5, g, masked)


def weight_gradient(g: Geometry) -> Kernel:
    """Return the kernel of the weight's gradient G, laid out like P, from xp and D (N, OH, OW, O).

    Arguments: xp, D, G, samples, first, last (units: weight_units(g)).
    """
    if single_channel.supports_gradient(g, host()):
        return library.get_kernel(single_channel.weight_gradient, 6, g)
    return library.get_kernel(weight_gradient_units.weight_gradient, 6, g)


def weight_units(g: Geometry) -> int:
    """Return the number of units of the weight gradient, which are of about equal work."""
    if single_channel.supports_gradient(g, host()):
        return single_channel.weight_units(g, host())
    kinds = weight_gradient_units.unit_shapes(g, host())
    return sum(kind.rows * kind.blocks for kind in kinds)


def has_pooled_weight_gradient(g: Geometry) -> bool:
    """Return whether the weight's gradient is computed from dY and I, without unpool."""
    return weight_gradient_from_pool.is_supported(g, host())


def has_pooled_input_gradient(g: Geometry) -> bool:
    """Return whether the input's gradient is computed from dY and I, without unpool and dilate."""
    return input_gradient_from_pool.is_supported(g, host())


def pack_pooled(g: Geometry) -> Kernel:
    """Return the kernel that packs W for `pooled_input_gradient`.

    Arguments: W, P (`pooled_packed_size` floats).
    """
    return library.get_kernel(input_gradient_from_pool.pack, 2, g)


def pooled_packed_size(g: Geometry) -> int:
    """Return the floats of a weight packed for the input gradient from dY and I."""
    return input_gradient_from_pool.packed_size(g, host())


def pooled_input_gradient(g: Geometry) -> Kernel:
    """Return the kernel of dX (N, H, W, C) from dY (N, OH//2, OW//2, O), I and P.

    Only where has_pooled_input_gradient(g). It equals unpool, dilate and `input_gradient`, except
    that values where ReLU is off are multiplied by 0: NaN and inf reach all pixels of their window.

    Arguments: dY, I, P, dX, first, last.
    """
    return library.get_kernel(input_gradient_from_pool.input_gradient, 6, g)


def pooled_weight_gradient(g: Geometry) -> Kernel:
    """Return the kernel of the weight's gradient G from xp, dY (N, OH//2, OW//2, O) and I.

    Only where has_pooled_weight_gradient(g). It equals unpool and `weight_gradient`, except for the
    layout of G (`pooled_weight_size` floats), and that values where ReLU is off are multiplied by
    0, so that NaN and inf are not hidden.

    Arguments: xp, dY, I, G, samples, first, last (units: pooled_weight_units(g)).
    """
    return library.get_kernel(weight_gradient_from_pool.weight_gradient, 7, g)


def pooled_weight_size(g: Geometry) -> int:
    """Return the floats of a weight gradient from dY and I."""
    return weight_gradient_from_pool.weight_size(g, host())


def unpack_pooled_gradient(g: Geometry) -> Kernel:
    """Return the kernel that unpacks G from `pooled_weight_gradient`. Arguments: G, dW."""
    return library.get_kernel(weight_gradient_from_pool.unpack, 2, g)


def pooled_weight_units(g: Geometry) -> int:
    """Return the number of units of the weight gradient from dY and I."""
    return weight_gradient_from_pool.weight_units(g, host())


def pooled_bias_gradient(g: Geometry) -> Kernel:
    """Return the kernel db[o] = sum of dY[b][o] · (I[b][o] >= 0) for o in first ... last-1.

    Arguments: dY, I, db, rows (samples · OH//2 · OW//2), first, last; first is a multiple of 16,
    and last is one or O.
    """
    return library.get_kernel(weight_gradient_from_pool.bias_gradient, 6, g)


def unpack_gradient(g: Geometry) -> Kernel:
    """Return the kernel that unpacks G into dW (O, C, KH, KW). Arguments: G, dW."""
    return library.get_kernel(packing.unpack_gradient, 2, g)


def _is_thin(g: Geometry) -> bool:
    """Return whether vectors along the input channels would not be full."""
    return host().lanes > g.C
