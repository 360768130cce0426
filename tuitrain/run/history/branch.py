"""A branch of a run: a node of the branch tree, with its curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from tuitrain.commands import to_text

from ..snapshot import BranchView, Intervention
from .branch_tree import BranchNode
from .common_length import common_length
from .curve import Curve
from .metric_curves import MetricCurves
from .state_cache import Decision

_Interventions: TypeAlias = tuple[tuple[Decision, ...], tuple[Intervention, ...]]
"""Decisions, and their interventions as screens show them."""


@dataclass(slots=True, eq=False)
class Branch:
    """A branch, from the first step of the run to its tip.

    Attributes
    ----------
    node : its place in the branch tree
    loss, metrics : its curves
    """

    node: BranchNode[Decision] = field(default_factory=lambda: BranchNode("main"))
    loss: Curve = field(default_factory=Curve)
    metrics: MetricCurves = field(default_factory=MetricCurves)
    _shown: _Interventions = field(default=((), ()), init=False, repr=False)

    @property
    def name(self) -> str:
        """Its name: ``main``, then ``b1``, ``b2``, …."""
        return self.node.name

    @property
    def fork(self) -> int:
        """The step up to which it equals its parent."""
        return self.node.fork

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions on it, oldest first."""
        return self.node.decisions

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """All decisions on it as text; the same tuple until one is added or taken back.

        A text takes 5 µs, and a snapshot is built 12 times a second.
        """
        known, shown = self._shown
        decisions = self.decisions
        if known is not decisions:
            keep = common_length(known, decisions)
            added = [Intervention(item.step, to_text(item.command)) for item in decisions[keep:]]
            shown = (*shown[:keep], *added)
            self._shown = decisions, shown
        return shown

    def fork_at(self, node: BranchNode[Decision]) -> Branch:
        """Return a branch with the curves of this one up to its fork."""
        return Branch(node, self.loss.until(node.fork), self.metrics.until(node.fork))

    def first_non_finite(self) -> int | None:
        """Return the first step whose loss is NaN or infinite, or None."""
        return self.loss.first_non_finite()

    def view(self) -> BranchView:
        """Return the branch as a snapshot shows it."""
        return BranchView(
            self.name,
            self.fork,
            self.node.tip,
            self.loss.series(),
            self.metrics.series(),
            self.node.parent,
        )
