# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Networks whose forward pass cannot be given hooks: compiled ones, and sharded ones."""

from __future__ import annotations

import sys
from typing import Any

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


def reshard(model: torch.nn.Module) -> None:
    """Have a sharded network gather its parameters from their parts in its next forward pass.

    A forward pass without a backward pass leaves the outermost module with whole parameters, which
    would not follow a change of the parts.
    """
    kind = getattr(sys.modules.get("torch.distributed.fsdp"), "FSDPModule", None)
    if kind is not None:
        sharded: list[Any] = [module for module in model.modules() if isinstance(module, kind)]
        for module in sharded:
            module.reshard()
