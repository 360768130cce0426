"""A scripted run and a stopped clock, against which screens are tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Branch,
    Pause,
    Redo,
    RemoveBreakpoint,
    Resume,
    Rewind,
    Step,
    Stop,
    TryLr,
    Undo,
    to_text,
)
from tuitrain.engines.batch_view import BatchView, InspectBatch, StepBatchView
from tuitrain.engines.inspection import (
    Inspection,
    InspectionRequest,
    InspectNetwork,
    InspectWeights,
)
from tuitrain.run.snapshot import (
    Actor,
    ArrayStatistics,
    BranchView,
    GroupHistory,
    GroupView,
    Intervention,
    JournalEntry,
    LrCandidate,
    LrSweep,
    OptimizerChoice,
    Outcome,
    ParameterRow,
    ParameterView,
    Phase,
    RunInfo,
    Series,
    Snapshot,
    UpdatePreview,
)

from .fake_inspection import batch_view, network_view, weights_view

TITLE = RunInfo("lenet-decay", "lenet", "mnist-mini", 0, 64, 469, 4690)

SHAPES = {
    "conv1.bias": (1, 6, 1, 1),
    "conv1.weight": (6, 1, 5, 5),
    "conv2.bias": (1, 16, 1, 1),
    "conv2.weight": (16, 6, 5, 5),
    "classifier.bias": (10,),
    "classifier.weight": (10, 84),
    "fc1.bias": (120,),
    "fc1.weight": (120, 400),
    "fc2.bias": (84,),
    "fc2.weight": (84, 120),
}

OPTIMIZERS = (
    OptimizerChoice("sgd", (("momentum", "0"), ("nesterov", "false"), ("weight_decay", "0"))),
    OptimizerChoice("adam", (("betas", "0.9,0.999"), ("eps", "1e-08"), ("weight_decay", "0"))),
    OptimizerChoice("adamw", (("betas", "0.9,0.999"), ("eps", "1e-08"), ("weight_decay", "0.01"))),
    OptimizerChoice("adagrad", (("eps", "1e-10"), ("weight_decay", "0"))),
    OptimizerChoice("lion", (("betas", "0.9,0.99"), ("weight_decay", "0"))),
)


def parameter_row(name: str, ratio: float = 1.2e-3, since: int | None = None) -> ParameterRow:
    shape = SHAPES[name]
    return ParameterRow(name, shape, int(np.prod(shape)), ratio, since)


def group(name: str, prefixes: tuple[str, ...], since: int | None = None, **changes) -> GroupView:
    ratio = float("nan") if since is not None else 1.2e-3
    rows = tuple(parameter_row(item, ratio, since) for item in SHAPES if item.startswith(prefixes))
    view = GroupView(
        name=name,
        parameters=rows,
        size=sum(row.size for row in rows),
        optimizer="sgd",
        settings="momentum=0.9",
        schedule="constant",
        lr=0.05,
        update_ratio=ratio,
        grad_norm=0.43,
        frozen_since=since,
        frozen_intact=None if since is None else True,
    )
    return replace(view, **changes)


def loss_curve(steps: int) -> Series:
    noise = np.random.default_rng(0).normal(size=steps)
    at = np.arange(1, steps + 1)
    values = 2.2 * np.exp(-at / 300) + 0.08 + np.abs(noise) * 0.35 * np.exp(-at / 900)
    return Series(at, values)


def accuracy_curve(steps: int) -> Series:
    at = np.arange(469, steps + 1, 469)
    return Series(at, 0.985 - 0.25 * np.exp(-at / 400))


def array_view(seed: int, scale: float, **changes) -> ArrayStatistics:
    values = np.random.default_rng(seed).normal(scale=scale, size=2400)
    counts, _ = np.histogram(values, 40)
    view = ArrayStatistics(
        mean=float(values.mean()),
        std=float(values.std()),
        low=float(values.min()),
        high=float(values.max()),
        norm=float(np.linalg.norm(values)),
        non_finite=0,
        counts=tuple(int(item) for item in counts),
        first_values=tuple(float(item) for item in values[:10]),
    )
    return replace(view, **changes)


JOURNAL = (
    JournalEntry(901, 250, "lr fc 0.02", "command", "applied", "constant 0.02, was 0.05"),
    JournalEntry(902, 520, "freeze conv", "key", "applied", "4 parameters hold still"),
    JournalEntry(903, 521, "freeze conv", "key", "unchanged", "conv is frozen already"),
    JournalEntry(
        904,
        700,
        "optimizer fc adam lr=0.001",
        "key",
        "applied",
        "momentum is carried to the first moment",
    ),
    JournalEntry(
        905,
        820,
        "lr heads 0.1",
        "command",
        "refused",
        "no group matches 'heads' (groups: conv, fc)",
    ),
    JournalEntry(906, 938, "thaw conv", "palette", "applied", "4 parameters train again"),
)


INTERVENTIONS = tuple(
    Intervention(entry.step, entry.command) for entry in JOURNAL if entry.outcome == "applied"
)


DECAY = {"kind": "linear-decay", "start_lr": 0.039, "start_step": 0, "over": 10, "unit_steps": 469}
"""The schedule of conv: 0.0312 in its third epoch."""

CLIPPED = Intervention(900, "clip norm 1")


def traced(name: str, lr: float, ratio: float, steps: int, scheduled: bool = False) -> GroupHistory:
    """Return the history of a group, every 12 steps: gradients fall, with noise."""
    at = np.arange(0, steps + 1, 12)
    noise = np.random.default_rng(len(name)).normal(size=len(at))
    falling = np.exp(-at / 500) * (1 + 0.15 * noise) + 0.2
    decayed = lr * np.ceil((4690 - at) / 469) / 10 if scheduled else np.full(len(at), lr)
    return GroupHistory(
        name, Series(at, decayed), Series(at, 0.43 * falling), Series(at, ratio * falling)
    )


def running(step: int = 1204, **changes) -> Snapshot:
    snapshot = Snapshot(
        version=1,
        info=TITLE,
        phase=Phase.RUNNING,
        step=step,
        samples_per_second=161_000.0,
        eta=3.0,
        loss=loss_curve(step),
        metrics={"accuracy": accuracy_curve(step)},
        groups=(
            group("conv", ("conv",), lr=0.0312, schedule="linear→0", schedule_record=DECAY),
            group(
                "fc",
                ("fc", "classifier"),
                optimizer="adam",
                settings="",
                lr=0.001,
                update_ratio=8e-4,
            ),
        ),
        histories=(traced("conv", 0.039, 1.2e-3, step, True), traced("fc", 0.001, 8e-4, step)),
        journal=JOURNAL,
        interventions=INTERVENTIONS,
        optimizers=OPTIMIZERS,
    )
    return replace(snapshot, **changes)


def branch(name: str, fork: int, tip: int, raised: float = 0.0, parent: str = "") -> BranchView:
    """Return a branch whose loss is higher by ``delta`` from its fork on."""
    loss, accuracy = loss_curve(tip), accuracy_curve(tip)
    since = np.clip((loss.steps - fork) / 100, 0, 1)
    lower = np.where(accuracy.steps > fork, raised / 4, 0)
    return BranchView(
        name,
        fork,
        tip,
        Series(loss.steps, loss.values + raised * since),
        {"accuracy": Series(accuracy.steps, accuracy.values - lower)},
        parent,
    )


def branched(**changes) -> Snapshot:
    """Return a run that was rewound twice, and continued on its third branch."""
    left = (branch("main", 0, 1850, 0.6), branch("b1", 600, 1500, 0.3, "main"))
    here = [item for item in INTERVENTIONS if item.step < 600]
    since = (Intervention(640, "schedule fc cosine to 0 over 3 epochs"), CLIPPED)
    shown = running(
        interventions=(*here, *since), branch="b2", parent="b1", fork=640, branches=left
    )
    return replace(shown, **changes)


def tried(**changes) -> Snapshot:
    """Return a run that has just tried three learning rates, of which the highest diverged."""
    step, steps = 1204, 200
    losses = {"b1": 0.12, "b2": 0.0, "b3": -0.05, "b4": 0.4}
    left = tuple(branch(name, step, step + steps, raised) for name, raised in losses.items())
    broken = left[3].loss.values.copy()
    broken[step + 30 :] = np.nan
    left = (*left[:3], replace(left[3], loss=Series(left[3].loss.steps, broken)))
    values = ("x0.1", "x1", "x3", "x10")
    candidates = tuple(
        LrCandidate(value, item.name, value == "x1")
        for value, item in zip(values, left, strict=True)
    )
    sweep = LrSweep("conv", step, steps, 0.0312, candidates)
    shown = running(phase=Phase.PAUSED, samples_per_second=0.0, branches=left, lr_sweep=sweep)
    return replace(shown, **changes)


def watchful(**changes) -> Snapshot:
    """Return a run with breakpoints and clipped gradients."""
    breakpoints = ("break when nan", "break when grad_norm conv > 10")
    return running(breakpoints=breakpoints, clip="norm 1", **changes)


def answered(command: str, **changes) -> Snapshot:
    """Return a run with the answer to a preview: fc jumps."""
    ratios = (("conv", 1.1e-3, 1.1e-3), ("fc", 8.2e-4, 2.9e-2))
    return running(preview=UpdatePreview(command, ratios), **changes)


def starting() -> Snapshot:
    return Snapshot(
        1, TITLE, Phase.STARTING, 0, note="compiling the step for this machine (once, about 8 s)"
    )


UNMARKED = (
    Pause,
    Resume,
    Step,
    Stop,
    Rewind,
    Undo,
    Redo,
    Branch,
    TryLr,
    AddBreakpoint,
    RemoveBreakpoint,
)
"""Commands that do not affect the training."""


@dataclass
class FakeClock:
    now: float = 0.4

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeSource:
    """Returns a given snapshot, and records requests."""

    shown: Snapshot = field(default_factory=running)
    sent: list[tuple[AnyCommand, Actor]] = field(default_factory=list)
    wondered: list[AnyCommand | None] = field(default_factory=list)
    cancelled: list[tuple[int, Actor]] = field(default_factory=list)
    watched: list[str | None] = field(default_factory=list)
    seeing: list[InspectionRequest | None] = field(default_factory=list)
    closed: int = 0
    awakenings: int = 0
    make_batch: Callable[[InspectBatch, int], BatchView | StepBatchView] = batch_view

    def snapshot(self) -> Snapshot:
        return self.shown

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        self.sent.append((command, actor))
        return len(self.sent)

    def cancel(self, ticket: int, actor: Actor) -> None:
        self.cancelled.append((ticket, actor))

    def select_parameter(self, parameter: str | None) -> None:
        self.watched.append(parameter)
        if parameter in SHAPES:
            self.show(parameter=self.view(parameter))

    def preview(self, command: AnyCommand | None) -> None:
        self.wondered.append(command)

    def inspect(self, request: InspectionRequest | None) -> None:
        self.seeing.append(request)
        self.show(inspection=None if request is None else self.seen(request))

    def seen(self, query: InspectionRequest) -> Inspection:
        shown = self.shown
        match query:
            case InspectWeights(parameter=name):
                holder = next(g for g in shown.groups if name in [r.name for r in g.parameters])
                since = next(r.frozen_since for r in holder.parameters if r.name == name)
                return weights_view(name, SHAPES[name], holder.name, shown.step, since)
            case InspectNetwork():
                return network_view(shown.groups, shown.step)
            case InspectBatch():
                return self.make_batch(query, shown.step)

    def on_resume(self) -> None:
        self.awakenings += 1

    def close(self) -> None:
        self.closed += 1

    def show(self, **changes) -> None:
        """Replace fields of the snapshot."""
        self.shown = replace(self.shown, version=self.shown.version + 1, **changes)

    def answer(self, outcome: Outcome = "applied", message: str = "") -> None:
        """Answer the newest command."""
        command, actor = self.sent[-1]
        ticket, step = len(self.sent), self.shown.step
        entry = JournalEntry(ticket, step, to_text(command), actor, outcome, message)
        made = self.shown.interventions
        if outcome == "applied" and not isinstance(command, UNMARKED):
            made = (*made, Intervention(step, to_text(command)))
        self.show(journal=(*self.shown.journal, entry), interventions=made)

    def view(self, name: str) -> ParameterView:
        holder = next(
            item for item in self.shown.groups if name in [row.name for row in item.parameters]
        )
        since = next(row.frozen_since for row in holder.parameters if row.name == name)
        grad = None if since is not None else array_view(2, 0.004)
        return ParameterView(
            name, SHAPES[name], holder.name, self.shown.step, since, array_view(1, 0.08), grad
        )
