"""Who is measured: each a script that serves the protocol in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from tuitrain.errors import TuitrainError, did_you_mean


@dataclass(frozen=True, slots=True)
class Peer:
    """A contender.

    Attributes
    ----------
    command : starts its process
    needs : the package that it is about; "" if there is nothing to install
    quick : whether it is ready soon enough to be measured in passing
    setup : about how many seconds it takes until it can be timed in a cell
    """

    name: str
    command: Sequence[str]
    needs: str = ""
    quick: bool = True
    setup: float = 1.0

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return not self.needs or find_spec(self.needs) is not None


def _peer(name: str, module: str, setup: float, needs: str = "", quick: bool = True) -> Peer:
    return Peer(name, (sys.executable, "-m", f"{__name__}.{module}"), needs, quick, setup)


def chosen(without: Sequence[str], quick: bool) -> list[Peer]:
    """Return who is measured: whoever is installed, but for the peers of these names.

    Raises
    ------
    TuitrainError : there is no such peer
    """
    names = [each.name for each in PEERS if each is not OURS]
    for name in without:
        if name not in names:
            raise TuitrainError(
                f"--without: the benchmark has no peer {name!r}{did_you_mean(name, names)} "
                f"(peers: {', '.join(names)})"
            )
    return [
        each
        for each in PEERS
        if each.installed and (each.quick or not quick) and each.name not in without
    ]


OURS: Final = _peer("tuitrain", "ours", 1.0)
PEERS: Final = (
    OURS,
    _peer("torch eager", "torch_eager", 1.5, "torch"),
    _peer("torch.compile", "torch_compile", 20.0, "torch", quick=False),
    _peer("JAX jit", "jax_jit", 2.0, "jax"),
    _peer("JAX scan", "jax_scan", 3.0, "jax"),
    _peer("NumPy", "numpy_arrays", 0.6),
)
