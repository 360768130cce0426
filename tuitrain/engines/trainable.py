"""The role of an engine that takes training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from tuitrain.metric_info import MetricInfo

from .pending_step import HoldCondition, PendingStep

WarmUpProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of what was prepared, the number prepared so far, and the total."""


def ignore_progress(_name: str, _done: int, _total: int) -> None:
    """Ignore the progress of a warm-up."""


def ignore_batch() -> None:
    """Do nothing after a batch of the test set."""


class Trainable(Protocol):
    """Takes training steps, in bursts.

    The caller and the steps take turns: `run` returns at a *step boundary*, where the state is
    whole, and every other member is called there, from the thread that calls `run`. Only
    `interrupt` may be called at any time. It makes no difference whether the engine has the
    training loop, or lets a loop in another thread take its steps while `run` waits.
    """

    @property
    def step(self) -> int:
        """Steps taken."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data; the last may be smaller."""
        ...

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        ...

    @property
    def samples_per_epoch(self) -> int:
        """Samples in one pass over the training data."""
        ...

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Prepare what the first steps would wait for, such as compiled kernels.

        The state is not changed. If the model fails on its data, this raises the error.
        """
        ...

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take at least one step and at most ``steps``, and return the loss of each.

        Parameters
        ----------
        should_stop : called after every burst, which takes about 40 ms; True ends the run
        should_hold : called before each update; True ends the run without that update. The engine
            is then at the boundary before the step as if the step had not begun, except that its
            gradients can be read. The run may then have taken no step.
        hold_condition : the steps that ``should_hold`` may hold. Steps that meet no part of it may
            be taken without a call of ``should_hold``.

        Raises
        ------
        Exception : raised by the model. The losses of earlier steps are returned first; the next
            call raises the error.
        """
        ...

    def interrupt(self) -> None:
        """Have `run` call ``should_stop`` at the next step boundary; safe from any thread.

        Between two runs it concerns the next one, so none is lost while the caller is at work. A
        burst that is one native call may take one step more.
        """
        ...

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """The metrics that `evaluate` measures, in order; the first is shown first."""
        ...

    @property
    def has_reported(self) -> bool:
        """Whether a loop has reported metrics at this boundary, which `evaluate` returns.

        `run` ends at such a boundary. False for an engine that measures only when it is asked to.
        """
        ...

    def evaluate(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return the `metrics` on the test set, by name; those that were not measured are left out.

        Training is not affected.

        Parameters
        ----------
        on_batch : called after each batch of the test set. It may read the groups, and apply
            commands that set learning rates, schedules, decay or clipping, which change no
            parameter: the results are the same. An engine that measures no batches does not call
            it.
        """
        ...
