"""The run of a library's training loop: when it begins, what it reports, and how it is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tuitrain.errors import RefusedError
from tuitrain.script.arguments import Logs, Plan
from tuitrain.script.torch_run import TorchRun
from tuitrain.script.watch import watch


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `watch` that a callback takes.

    Attributes
    ----------
    metrics : the names of the library's metrics that are recorded, the main one first; or a single
        name
    plan, scenario, name, out, limits, log : see `watch`
    """

    metrics: str | Sequence[str]
    plan: Plan | None = None
    scenario: str | Path | None = None
    name: str | None = None
    out: str | Path | None = None
    limits: Mapping[str, Any] | None = None
    log: Logs = ()


class LibraryRun:
    """Steers the loop of a library from its callbacks.

    A stop does not raise `StoppedError` in the library: `is_stopped` asks the callback to end the
    loop in the library's own way.

    Parameters
    ----------
    options : for `watch`

    Attributes
    ----------
    run : the run; None before the training and after it
    is_stopped : whether the run was stopped
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.run: TorchRun | None = None
        self.is_stopped = False

    def begin(
        self, net: Any, optimizers: Sequence[Any], steps: int | None, per_epoch: int | None
    ) -> None:
        """Begin a run; one before it is ended.

        Parameters
        ----------
        steps, per_epoch : the length of the run and of an epoch, as far as they are known

        Raises
        ------
        TuitrainError : see `watch`
        """
        self.end()
        options = self._options
        self.is_stopped = False
        run = self.run = watch(
            net,
            list(optimizers),
            steps=steps,
            steps_per_epoch=per_epoch,
            metrics=options.metrics,
            plan=options.plan,
            limits=options.limits,
            log=options.log,
            scenario=options.scenario,
            name=options.name,
            out=options.out,
        )
        run.handle_stop(self._stop)

    def log(self, values: Mapping[str, Any]) -> None:
        """Report those metrics that the run records."""
        metrics = self._options.metrics
        names = (metrics,) if isinstance(metrics, str) else metrics
        known = {name: float(values[name]) for name in names if name in values}
        if self.run is not None and known:
            self.run.log(**known)

    def end(self, error: BaseException | None = None) -> None:
        """End the run, if there is one.

        Raises
        ------
        ExpectationError : see `LoopRun.finish`
        """
        if self.run is not None:
            run, self.run = self.run, None
            run.finish(error)

    def _stop(self) -> None:
        self.is_stopped = True


class LibraryCallback:
    """The common base of the callbacks of all libraries: the arguments of `watch`, and the run.

    Parameters
    ----------
    metrics, plan, scenario, name, out, limits, log : see `Options`; default of the metrics:
        `default_metrics`

    Attributes
    ----------
    default_metrics : the names of the library's metrics that are recorded by default
    """

    default_metrics: ClassVar[Sequence[str]] = ()

    def __init__(
        self,
        metrics: str | Sequence[str] | None = None,
        plan: Plan | None = None,
        scenario: str | Path | None = None,
        name: str | None = None,
        out: str | Path | None = None,
        limits: Mapping[str, Any] | None = None,
        log: Logs = (),
    ) -> None:
        names = self.default_metrics if metrics is None else metrics
        self._library = LibraryRun(Options(names, plan, scenario, name, out, limits, log))

    @property
    def run(self) -> TorchRun | None:
        """The run, while the Trainer trains."""
        return self._library.run


def check_one_process(count: int) -> None:
    """Check that the training has one process.

    Raises
    ------
    RefusedError : it has several
    """
    if count > 1:
        raise RefusedError(
            f"tuitrain steers a training in one process, and this one has {count}: a command "
            "would change one of them only"
        )
