"""The answers of ``tuitrain ctl`` and ``tuitrain list``, with the names that JSON has.

Names are stable: a later version adds fields, and removes or renames none.
"""

from __future__ import annotations

from typing import Any

import msgspec


class CommandReply(msgspec.Struct, frozen=True):
    """The answer to a command.

    Attributes
    ----------
    command : its text form
    outcome : ``applied``, ``unchanged``, ``refused``; ``scheduled`` for one that waits for its step
    step : the steps taken when it was answered; of a scheduled one, the step that it waits for
    message : the effect, or the reason of a refusal
    id : identifies the command in the journal
    """

    command: str
    outcome: str
    step: int
    message: str
    id: int


class RunStatus(msgspec.Struct, frozen=True):
    """A live run; ``list`` gives the first ten fields only, with ``problem``.

    Attributes
    ----------
    total_steps : planned steps; None for a run without a known end
    epoch : epochs done; None if the length of an epoch is not known
    samples_per_second : the throughput; in ``speed_unit``, which is ``samples`` or ``steps``
    limits : for programs that steer, in one line; "" for no limits
    rules : the commands that have set them, each with how often it was used
    """

    run: str
    id: str
    folder: str
    socket: str
    pid: int
    phase: str
    step: int
    total_steps: int | None
    loss: float | None
    viewers: int
    epoch: float | None
    metrics: dict[str, float | None]
    samples_per_second: float
    eta: float | None
    note: str
    branch: str
    clip: str
    breakpoints: list[str]
    checkpoints: list[str]
    scheduled: list[str]
    scheduled_ids: list[int]
    pen: str
    speed_unit: str
    limits: str = ""
    rules: list[str] = []


class ListedRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """A live run in a list.

    Attributes
    ----------
    phase : ``unknown`` if the run did not answer; then ``problem`` says why
    total_steps : planned steps; None for a run without a known end
    curve : the loss at evenly spaced steps
    problem : why it did not answer, or is no longer recorded; or ""
    host : the machine, where a list has those of several; "" for this one
    speed_unit : what ``samples_per_second`` counts, ``samples`` or ``steps``; "" if it is not known
    """

    run: str
    id: str
    folder: str
    socket: str
    pid: int
    phase: str
    step: int
    total_steps: int | None
    loss: float | None
    viewers: int
    metric: str = ""
    value: float | None = None
    samples_per_second: float = 0.0
    curve: list[float | None] = []
    problem: str = ""
    host: str = ""
    speed_unit: str = ""

    @property
    def word(self) -> str:
        """How ``attach`` and ``ctl`` name the run."""
        return f"{self.host}:{self.id}" if self.host else self.id


class GroupReply(msgspec.Struct, frozen=True):
    """A group; see `tuitrain.engines.views.GroupView`."""

    name: str
    optimizer: str
    settings: str
    schedule: str
    lr: float
    size: int
    frozen_since: int | None
    frozen_intact: bool | None
    grad_norm: float
    update_ratio: float
    parameters: list[dict[str, Any]]


class GroupsReply(msgspec.Struct, frozen=True):
    """All groups at a step."""

    step: int
    groups: list[GroupReply]


class SeriesReply(msgspec.Struct, frozen=True):
    """A curve; ``of`` is the number of its values in the range before it was thinned out."""

    steps: list[int]
    values: list[float]
    of: int


class MetricsReply(msgspec.Struct, frozen=True):
    """Curves by name."""

    step: int
    metrics: dict[str, SeriesReply]


class JournalRow(msgspec.Struct, frozen=True):
    """An entry of the journal; ``index`` counts from 0."""

    index: int
    step: int
    command: str
    actor: str
    outcome: str
    message: str
    why: str
    id: int


class JournalReply(msgspec.Struct, frozen=True):
    """Entries of the journal; ``next`` is the ``--since`` for those that follow."""

    step: int
    entries: list[JournalRow]
    next: int


class WaitReply(msgspec.Struct, frozen=True):
    """The result of a wait: whether the condition was met.

    Attributes
    ----------
    until : the condition
    met : whether it holds
    message : why it does not, such as the timeout; or the reason of a break
    """

    until: str
    met: bool
    phase: str
    step: int
    loss: float | None
    message: str


class PreviewReply(msgspec.Struct, frozen=True):
    """The effect of a command on the next update, without applying it.

    Attributes
    ----------
    problem : why it would be refused, or ""
    groups : |Δw|/|w| of each group's next update, now and after the command
    effect : of a breakpoint or a rule, whether it would pause the run or act now; else ""
    """

    command: str
    problem: str
    groups: list[dict[str, Any]]
    effect: str = ""
