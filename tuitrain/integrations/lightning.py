# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false
"""A callback for the Trainer of Lightning."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from .library_run import LibraryCallback, check_one_process


class TuitrainCallback(LibraryCallback, Callback):
    """Steers and records a training: ``Trainer(…, callbacks=[TuitrainCallback()])``.

    The boundary is the end of an update, with automatic and with manual optimization. A stop ends
    the training as the Trainer's own early stop does. The run cannot go back, because the Trainer
    fetches its batches itself.

    Parameters
    ----------
    metrics : the names of metrics that the module logs, the main one first; default ``val_loss``
    plan, scenario, name, out, limits, log : see `tuitrain.watch`

    Attributes
    ----------
    run : the run, while the Trainer trains

    Raises
    ------
    RefusedError : when the training begins, and has several processes; or see `tuitrain.watch`
    """

    default_metrics = ("val_loss",)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the run."""
        check_one_process(trainer.world_size)
        total = trainer.estimated_stepping_batches
        steps = int(total) - trainer.global_step if total != float("inf") else None
        batches = trainer.num_training_batches
        per_epoch = None
        if batches != float("inf"):
            per_epoch = max(1, int(batches) // trainer.accumulate_grad_batches)
        self._library.begin(pl_module, trainer.optimizers, steps, per_epoch)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        """Have the Trainer stop if the run was stopped."""
        if self._library.is_stopped:
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the metrics."""
        self._library.log(trainer.callback_metrics)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the run."""
        self._library.end()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """End the run with the exception that has ended the training."""
        self._library.end(exception)
