"""Initial values of parameters, under MegEngine's name: see `tuitrain_core.init`."""

from ..init import (
    calculate_correct_fan,
    calculate_fan_in_and_fan_out,
    calculate_gain,
    fill_,
    msra_normal_,
    msra_uniform_,
    normal_,
    ones_,
    uniform_,
    xavier_normal_,
    xavier_uniform_,
    zeros_,
)

__all__ = [
    "calculate_correct_fan",
    "calculate_fan_in_and_fan_out",
    "calculate_gain",
    "fill_",
    "msra_normal_",
    "msra_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
