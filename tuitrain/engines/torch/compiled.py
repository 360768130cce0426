# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Networks whose forward pass cannot be given hooks: compiled ones, and sharded ones."""

from __future__ import annotations

import sys

import torch


def has_compiled() -> bool:
    """Whether `torch.compile` has compiled something in this process."""
    counters = getattr(sys.modules.get("torch._dynamo.utils"), "counters", None)
    return bool(counters) and bool(counters["frames"]["total"])


def is_compiled(model: torch.nn.Module) -> bool:
    """Whether a part of a network is compiled."""
    return any(
        hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None)
        for module in model.modules()
    )


def is_sharded(model: torch.nn.Module) -> bool:
    """Whether a network's parameters are those of fully sharded modules."""
    return any(
        type(module).__name__.startswith(("FSDP", "FullyShard")) for module in model.modules()
    )
