# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The batch of a script's step, for viewers: what `batches` yielded, or what the network is given.

Only while a viewer looks is there a hook, for one forward pass at a time.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import torch

from tuitrain.errors import RefusedError, describe_error

from ...batch_view import InspectBatch, StepBatchView
from ...loops.batch_entries import describe_batch
from ..arrays import unwrap
from ..compiled import has_compiled, is_compiled
from ..handles import remove_all
from .batch_reader import BatchReader, plain_functions, predictions_of
from .batches import Batches

RECENT_SECONDS: Final = 30.0
"""Seconds for which a pass is shown that is not that of the last step."""

MIN_TRAINING_RATIO: Final = 19
"""The training gets at least this many times the duration of a description before the next one."""

_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

_WAITING: Final = "the batch is shown after the next forward pass of the loop"
_COMPILED: Final = (
    "torch.compile has compiled the network, and what goes into it is not seen; with run.batches "
    "the batch is known"
)


class BatchInspector:
    """Describes the batch of a step.

    Parameters
    ----------
    model : the network
    batches : gives the batches; None if the loop fetches its own
    get_step : returns the steps taken
    clock : returns a monotonic time in seconds
    """

    def __init__(
        self,
        model: torch.nn.Module,
        batches: Batches | None,
        get_step: Callable[[], int],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._model, self._batches, self._get_step = model, batches, get_step
        self._clock, self._reader = clock, BatchReader()
        self._request = InspectBatch()
        self._handles: list[Any] = []
        self._own: frozenset[int] = frozenset()
        self._seen: StepBatchView | None = None
        self._problem = ""
        self._seen_at = self._due = 0.0

    def view(self, request: InspectBatch, step: int) -> StepBatchView:
        """Describe the newest batch, and have the next forward pass seen.

        Raises
        ------
        RefusedError : no batch was seen yet, or none can be seen
        """
        self._request = request
        self._arm()
        seen = self._seen
        is_newest = seen is not None and seen.batch_step == step
        if seen is not None and (is_newest or self._clock() - self._seen_at < RECENT_SECONDS):
            return replace(seen, request=request, step=step)
        latest = None if self._batches is None else self._batches.latest
        if latest is not None:
            with plain_functions():
                return self._describe(latest[1], (step, latest[0] + 1))
        raise RefusedError(self._problem or self._refusal() or _WAITING)

    def forget(self) -> None:
        """Forget what was seen: another step follows."""
        self._seen = None

    def cancel(self) -> None:
        """See no pass any more; called by the loop's thread, or while it waits."""
        remove_all(self._handles)

    def _refusal(self) -> str:
        """Return why no pass can be seen; "" if one can be."""
        is_wrapper = hasattr(self._model, "_orig_mod")
        return _COMPILED if not is_wrapper and _is_any_compiled(self._model) else ""

    def _arm(self) -> None:
        """Have the next forward pass seen, if that is due."""
        if self._handles or self._refusal() or self._clock() < self._due:
            return
        # Inside of a compiled network a hook would compile it again; not at its wrapper.
        is_whole = _is_any_compiled(self._model)
        modules = [self._model] if is_whole else list(self._model.modules())
        self._own = frozenset(map(id, modules))
        for module in modules:
            hook = module.register_forward_pre_hook(self._enter, with_kwargs=True)
            self._handles.append(hook)

    def _enter(self, module: torch.nn.Module, inputs: Any, named: Mapping[str, Any]) -> None:
        """Describe the batch of a pass: the hook before it."""
        if not self._handles or not torch.is_grad_enabled() or id(module) not in self._own:
            return
        self.cancel()
        start = self._clock()
        try:
            with plain_functions():
                self._note(module, inputs, named)
        except Exception as error:  # a batch may hold anything
            self._problem = f"the batch cannot be described: {describe_error(error)}"
        self._seen_at = self._clock()
        self._due = self._seen_at + MIN_TRAINING_RATIO * (self._seen_at - start)

    def _note(self, module: torch.nn.Module, inputs: Any, named: Mapping[str, Any]) -> None:
        step = self._get_step()
        latest = None if self._batches is None else self._batches.latest
        batch = _named_inputs(module, inputs, named) if latest is None else latest[1]
        seen = self._seen = self._describe(batch, (step, step + 1))
        if seen.pictures is not None and seen.pictures.labels is not None:
            self._follow(module, seen)

    def _describe(self, batch: Any, steps: tuple[int, int]) -> StepBatchView:
        names = () if self._batches is None else self._batches.class_names
        is_input = self._batches is None
        return describe_batch(self._request, steps, batch, self._reader, is_input, names)

    def _follow(self, module: torch.nn.Module, seen: StepBatchView) -> None:
        """Add the predictions of the pass to what was seen, when it has ended."""
        thread = threading.get_ident()

        def leave(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            del module, inputs
            handle.remove()
            if self._seen is seen and threading.get_ident() == thread:
                try:
                    with plain_functions():
                        self._seen = _with_predictions(seen, output)
                except Exception:  # the view has no predictions then
                    self._seen = seen

        handle = module.register_forward_hook(leave)


def _is_any_compiled(model: torch.nn.Module) -> bool:
    return has_compiled() or is_compiled(model)


def _named_inputs(
    module: torch.nn.Module, inputs: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a forward pass by the names of its parameters."""
    inner = unwrap(module)
    try:
        parameters = inspect.signature(inner.forward).parameters.values()
        names = [one.name for one in parameters if one.kind in _POSITIONAL]
    except (TypeError, ValueError):
        names = []
    names += [f"input{index}" for index in range(len(names), len(inputs))]
    return {**dict(zip(names, inputs, strict=False)), **named}


def _with_predictions(seen: StepBatchView, output: Any) -> StepBatchView:
    """Return a view with the predictions of an output, if it has the scores of its classes."""
    pictures = seen.pictures
    assert pictures is not None
    predicted = predictions_of(output, seen.samples, pictures.labels)
    if predicted is None:
        return seen
    classes, sure = predicted
    return replace(seen, pictures=replace(pictures, predictions=classes, confidence=sure))
