"""The answers to questions about a run, from its snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.run.snapshot import OPEN_END, Series, Snapshot

from ..local.live_runs import LiveRunRow
from ..wire.messages import Welcome
from .replies import (
    GroupReply,
    GroupsReply,
    JournalReply,
    JournalRow,
    ListedRun,
    MetricsReply,
    RunStatus,
    SeriesReply,
)

MAX_POINTS = 200
"""Maximum number of points of a curve, unless the caller asks for more or fewer."""

_GROUP_CURVES = ("lr", "grad_norm", "update_ratio")


def status_reply(snapshot: Snapshot, welcome: Welcome, socket: str) -> RunStatus:
    """Return the status of a run."""
    attachment = snapshot.attachment
    return RunStatus(
        run=welcome.run,
        id=welcome.id,
        folder=welcome.folder,
        socket=socket,
        pid=welcome.pid,
        phase=snapshot.phase.value,
        step=snapshot.step,
        total_steps=_known_end(snapshot.info.total_steps),
        loss=snapshot.loss.last,
        viewers=attachment.viewers if attachment else 0,
        epoch=snapshot.epoch if snapshot.info.has_epochs else None,
        metrics={
            info.name: snapshot.metrics.get(info.name, Series()).last
            for info in snapshot.info.metrics
        },
        samples_per_second=snapshot.samples_per_second,
        eta=snapshot.eta,
        note=snapshot.note,
        branch=snapshot.branch,
        clip=snapshot.clip,
        limits=snapshot.limits,
        rules=[f"{rule.text} (used {rule.used})" for rule in snapshot.rules],
        breakpoints=list(snapshot.breakpoints),
        checkpoints=list(snapshot.checkpoints),
        scheduled=[
            f"step {item.step}: {item.command} ({item.actor})" for item in snapshot.scheduled
        ],
        scheduled_ids=[item.ticket for item in snapshot.scheduled],
        pen=attachment.pen if attachment else "",
        speed_unit=snapshot.info.speed_unit,
    )


def listed_run(row: LiveRunRow) -> ListedRun:
    """Return a live run as a list shows it."""
    facts, status = row.facts, row.status
    return ListedRun(
        run=facts.run,
        id=facts.id,
        folder=facts.folder,
        socket=str(facts.socket),
        pid=facts.pid,
        phase=status.phase if status else "unknown",
        step=status.step if status else 0,
        total_steps=_known_end(status.total_steps) if status else 0,
        loss=status.loss if status else None,
        viewers=status.viewers if status else 0,
        metric=status.metric if status else "",
        value=status.value if status else None,
        samples_per_second=status.samples_per_second if status else 0.0,
        curve=status.curve if status else [],
        speed_unit=status.speed_unit if status else "",
        problem=row.problem or (status.problem if status else ""),
    )


def groups_reply(snapshot: Snapshot) -> GroupsReply:
    """Return all groups."""
    groups = [
        GroupReply(
            name=group.name,
            optimizer=group.optimizer,
            settings=group.settings,
            schedule=group.schedule,
            lr=group.lr,
            size=group.size,
            frozen_since=group.frozen_since,
            frozen_intact=group.frozen_intact,
            grad_norm=group.grad_norm,
            update_ratio=group.update_ratio,
            parameters=[
                {"name": row.name, "shape": list(row.shape), "frozen_since": row.frozen_since}
                for row in group.parameters
            ],
        )
        for group in snapshot.groups
    ]
    return GroupsReply(snapshot.step, groups)


def metrics_reply(
    snapshot: Snapshot, names: Sequence[str], first: int, last: int | None, points: int
) -> MetricsReply:
    """Return curves, thinned out evenly; the first and the last value stay.

    Parameters
    ----------
    names : ``loss``, metrics of the test set, or ``lr:GROUP``, ``grad_norm:GROUP``,
        ``update_ratio:GROUP``; none for the loss and all metrics
    first, last : the range of steps; None for no end
    points : maximum number of values of each, 1 or more

    Raises
    ------
    TuitrainError : the run has no curve of that name; lists those that it has
    """
    curves = _all_curves(snapshot)
    chosen = names or ["loss", *snapshot.metrics]
    for name in chosen:
        if name not in curves:
            raise TuitrainError(
                f"this run has no curve {name!r}{did_you_mean(name, curves)} "
                f"(curves: {', '.join(curves)})"
            )
    replies = {name: _thinned(curves[name], first, last, points) for name in chosen}
    return MetricsReply(snapshot.step, replies)


def journal_reply(snapshot: Snapshot, since: int) -> JournalReply:
    """Return the entries of the journal after the first ``since``."""
    journal = snapshot.journal
    rows = [
        JournalRow(
            index,
            entry.step,
            entry.command,
            entry.actor,
            entry.outcome,
            entry.message,
            entry.why,
            entry.ticket,
        )
        for index, entry in enumerate(journal[since:], min(since, len(journal)))
    ]
    return JournalReply(snapshot.step, rows, len(journal))


def _all_curves(snapshot: Snapshot) -> dict[str, Series]:
    of_groups = {
        f"{metric}:{history.name}": getattr(history, metric)
        for history in snapshot.histories
        for metric in _GROUP_CURVES
    }
    unmeasured = {info.name: Series() for info in snapshot.info.metrics}
    return {"loss": snapshot.loss, **unmeasured, **snapshot.metrics, **of_groups}


def _thinned(series: Series, first: int, last: int | None, points: int) -> SeriesReply:
    start = int(np.searchsorted(series.steps, first, side="left"))
    end = len(series) if last is None else int(np.searchsorted(series.steps, last, side="right"))
    count = max(0, end - start)
    if count > points:
        indices = np.unique(np.linspace(end - 1, start, points).round().astype(int))
    else:
        indices = np.arange(start, start + count)
    return SeriesReply(series.steps[indices].tolist(), series.values[indices].tolist(), count)


def _known_end(total_steps: int) -> int | None:
    return None if total_steps == OPEN_END else total_steps
