"""A run without training: it takes steps, forks, logs and regroups on demand, for tests."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from tests.app import fake, fake_samples
from tests.app.fake_inspection import batch_view, network_view, weights_view
from tests.remote.snapshots.generated_rates import GeneratedRates
from tuitrain.engines.inspection import FailedInspection, InspectBatch, InspectNetwork
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.branch_tree import BranchNode
from tuitrain.run.history.metric_history import MetricHistory
from tuitrain.run.journal import Journal
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.snapshot import GroupView, Intervention, Phase, Snapshot

LOG_LINES: Final = 20
"""The most lines that the log keeps."""

ODD_NAN: Final = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_BEEF))[0]


class GeneratedRun:
    """Gives snapshots; each method changes something, by the number that it is given."""

    def __init__(self) -> None:
        self._branch = Branch()
        self._left: dict[str, Branch] = {}
        self._made = 0
        self._step = 0
        self._histories = MetricHistory()
        self._rates = GeneratedRates()
        self._journal = Journal()
        self._log = LogCapture(LOG_LINES)
        self._groups = fake.running().groups
        self._shown = fake.starting()
        self._decisions: tuple[Intervention, ...] = ()

    def snapshot(self) -> Snapshot:
        """Return the next snapshot."""
        branch = self._branch
        histories = self._histories.add(self._step, branch, self._left, self._groups)
        self._shown = replace(
            self._shown,
            version=self._shown.version + 1,
            step=self._step,
            loss=branch.loss.series(),
            metrics=branch.metrics.series(),
            groups=self._groups,
            histories=self._rates.add_to(histories, self._step),
            journal=self._journal.entries(),
            interventions=tuple(Intervention(item.step, item.command) for item in self._decisions),
            branch=branch.name,
            parent=branch.node.parent,
            fork=branch.fork,
            branches=tuple(left.view() for left in self._left.values()),
            log=self._log.snapshot(),
        )
        return self._shown

    def take_steps(self, count: int) -> None:
        losses = [math.exp(-(self._step + index) / 50) for index in range(count)]
        if count == 7:
            losses[3], losses[5] = math.nan, ODD_NAN
        self._branch.loss.extend(self._step + 1, losses)
        self._step += count
        self._shown = replace(
            self._shown, phase=Phase.RUNNING, samples_per_second=count / 3, eta=ODD_NAN
        )
        self._groups = tuple(
            replace(
                group,
                lr=group.lr * 0.99,
                grad_norm=math.nan if count == 9 else 1 / (self._step + 1),
                parameters=tuple(
                    replace(row, update_ratio=count / 1000) for row in group.parameters
                ),
            )
            for group in self._groups
        )

    def measure(self, number: int) -> None:
        if self._branch.metrics.last_step >= self._step:
            return
        values = {"accuracy": number / 40}
        if number % 3 == 0:
            values["top5"] = math.nan
        self._branch.metrics.add(self._step, values)

    def go_back(self, number: int) -> None:
        """Leave the branch, and continue on a new one from an earlier step."""
        self._made += 1
        fork = self._step * number // 40
        node = BranchNode(f"b{self._made}", fork, parent=self._branch.name)
        self._left[self._branch.name] = self._branch
        self._branch, self._step = self._branch.fork_at(node), fork
        self._decisions = tuple(item for item in self._decisions if item.step <= fork)
        self._rates.go_back(fork)

    def switch(self, number: int) -> None:
        """Return to a branch that was left."""
        if self._left:
            name = sorted(self._left)[number % len(self._left)]
            self._left[self._branch.name] = self._branch
            self._branch = self._left.pop(name)
            self._step = len(self._branch.loss)
            self._rates.go_back(self._step)

    def drop_branch(self, number: int) -> None:
        if self._left:
            del self._left[sorted(self._left)[number % len(self._left)]]

    def decide(self, number: int) -> None:
        self._journal.add(number, self._step, f"lr fc {number}", "key", "applied", "")
        self._decisions = (*self._decisions, Intervention(self._step, f"lr fc {number}"))

    def change_rate(self, number: int) -> None:
        group = self._groups[number % len(self._groups)]
        self._rates.change(group.name, self._step, number)

    def print_lines(self, number: int) -> None:
        self._log.add("out", "\n".join(f"line {index} é" for index in range(number)))

    def regroup(self, number: int) -> None:
        changes: dict[int, Callable[[tuple[GroupView, ...]], tuple[GroupView, ...]]] = {
            0: lambda groups: groups[::-1],
            1: lambda groups: (*groups, replace(groups[0], name=f"group {len(groups)}")),
            2: lambda groups: groups[1:] or groups,
            3: lambda groups: (replace(groups[0], frozen_since=number), *groups[1:]),
            4: lambda groups: (replace(groups[0], parameters=()), *groups[1:]),
        }
        self._groups = changes[number % 5](self._groups)

    def inspect(self, number: int) -> None:
        shown, step = self._shown, self._step
        kinds = list(fake_samples.KINDS.values())
        view = {
            0: lambda: None,
            1: lambda: weights_view("conv1.weight", (6, 1, 5, 5), "conv", step),
            2: lambda: network_view(fake.running().groups, step),
            3: lambda: batch_view(InspectBatch("next"), step),
            4: lambda: FailedInspection(InspectNetwork(), step, "no"),
            5: lambda: kinds[number % len(kinds)](InspectBatch("mistakes"), step),
        }[number % 6]()
        self._shown = replace(shown, inspection=view)

    def select(self, number: int) -> None:
        source = fake.FakeSource()
        source.select_parameter("conv1.weight" if number % 2 else None)
        cached = tuple(range(number))
        self._shown = replace(self._shown, parameter=source.shown.parameter, cached_steps=cached)


ACTIONS: Final = (
    "take_steps",
    "measure",
    "go_back",
    "switch",
    "drop_branch",
    "decide",
    "change_rate",
    "print_lines",
    "regroup",
    "inspect",
    "select",
)


def perform(run: GeneratedRun, actions: list[tuple[str, int]]) -> Snapshot:
    """Let a run do some actions, and return its next snapshot."""
    for name, number in actions:
        getattr(run, name)(number)
    return run.snapshot()


def long_run(frames: int, seed: int) -> list[Snapshot]:
    """Return snapshots of a run that does anything between them."""
    draw = np.random.default_rng(seed)
    run = GeneratedRun()
    shown: list[Snapshot] = []
    for _ in range(frames):
        count = int(draw.integers(1, 4))
        names = draw.choice(ACTIONS, count, p=[0.4, *[0.06] * 10])
        shown.append(perform(run, [(str(name), int(draw.integers(0, 41))) for name in names]))
    return shown
