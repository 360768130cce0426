# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false
"""A callback for the Trainer of Hugging Face Transformers."""

from __future__ import annotations

from typing import Any

from transformers import (
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from .library_run import LibraryCallback, check_one_process


class TuitrainCallback(LibraryCallback, TrainerCallback):
    """Steers and records a training: ``Trainer(…, callbacks=[TuitrainCallback()])``.

    The boundary is the end of an update. A stop ends the training as the Trainer's own early stop
    does. The run cannot go back, because the Trainer fetches its batches itself.

    Parameters
    ----------
    metrics : the names of metrics that the Trainer evaluates, the main one first; default
        ``eval_loss``
    plan, scenario, name, out, limits, log : see `tuitrain.watch`

    Attributes
    ----------
    run : the run, while the Trainer trains

    Raises
    ------
    RefusedError : when the training begins, and has several processes; or see `tuitrain.watch`
    """

    default_metrics = ("eval_loss",)

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
