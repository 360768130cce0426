# pyright: basic, reportMissingImports=false
"""Removing hooks of PyTorch."""

from __future__ import annotations

from torch.utils.hooks import RemovableHandle


def remove_all(handles: list[RemovableHandle]) -> None:
    """Remove hooks by their handles, which are forgotten."""
    while handles:
        handles.pop().remove()
