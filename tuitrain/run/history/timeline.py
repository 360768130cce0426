"""The timeline: what has been decided and measured so far, and the way back to any of it.

Owns the line of decisions that led here, its curves, the kept states and the branches that were
left. Going back is exact: the nearest kept state is restored and the same steps are taken again,
with the same decisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import zip_longest

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep
from tuitrain.engines.state import EngineState

from ..batches import Batches
from .branch import Branch
from .state_cache import BUDGET_BYTES, Decision, StateCache

RETRAINING = "training again"


def _nobody_waits(step: int, target: int) -> None:
    del step, target


class Timeline:
    """The past of an engine.

    Parameters
    ----------
    engine : stands at its first step
    steps_per_epoch : accuracy is measured at the end of each epoch
    budget : bytes that kept states may take
    cache_every : steps between kept states, before they are thinned
    """

    def __init__(
        self,
        engine: Engine,
        steps_per_epoch: int,
        budget: int = BUDGET_BYTES,
        cache_every: int = 50,
    ) -> None:
        self._keep_every = cache_every
        self._engine = engine
        self._per_epoch = steps_per_epoch
        self.batches = Batches(engine.batch_size, engine.samples_per_epoch, steps_per_epoch)
        self._states = StateCache(budget)
        self._states.add(engine.state(), ())
        self._made = 0
        self.branch = Branch("main")
        self.left_branches: dict[str, Branch] = {}
        self.undone: list[str] = []
        """The lines that an undo has left and a redo can return to, the last at the end."""
        self.on_progress: Callable[[int, int], None] = _nobody_waits
        """Called while steps are taken again: with the step, and the one to get to."""
        self.training: Callable[[], AbstractContextManager[None]] = nullcontext
        """Entered for as long as the engine trains or evaluates, so that it can be timed."""
        self.stops: Sequence[int] = ()
        self.on_stop: Callable[[], None] = lambda: None
        """Called while steps are taken again, at the ``marks`` among them."""
        self.purpose = RETRAINING
        """Why steps are taken just now that are not the run's own, in a few words."""

    @property
    def branches_made(self) -> int:
        """How many lines were made besides the first."""
        return self._made

    def restore(self, state: EngineState, line: Branch, left: Iterable[Branch], made: int) -> None:
        """Stand on a line at a state of it, as an earlier run did.

        Raises
        ------
        StateMismatchError : the state does not fit the engine; nothing was changed
        """
        self._engine.load_state(state)
        self.branch, self.left_branches, self._made = line, {each.name: each for each in left}, made
        undecided = all(each.step < state.step for each in line.decisions)
        if undecided and not self._states.has(state.step, line.decisions):
            self._states.add(replace(state, gradients={}), line.decisions)

    def cached_steps(self) -> tuple[int, ...]:
        """Return the steps of the present line whose states are kept; the same tuple while so."""
        return self._states.steps(self.branch.decisions)

    def discard_state(self, step: int) -> None:
        """Drop the cached state of a step; the steps to it are then trained again when needed."""
        self._states.discard(step)

    def add_decision(self, command: AnyCommand) -> None:
        """Note a command that has changed the engine, at this boundary."""
        self.branch.decisions.append(Decision(self._engine.step, command))
        self.undone = []

    def next_stop(self) -> int:
        """Return the next step at which a state is to be kept."""
        return (self._engine.step // self._keep_every + 1) * self._keep_every

    def advance(
        self,
        steps: int,
        until: Callable[[], bool],
        hold: Callable[[PendingStep], bool] | None = None,
        watch: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take steps, at most to `next_stop`, and note their losses; keep a state when due."""
        before = self._engine.step
        with self.training():
            losses = self._engine.run(min(steps, self.next_stop() - before), until, hold, watch)
        known = len(self.branch.loss)
        self.branch.loss.extend(known + 1, losses[known - before :] if known > before else losses)
        step = self._engine.step
        # Only on arrival: a step that was held leaves us where something may be decided already.
        if (
            losses
            and step % self._keep_every == 0
            and not self._states.has(step, self.branch.decisions)
        ):
            self._states.add(self._engine.state(), self.branch.decisions)
        return losses

    def measure_accuracy(self) -> float:
        """Return the accuracy on the test set now; measured at most once a step."""
        known = self.branch.accuracy.series()
        if not len(known) or known.steps[-1] != self._engine.step:
            with self.training():
                accuracy = self._engine.evaluate()
            self.branch.accuracy.extend(self._engine.step, [accuracy])
        return self.branch.accuracy.last(1)[0]

    def rewind(self, step: int) -> str:
        """Go back to the boundary before ``step``, and return the name of the line left there."""
        kept = [each for each in self.branch.decisions if each.step < step]
        self.undone = []
        return self._leave(kept, common=step, target=step)

    def return_to(self, step: int, decisions: Sequence[Decision]) -> str:
        """Go back to step ``step`` of the line of these decisions, all of them taken.

        Returns
        -------
        The name of the line left here
        """
        self.undone = []
        common = min(step, self._engine.step)
        pairs = zip_longest(self.branch.decisions, decisions)
        apart = [min(each.step for each in pair if each) for pair in pairs if pair[0] != pair[1]]
        return self._leave(list(decisions), common=min([common, *apart]), target=step)

    def undo(self) -> tuple[Decision, str]:
        """Train up to here again without the last decision; return it, and the line left."""
        *kept, last = self.branch.decisions
        left = self._leave(kept, common=last.step, target=self._engine.step)
        self.undone.append(left)
        return last, left

    def redo(self) -> tuple[Decision, str]:
        """Go on with the line that the last undo left, up to here; return as `undo` does."""
        wanted = self.left_branches.pop(self.undone.pop())
        return wanted.decisions[-1], self._take_up(wanted, self._engine.step)

    def switch(self, name: str) -> str:
        """Return to the tip of a line that was left, and return the name of the one left now."""
        self.undone = []
        wanted = self.left_branches.pop(name)
        return self._take_up(wanted, wanted.tip)

    def explore(self, command: AnyCommand, steps: int) -> tuple[Branch, bool]:
        """Take ``steps`` steps from here with a command, on a line of its own, and come back.

        Returns
        -------
        That line, and whether the command changed anything.

        Raises
        ------
        RefusedError : the command cannot be applied; then there is no such line
        """
        here, line = self._engine.step, self.branch
        changed = self._engine.apply(command).changed
        self._made += 1
        self.branch = Branch(
            f"b{self._made}",
            here,
            list(line.decisions),
            line.loss.until(here),
            line.accuracy.until(here),
            parent=line.name,
        )
        # Even if it changed nothing: it is what `undo` takes back on this line.
        self.branch.decisions.append(Decision(here, command))
        self.purpose = f"trying {to_text(command)}"
        self._run_to(here + steps, here + steps)
        self.purpose = RETRAINING
        self._put_aside()
        tried, self.branch = self.branch, line
        self._restore(here)
        return tried, changed

    def _leave(self, decisions: list[Decision], common: int, target: int) -> str:
        """Go on on a new line that is the present one up to ``common``."""
        left = self._put_aside()
        old = self.branch
        self._made += 1
        self.branch = Branch(
            f"b{self._made}",
            common,
            decisions,
            old.loss.until(common),
            old.accuracy.until(common),
            parent=self._origin(old, common),
        )
        self._restore(target)
        return left

    def _origin(self, line: Branch, fork: int) -> str:
        """Return which line it was that had this step first: a fork may lie before a line's own."""
        while fork <= line.fork and line.parent in self.left_branches:
            line = self.left_branches[line.parent]
        return line.name

    def _take_up(self, wanted: Branch, target: int) -> str:
        left = self._put_aside()
        self.branch = wanted
        self._restore(target)
        return left

    def _put_aside(self) -> str:
        self.branch.tip = self._engine.step
        self.left_branches[self.branch.name] = self.branch
        return self.branch.name

    def _restore(self, target: int) -> None:
        """Stand at the boundary before step ``target`` of the present line, all decided there.

        The last step at least is taken again, so that gradients are there as they were. A state
        that another line has left further on would do as well, but the losses up to it are not
        known to this one.
        """
        known = min(max(target - 1, 0), len(self.branch.loss))
        state = self._states.nearest(known, self.branch.decisions)
        assert state is not None, "the first state is never dropped"
        self._engine.load_state(state)
        ahead = [each for each in self.branch.decisions if each.step >= state.step]
        for step in [*sorted({each.step for each in ahead}), target]:
            self._run_to(min(step, target), target)
            for each in ahead:
                if each.step == step:
                    self._engine.apply(each.command)
            ahead = [each for each in ahead if each.step > step]

    def _run_to(self, step: int, target: int) -> None:
        while self._engine.step < step:
            epoch_end = (self._engine.step // self._per_epoch + 1) * self._per_epoch
            mark = next((each for each in self.stops if each > self._engine.step), step)
            self.advance(min(step, epoch_end, mark) - self._engine.step, lambda: False)
            if self._engine.step == mark:
                self.on_stop()
            known = self.branch.accuracy.series()
            at_end = self._engine.step == epoch_end
            if at_end and (not len(known) or known.steps[-1] < epoch_end):
                self.measure_accuracy()
            self.on_progress(self._engine.step, target)

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch, at its end that of the epoch just ended.

        It is the mean over the samples: a last batch that is smaller counts less.
        """
        step = self._engine.step
        if not step:
            return math.nan
        losses = self.branch.loss.last((step - 1) % self._per_epoch + 1)
        return self.batches.mean_loss(losses, step)
