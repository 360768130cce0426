"""The peers: scripts that serve the protocol in their own processes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from tuitrain.errors import TuitrainError, did_you_mean


@dataclass(frozen=True, slots=True)
class Peer:
    """A library to measure.

    Attributes
    ----------
    command : the command of its process
    needs : the package that it needs; "" for none
    quick : whether it is part of a quick benchmark
    setup : approximate seconds of preparation per cell
    """

    name: str
    command: Sequence[str]
    needs: str = ""
    quick: bool = True
    setup: float = 1.0

    @property
    def installed(self) -> bool:
        """Whether its package is installed."""
        return not self.needs or find_spec(self.needs) is not None


def _peer(name: str, module: str, setup: float, needs: str = "", quick: bool = True) -> Peer:
    return Peer(name, (sys.executable, "-m", f"{__name__}.{module}"), needs, quick, setup)


def select_peers(without: Sequence[str], quick: bool) -> list[Peer]:
    """Return the installed peers without those of these names.

    Raises
    ------
    TuitrainError : there is no such peer
    """
    names = [peer.name for peer in PEERS if peer is not TUITRAIN]
    for name in without:
        if name not in names:
            raise TuitrainError(
                f"--without: the benchmark has no peer {name!r}{did_you_mean(name, names)} "
                f"(peers: {', '.join(names)})"
            )
    return [
        peer
        for peer in PEERS
        if peer.installed and (peer.quick or not quick) and peer.name not in without
    ]


TUITRAIN: Final = _peer("tuitrain", "embedded_engine", 1.0)
PEERS: Final = (
    TUITRAIN,
    _peer("torch eager", "torch_eager", 1.5, "torch"),
    _peer("torch.compile", "torch_compile", 20.0, "torch", quick=False),
    _peer("JAX jit", "jax_jit", 2.0, "jax"),
    _peer("JAX scan", "jax_scan", 3.0, "jax"),
    _peer("NumPy", "numpy_arrays", 0.6),
)
