"""The names of PyTorch's functions as the tree of a network shows them."""

from __future__ import annotations

from typing import Final

_PASSED_OVER: Final = {
    *("__get__", "__getitem__", "__setitem__", "select", "narrow", "split", "chunk", "unbind"),
    *("view", "view_as", "reshape", "reshape_as", "flatten", "ravel", "unflatten", "movedim"),
    *("transpose", "permute", "t", "swapaxes", "squeeze", "unsqueeze", "tensor_split"),
    *("expand", "expand_as", "broadcast_to", "repeat", "repeat_interleave", "tile", "contiguous"),
    *("clone", "detach", "to", "type", "type_as", "cpu", "cuda", "float", "half", "bfloat16"),
    *("double", "long", "int", "bool", "masked_fill", "masked_fill_", "copy_", "fill_", "zero_"),
    *("requires_grad_", "split_with_sizes", "alias"),
}
"""Functions that move numbers or read properties without computing."""

_SIGNS: Final = {
    "add": "+",
    "radd": "+",
    "iadd": "+",
    "sub": "−",
    "rsub": "−",
    "isub": "−",
    "subtract": "−",
    "mul": "×",
    "rmul": "×",
    "imul": "×",
    "multiply": "×",
    "div": "÷",
    "truediv": "÷",
    "rtruediv": "÷",
    "itruediv": "÷",
    "matmul": "@",
    "rmatmul": "@",
    "bmm": "@",
    "mm": "@",
}

IN_PLACE: Final = frozenset(
    {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"}
)
"""Functions that write into their first argument; so do those with a name that ends in ``_``."""


def is_in_place(name: str) -> bool:
    """Whether a function writes into its first argument."""
    return name in IN_PLACE or (name.endswith("_") and not name.endswith("__"))


def is_passed_over(name: str) -> bool:
    """Whether a function moves numbers without computing."""
    return name in _PASSED_OVER


def operation_label(name: str, data: int) -> str:
    """Return a function's label: ``+`` alone where the second term is not data.

    Parameters
    ----------
    name : of the function
    data : the number of its inputs that depend on the batch
    """
    plain = name.strip("_")
    sign = _SIGNS.get(plain, "")
    if sign == "+" and data > 1:
        return "+ add"
    return sign or plain.removesuffix("2d").replace("_", " ")
