"""Names of MegEngine that are not there: the error of their access says so, and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

_QUANTIZATION: Final = "there is no quantization"
_THREE_AXES: Final = "convolutions have one or two axes"
_VISION: Final = "there are no functions of vision"
_SAMPLED: Final = "nothing samples at places that are computed"
_WINDOWS: Final = "convolutions share their weights, and have no windows apart from them"
_MACHINES: Final = "a network is trained by one process"


def _all(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "tuitrain_core": {
        **_all(_MACHINES, "distributed dtr"),
        **_all(_QUANTIZATION, "quantization traced_module tools"),
        **_all("nothing is downloaded or extended", "hub plugin xla"),
        **_all(_VISION, "vision cv"),
    },
    "tuitrain_core.module": {
        **_all(_THREE_AXES, "Conv3d ConvTranspose3d"),
        **_all(_WINDOWS, "LocalConv2d RegionRestrictedConv SlidingWindow SlidingWindowTranspose"),
        **_all(_SAMPLED, "DeformableConv2d DeformablePSROIPooling"),
        **_all(
            _QUANTIZATION,
            "BatchMatMulActivation ConvBn2d ConvBnRelu2d ConvRelu2d ConvTransposeBn2d "
            "ConvTransposeBnRelu2d ConvTransposeRelu2d DequantStub Elemwise LinearBn1d "
            "LinearBnRelu1d LinearRelu QuantStub qat quantized",
        ),
        "SyncBatchNorm": _MACHINES,
        "external": "networks of other formats are not run",
    },
    "tuitrain_core.functional": {
        **_all("the modules RNN and LSTM have it", "rnn_cell lstm_cell rnn lstm"),
        **_all(_THREE_AXES, "conv3d conv_transpose3d"),
        **_all(
            _VISION,
            "vision correlation cvt_color interpolate nms nvof remap roi_align roi_pooling "
            "warp_affine warp_perspective",
        ),
        **_all(_SAMPLED, "deformable_conv2d deformable_psroi_pooling"),
        **_all(
            _WINDOWS, "local_conv2d region_restricted_conv sliding_window sliding_window_transpose"
        ),
        **_all("there are no complex numbers", "complex imag polar real"),
        **_all(_MACHINES, "distributed sync_batch_norm"),
        **_all(_QUANTIZATION, "quantized batch_conv_bias_activation"),
        **_all("it has no derivative here", "svd gammaln erf"),
    },
    "tuitrain_core.data": _all(
        "a data set has a length", "StreamDataset StreamSampler StreamDataLoader"
    ),
    "tuitrain_core.data.transform": _all(
        "no transform does that",
        "GaussianNoise HueTransform Lighting PseudoTransform RandomResize ShortestEdgeResize "
        "TorchTransformCompose",
    ),
    "tuitrain_core.optimizer": _all(_MACHINES, "DistributedOptimizer"),
    "tuitrain_core.autodiff": _all(
        "operations have one derivative, and gradients of gradients are not computed",
        "hessian jacobian hvp vjp jvp",
    ),
}
"""The reasons, by module and name."""

_SECOND_NAMES: Final = {
    "tuitrain_core.functional.nn": "tuitrain_core.functional",
    "tuitrain_core.data.dataset": "tuitrain_core.data",
}
"""Modules whose names are searched in another one, too."""


def absent(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error for a name that a module does not have.

    Parameters
    ----------
    module : its full name
    name : the name
    known : the module's names, for the nearest match
    """
    reasons = _REASONS.get(module, {}) | _REASONS.get(_SECOND_NAMES.get(module, ""), {})
    if name in reasons:
        return AttributeError(
            f"{module} has no {name}: {reasons[name]}; docs/reference/megengine.md says what else "
            "of MegEngine is not there"
        )
    near = [] if name.startswith("__") else difflib.get_close_matches(name, list(known), n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint}")
