"""The run of a loop in PyTorch; torch is not imported here."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuitrain.engines.loops.turns import StoppedError
from tuitrain.engines.registry import join_torch_ranks, steer_torch_script
from tuitrain.errors import RefusedError
from tuitrain.records.provenance import RANKS
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo

from .arguments import Plan, check_count, check_loader
from .follower_host import FollowerHost
from .loop_run import LoopRun
from .plan_file import PlanFile, commands_of
from .rank_session import check_host, prepare_engine, prepare_session

if TYPE_CHECKING:
    from tuitrain.engines.registry import TorchScriptEngine

    _Base = LoopRun[TorchScriptEngine]
else:
    _Base = LoopRun


_WATCHED: weakref.WeakSet[Any] = weakref.WeakSet()
"""The networks with a run that has not ended."""


class TorchRun(_Base):
    """The run of a loop that trains with PyTorch; `watch` returns it.

    Its methods are called by the loop. It ends with the script, or with `finish`.
    """

    _engine_name = "torch"

    def __init__(
        self,
        net: Any,
        optimizer: Any,
        info: RunInfo,
        plan: Plan | PlanFile,
        loader: Any,
        out: str | Path | None,
        schedulers: Any,
        scaler: Any,
    ) -> None:
        if net in _WATCHED:
            raise RefusedError("this network is watched already; end that run first: run.finish()")
        self._channel = channel = join_torch_ranks()
        if channel is not None and channel.rank:
            super().__init__(info, plan, channel.share(""), FollowerHost())
        else:
            super().__init__(info, plan, out)
            if channel is not None:
                check_host(self._host)
                channel.share(str(self._out))
                self._provenance[RANKS] = str(channel.size)
        self._net, self._optimizer, self._loader = net, optimizer, loader
        self._scaler = scaler
        self._objects = _objects(schedulers, scaler)
        self._accumulate = 1
        self._clears = False
        self._engine = self._make_engine(None)
        self._check_plan()
        self._engine.loop.install(self._start)
        _WATCHED.add(net)
        self._begin()

    @property
    def steps_taken(self) -> int:
        """Steps taken."""
        return self._engine.loop.step

    def step(self, loss: Any = None) -> None:
        """Update the parameters: step the optimizers, through the scaler if there is one.

        The gradients are cleared before the next batch.

        Parameters
        ----------
        loss : of this step, a tensor of one number

        Raises
        ------
        RefusedError : the loss is not a number, or no parameter has a gradient
        """
        self._engine.loop.prepare_step(loss)
        for optimizer in self._engine.optimizers:
            if self._scaler is None:
                optimizer.step()
            else:
                self._scaler.step(optimizer)
        if self._scaler is not None:
            self._scaler.update()
        self._clears = True
        if not self._has_batches:
            self._clear()

    def batches(
        self, loader: Any = None, epochs: int | None = None, accumulate: int = 1
    ) -> Iterator[Any]:
        """Yield the batches of all epochs, each a function of its step, so the run can go back.

        After a rewind, an undo or a return to a branch, the batch of another step follows. The
        body of the loop takes one step for each batch, or for each ``accumulate`` batches.
        Within `epochs`, the rest of the present epoch is yielded.

        Parameters
        ----------
        loader : a DataLoader, or another iterable with a length (default: that of `watch`)
        epochs : how often (default: the number that `watch` has)
        accumulate : batches of one step

        Raises
        ------
        RefusedError : the loader has no length, the number of epochs is not known, or the loop has
            begun already
        """
        if self._in_epochs:
            return self._epoch_batches()
        self._prepare(loader, epochs, accumulate)
        return self._all_batches()

    def epochs(
        self, loader: Any = None, epochs: int | None = None, accumulate: int = 1
    ) -> Iterator[int]:
        """Yield the numbers of the epochs, for a loop within which `batches` yields the batches.

        After a return to another epoch, that epoch follows; what the loop does after the batches
        of the epoch that it has left does not count. The parameters are those of `batches`.
        """
        self._prepare(loader, epochs, accumulate)
        self._in_epochs = True
        return self._all_epochs()

    _in_epochs = False
    _has_batches = False
    _has_followed = False

    def _prepare(self, loader: Any, epochs: int | None, accumulate: int) -> None:
        if self._has_started:
            raise RefusedError("run.batches comes before the first optimizer.step()")
        chosen = self._loader if loader is None else loader
        if chosen is None:
            raise RefusedError("run.batches takes the loader: run.batches(loader, epochs=N)")
        check_loader("run.batches", chosen)
        check_count("accumulate", accumulate, required=True)
        check_count("epochs", epochs)
        self._accumulate = accumulate
        self._engine.loop.end()
        self._engine = self._make_engine(chosen)
        self._engine.loop.install(self._start)
        self._has_batches = True
        per_epoch = len(chosen)
        total = self.info.total_steps
        if epochs is not None:
            total = epochs * per_epoch // accumulate
        elif self.info.is_open:
            raise RefusedError("run.batches needs the number of epochs: epochs=N")
        self.info = replace(
            self.info,
            total_steps=total,
            steps_per_epoch=max(1, per_epoch // accumulate),
            batch_size=self._engine.batch_size * accumulate,
        )
        if total < 1:
            raise RefusedError(f"a run takes at least one step, but was given {total}")
        commands_of(self._plan, self.info)

    def _make_engine(self, loader: Any) -> TorchScriptEngine:
        per_epoch = self.info.steps_per_epoch
        if loader is not None and hasattr(loader, "__len__"):
            per_epoch = max(1, len(loader) // self._accumulate)
        engine = steer_torch_script(
            self._net,
            self._optimizer,
            per_epoch,
            self.info.metrics,
            loader,
            self._accumulate,
            self._objects,
            self._channel,
        )
        if self._channel is not None:
            prepare_engine(engine, self._out)
        return engine

    def _all_batches(self) -> Iterator[Any]:
        self._start()
        loop = self._engine.loop
        while True:
            loop.visit()
            batch = self._next()
            if batch is None:
                return
            yield from self._parts(batch)

    def _all_epochs(self) -> Iterator[int]:
        self._start()
        loop = self._engine.loop
        while True:
            loop.visit()
            if loop.turns.is_released:
                return
            self._engine.reload()
            yield self._engine.loop.step // self.info.steps_per_epoch

    def _epoch_batches(self) -> Iterator[Any]:
        """Yield the batches to the end of the epoch, or until the run goes to another epoch."""
        loop, per_epoch = self._engine.loop, self.info.steps_per_epoch
        epoch = self._engine.loop.step // per_epoch
        while True:
            batch = self._next()
            if batch is None:
                return
            yield from self._parts(batch)
            if self._engine.loop.step % per_epoch == 0 and not loop.has_jumped:
                return  # the boundary after the epoch is visited after the rest of its body
            loop.visit()
            if self._engine.loop.step // per_epoch != epoch:
                self._engine.leave_epoch()
                return

    def _next(self) -> Any:
        if self._clears:
            self._clear()
        return self._engine.loop.next_batch()

    def _parts(self, batch: Any) -> Iterator[Any]:
        """Yield the batches of one step, and check that the body has taken it."""
        loop = self._engine.loop
        taken = loop.updates
        yield batch
        for part in range(1, self._accumulate):
            yield loop.next_part(part)
        if loop.updates > taken or loop.has_jumped:
            return
        if self._scaler is None and not loop.has_skipped:
            raise RefusedError(
                "the body of the loop did not call optimizer.step(); where a GradScaler has "
                "skipped it, tell watch: watch(…, scaler=scaler)"
            )
        loop.skip()

    def _clear(self) -> None:
        for optimizer in self._engine.optimizers:
            optimizer.zero_grad()
        self._clears = False

    @property
    def _follows(self) -> bool:
        """Whether the session is in another process, that of rank 0."""
        return isinstance(self._host, FollowerHost)

    @property
    def _has_started(self) -> bool:
        return self._has_followed or super()._has_started

    def _start(self) -> None:
        if self._follows:
            self._has_followed = True
            return
        try:
            super()._start()
        except StoppedError:  # a repetition is refused; the process that has asked says why
            self._engine.stop_ranks()
            raise

    def _session_with(self, recorder: Recorder) -> Session:
        session = super()._session_with(recorder)
        with suppress(Exception):  # the run is worth more than a picture of an odd network
            recorder.network(self._engine.outline_network())
        if self._channel is not None:
            prepare_session(session, self._engine)
        return session

    def _checkpoint_policy(self) -> CheckpointPolicy:
        policy = super()._checkpoint_policy()
        return policy.for_loop() if self._has_batches else policy

    def _end(self, error: BaseException | None = None) -> None:
        if self._engine.checks.is_forked or self._has_finished:
            return  # of a fork, the run is that of the parent process
        super()._end(error)
        if self._has_started and self._script_end.error is None:
            self._engine.leave()

    def _detach(self) -> None:
        _WATCHED.discard(self._net)


def _objects(schedulers: Any, scaler: Any) -> Mapping[str, Any]:
    """Return the objects that are part of the state, by name."""
    listed = schedulers if isinstance(schedulers, list | tuple) else (schedulers,)
    listed = () if schedulers is None else listed
    objects = {f"scheduler{index}": item for index, item in enumerate(listed)}
    return objects if scaler is None else {**objects, "scaler": scaler}
