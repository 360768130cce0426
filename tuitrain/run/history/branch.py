"""A line of history: its decisions and its curves, from the first step to where it was left."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..snapshot import BranchView
from .curve import Curve
from .state_cache import Decision


@dataclass(slots=True, eq=False)
class Branch:
    """One line of history, from the first step to its tip.

    Attributes
    ----------
    name : ``main``, then ``b1``, ``b2``, …
    fork : the step up to which it is the line that it was made from
    decisions : all that was decided on it, oldest first
    loss, accuracy : its curves
    tip : where it was left; of the present line, where it began
    parent : the line that it is up to its fork; "" of the first
    """

    name: str
    fork: int = 0
    decisions: list[Decision] = field(default_factory=list[Decision])
    loss: Curve = field(default_factory=Curve)
    accuracy: Curve = field(default_factory=Curve)
    tip: int = 0
    parent: str = ""

    def first_non_finite(self) -> int | None:
        """Return the first step whose loss is NaN or infinite, or None."""
        return self.loss.first_non_finite()

    def view(self) -> BranchView:
        """Return what a face shows of the line."""
        return BranchView(
            self.name,
            self.fork,
            self.tip,
            self.loss.series(),
            self.accuracy.series(),
            self.parent,
        )
