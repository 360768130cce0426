"""The hosts of a script's runs: the first run is under the screen, say, and later ones are not."""

from __future__ import annotations

from .headless_host import HeadlessHost
from .host import Host


class ScriptHosts:
    """Gives each run of a script a host of its own, as for the folds of a cross-validation.

    Parameters
    ----------
    first : of the script's first run
    private : serve later runs to no other process
    """

    def __init__(self, first: Host, private: bool = False) -> None:
        self.first = first
        self._private = private
        self._later: list[HeadlessHost] = []

    def choose(self) -> Host:
        """Return the host of the next run; the first one until a run has it."""
        if self.first.end_loop is None:
            return self.first
        self._later.append(HeadlessHost(private=self._private))
        return self._later[-1]

    def end_loops(self, error: BaseException | None) -> None:
        """End the runs that have not ended yet, with what has ended the script."""
        for host in (self.first, *self._later):
            if host.end_loop is not None:
                host.end_loop(error)

    @property
    def has_later_failed(self) -> bool:
        """Whether a run after the first has failed, or its plan was refused or does not hold."""
        return any(host.has_failed for host in self._later)
