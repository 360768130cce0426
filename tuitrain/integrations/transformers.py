# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false
"""A callback for the Trainer of Hugging Face Transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import (
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from tuitrain.script.arguments import Plan
from tuitrain.script.torch_run import TorchRun

from .library_run import LibraryRun, Options, check_one_process


class TuitrainCallback(TrainerCallback):
    """Steers and records a training: ``Trainer(…, callbacks=[TuitrainCallback()])``.

    The boundary is the end of an update. A stop ends the training as the Trainer's own early stop
    does. The run cannot go back, because the Trainer fetches its batches itself.

    Parameters
    ----------
    metrics : the names of metrics that the Trainer evaluates, the main one first
    plan, scenario, name, out : see `tuitrain.watch`

    Attributes
    ----------
    run : the run, while the Trainer trains

    Raises
    ------
    RefusedError : when the training begins, and has several processes; or see `tuitrain.watch`
    """

    def __init__(
        self,
        metrics: str | Sequence[str] = ("eval_loss",),
        plan: Plan | None = None,
        scenario: str | Path | None = None,
        name: str | None = None,
        out: str | Path | None = None,
    ) -> None:
        self._library = LibraryRun(Options(metrics, plan, scenario, name, out))

    @property
    def run(self) -> TorchRun | None:
        """The run, while the Trainer trains."""
        return self._library.run

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        optimizer: Any = None,
        **kwargs: Any,
    ) -> None:
        """Begin the run."""
        check_one_process(args.world_size)
        left = state.max_steps - state.global_step  # the Trainer may resume a training
        if left < 1:
            return
        epochs = state.num_train_epochs or 1
        self._library.begin(model, [optimizer], left, max(1, -(-state.max_steps // epochs)))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Have the Trainer stop if the run was stopped."""
        if self._library.is_stopped:
            control.should_training_stop = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Report the metrics."""
        self._library.log(metrics or {})

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """End the run."""
        self._library.end()
