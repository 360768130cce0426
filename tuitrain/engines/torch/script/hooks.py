# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Hooks of a script's optimizers: what a loop does before and after each update."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import torch

from ..handles import remove_all
from .step_call import is_probe


class StepHooks:
    """Hooks of optimizers, which tell an update from a step that only allocates state.

    The step of a subclass calls that of its base, and PyTorch may call the hooks for both: the
    inner call is no update of its own.

    Parameters
    ----------
    before : called with the optimizer when its gradients are computed, before its update
    after : called with the optimizer after its step
    on_closure : called with the loss of a closure that a script gives to ``optimizer.step``
    begin_plain : begins an update that needs nothing of ``before``, and returns whether it does
    end_plain : called after it in place of ``after``
    """

    def __init__(
        self,
        before: Callable[[torch.optim.Optimizer], None],
        after: Callable[[torch.optim.Optimizer], None],
        on_closure: Callable[[Any], None],
        begin_plain: Callable[[torch.optim.Optimizer], bool],
        end_plain: Callable[[], None],
    ) -> None:
        self._on_before, self._on_after, self._on_closure = before, after, on_closure
        self._begin_plain, self._end_plain = begin_plain, end_plain
        self._is_probe = self._is_plain = False
        self._handles: list[Any] = []
        self._frames: dict[int, FrameType] = {}  # of the steps under way, by optimizer

    def install(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Put the hooks into optimizers."""
        for optimizer in optimizers:
            self._handles.append(optimizer.register_step_pre_hook(self._before))
            self._handles.append(optimizer.register_step_post_hook(self._after))

    def uninstall(self) -> None:
        """Remove the hooks, if there are any."""
        remove_all(self._handles)
        self._frames.clear()

    def _before(
        self, optimizer: torch.optim.Optimizer, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Do what comes before an update: the pre-hook of ``optimizer.step``."""
        caller = sys._getframe(1)
        if id(optimizer) in self._frames and _is_within(caller, self._frames[id(optimizer)]):
            return None
        self._frames[id(optimizer)] = caller
        closure = arguments[1] if len(arguments) > 1 else named.get("closure")  # the first is self
        self._is_plain = closure is None and self._begin_plain(optimizer)
        if self._is_plain:
            return None
        self._is_probe = not optimizer.state and is_probe(optimizer)
        if self._is_probe:
            return None
        if closure is None:
            self._on_before(optimizer)
            return None

        def steered_closure() -> Any:
            with torch.enable_grad():
                loss = closure()
            self._on_closure(loss)
            self._on_before(optimizer)
            return loss

        if len(arguments) > 1:
            return (optimizer, steered_closure, *arguments[2:]), named
        return arguments, {**named, "closure": steered_closure}

    def _after(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Do what comes after an update: the post-hook of ``optimizer.step``."""
        if self._frames.get(id(optimizer)) is not sys._getframe(1):
            return
        del self._frames[id(optimizer)]
        if self._is_plain:
            self._is_plain = False
            self._end_plain()
        elif not self._is_probe:  # its state, which would tell so, is allocated by now
            self._on_after(optimizer)


def _is_within(frame: FrameType, outer: FrameType) -> bool:
    """Whether a frame was called, at any depth, by another; a step that has raised calls none."""
    above = frame.f_back
    while above is not None:
        if above is outer:
            return True
        above = above.f_back
    return False
