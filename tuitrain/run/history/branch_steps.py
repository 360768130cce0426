"""The steps of a branch: taking, measuring, caching and retraining them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from tuitrain.engines.capabilities import Capability
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep
from tuitrain.engines.trainable import ignore_batch
from tuitrain.predicates import never

from ..batches import Batches
from .branch import Branch
from .state_cache import StateCache
from .tip_digests import TipDigests, digest_parameters


def _ignore_difference(what: str) -> None:
    del what


def _ignore_progress(step: int, target: int) -> None:
    del step, target


class BranchSteps:
    """Takes the steps of the branch that a run is on.

    Parameters
    ----------
    engine : before its first step
    branch : the first branch
    steps_per_epoch : the length of an epoch
    budget : bytes that cached states may take
    cache_every : steps between cached states, before they are thinned out
    evaluate_every : steps between measurements on the test set; 0 for an epoch
    batch_size : the samples of a step, where the engine does not know it, or 0

    Attributes
    ----------
    branch : the branch that the run is on
    stops : steps at which `on_stop` is called while steps are retrained
    also_cached : one more step whose state is cached, or 0
    """

    def __init__(
        self,
        engine: Engine,
        branch: Branch,
        steps_per_epoch: int,
        budget: int,
        cache_every: int,
        evaluate_every: int,
        batch_size: int,
    ) -> None:
        self._cache_every = cache_every
        self._engine = engine
        self._per_epoch = steps_per_epoch
        self._evaluate_every = evaluate_every or steps_per_epoch
        size, samples = engine.batch_size, engine.samples_per_epoch
        if batch_size > 1 and (size, samples) == (1, steps_per_epoch):  # it counts its steps
            size, samples = batch_size, batch_size * steps_per_epoch
        self.batches = Batches(size, samples, steps_per_epoch)
        self._states = StateCache(budget)
        # An engine that cannot go back needs no states; each takes the memory of a whole network.
        self._keeps_states = Capability.REWIND in engine.capabilities
        if self._keeps_states:
            self._states.add(engine.state(), ())
        self.branch = branch
        self.on_progress: Callable[[int, int], None] = _ignore_progress
        """Called while steps are retrained, with the present step and the last one."""
        self.training: Callable[[], AbstractContextManager[None]] = nullcontext
        """A context that is entered while the engine trains or evaluates, to time it."""
        self.on_difference: Callable[[str], None] = _ignore_difference
        """Called with a clause about the difference between a retrained step and the first one."""
        self._tips = TipDigests()
        self.stops: Sequence[int] = ()
        self.on_stop: Callable[[], None] = lambda: None
        self.also_cached = 0

    def cached_steps(self) -> tuple[int, ...]:
        """Return the steps of this branch with cached states; the same tuple while unchanged."""
        return self._states.steps(self.branch.decisions)

    def discard_state(self, step: int) -> None:
        """Drop the cached state of a step; steps are retrained instead when needed."""
        self._states.discard(step)

    def next_stop(self) -> int:
        """Return the next step at which a state is due for the cache."""
        step = self._engine.step
        due = (step // self._cache_every + 1) * self._cache_every
        return min(due, self.also_cached) if step < self.also_cached else due

    def advance(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take steps, at most up to `next_stop`, and add their losses; cache a state when due.

        The parameters are those of `Engine.run`.
        """
        before = self._engine.step
        steps = min(steps, self.next_stop() - before)
        with self.training():
            losses = self._engine.run(steps, should_stop, should_hold, hold_condition)
        known = len(self.branch.loss)
        if known > before:
            self._compare(before, losses)
        self.branch.loss.extend(known + 1, losses[known - before :] if known > before else losses)
        step, decisions = self._engine.step, self.branch.decisions
        # Only after progress: at the boundary of a held step, decisions may exist already.
        is_due = step % self._cache_every == 0 or step == self.also_cached
        if losses and is_due and self._keeps_states and not self._states.has(step, decisions):
            self._states.add(self._engine.state(), decisions)
        return losses

    def _compare(self, before: int, losses: Sequence[float]) -> None:
        """Compare the losses of retrained steps with their earlier losses."""
        known = self.branch.loss.between(before, before + len(losses))
        for index, (was, now) in enumerate(zip(known, losses, strict=False)):
            if was != now and not (math.isnan(was) and math.isnan(now)):
                step = before + index + 1
                what = f"step {step} was trained again with a loss of {now!r}, and had {was!r}"
                self.on_difference(what)
                return

    def measure(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return the metrics of the test set now, by name; measured at most once a step.

        Parameters
        ----------
        on_batch : called after each batch of the test set; see `Trainable.evaluate`
        """
        step, metrics = self._engine.step, self.branch.metrics
        if metrics.last_step != step:
            with self.training():
                values = self._engine.evaluate(on_batch)
            metrics.add(step, values)
        return metrics.at(step)

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch; at its end, of the epoch just ended.

        Samples weigh equally, so a smaller last batch counts less.
        """
        step = self._engine.step
        if not step:
            return math.nan
        losses = self.branch.loss.last((step - 1) % self._per_epoch + 1)
        return self.batches.mean_loss(losses, step)

    def _retrain_to(self, target: int) -> None:
        """Go to the boundary before step ``target`` of the current branch, with its decisions.

        At least the last step is retrained, for its gradients. A later state of another branch
        would serve too, but this branch lacks the losses up to it.
        """
        known = min(max(target - 1, 0), len(self.branch.loss))
        state = self._states.nearest(known, self.branch.decisions)
        assert state is not None, "the first state is never dropped"
        self._engine.load_state(state)
        ahead = [decision for decision in self.branch.decisions if decision.step >= state.step]
        for step in [*sorted({decision.step for decision in ahead}), target]:
            self._run_to(min(step, target), target)
            if step == target and state.step < target:
                self._compare_end()
            for decision in ahead:
                if decision.step == step:
                    self._engine.apply(decision.command)
            ahead = [decision for decision in ahead if decision.step > step]

    def _compare_end(self) -> None:
        """Compare the parameters after the last retrained step with the earlier ones.

        The losses do not show the effect of the update of that step.
        """
        step, decisions, parameters = (
            self._engine.step,
            self.branch.decisions,
            self._engine.parameters,
        )
        known = self._states.nearest(step, decisions)
        differs = self._tips.differs(self.branch.name, step, parameters)
        if known is not None and known.step == step:
            differs = differs or digest_parameters(known.parameters) != digest_parameters(
                parameters()
            )
        if differs:
            self.on_difference(
                f"step {step} was trained again and left other parameters than before"
            )

    def _run_to(self, step: int, target: int) -> None:
        while self._engine.step < step:
            due = (self._engine.step // self._evaluate_every + 1) * self._evaluate_every
            stop = next((later for later in self.stops if later > self._engine.step), step)
            self.advance(min(step, due, stop) - self._engine.step, never)
            if self._engine.step == stop:
                self.on_stop()
            now = self._engine.step
            is_due = now == due or self._engine.has_reported
            if is_due and self.branch.metrics.last_step < now:
                self.measure()
            self.on_progress(self._engine.step, target)
