"""Hooks: functions that a module calls before or after its forward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Hook: TypeAlias = Callable[..., Any]


class HookHandler:
    """A registered hook.

    Parameters
    ----------
    hooks : the module's hooks of one kind, to which the new one is added
    hook : the function
    """

    def __init__(self, hooks: list[HookHandler], hook: Hook) -> None:
        self._hooks, self.hook = hooks, hook
        hooks.append(self)

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks[:] = [other for other in self._hooks if other is not self]


def call_with_hooks(
    module: Any,
    before: list[HookHandler],
    after: list[HookHandler],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> Any:
    """Call a module's ``forward`` with its hooks around it."""
    for handler in tuple(before):
        result = handler.hook(module, arguments)
        if result is not None:
            arguments = result if isinstance(result, tuple) else (result,)
    output = module.forward(*arguments, **options)
    for handler in tuple(after):
        result = handler.hook(module, arguments, output)
        output = output if result is None else result
    return output
