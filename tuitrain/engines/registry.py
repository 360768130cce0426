"""The engines by name; an engine is imported on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from tuitrain.errors import RefusedError, did_you_mean

from .factory import EngineFactory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuitrain.metric_info import MetricInfo

    from .embedded.script.engine import ScriptEngine
    from .torch.script.engine import TorchScriptEngine
    from .torch.script.ranks.channel import Channel

DEFAULT_ENGINE: Final = "embedded"
"""The engine of a scenario that names none."""

SCRIPT_ENGINE: Final = "script"
"""The engine in the records of scripts; it is made by `steer_script` and not by a factory."""

IMPORTED_ENGINE: Final = "imported"
"""The engine in the records of logs of other programs; there is none."""

ONLY_IMPORTED: Final = (
    "this run was imported from the logs of another program; it can be shown and compared, and "
    "neither replayed nor resumed"
)
"""Why the record of an imported log is neither replayed nor resumed."""

ONLY_THE_SCRIPT: Final = (
    "this run was trained by the loop of a script, which is not in the record; only running the "
    "script again repeats it"
)
"""Why the record of a script is neither replayed nor resumed."""


def _load_embedded() -> EngineFactory:
    from .embedded.environment import check_processor
    from .embedded.factory import EmbeddedFactory

    check_processor()
    return EmbeddedFactory()


def _load_torch() -> EngineFactory:
    if find_spec("torch") is None:
        raise RefusedError("the engine torch needs PyTorch: pip install 'tuitrain[torch]'")
    from .torch.factory import TorchFactory

    return TorchFactory()


_LOADERS: Final[Mapping[str, Callable[[], EngineFactory]]] = {
    "embedded": _load_embedded,
    "torch": _load_torch,
}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines."""
    return tuple(_LOADERS)


def engine_factory(name: str = DEFAULT_ENGINE) -> EngineFactory:
    """Return the factory of an engine.

    Raises
    ------
    RefusedError : no engine has that name, or it is that of scripts or of imported logs
    TuitrainError : see `check_processor`
    """
    if name == SCRIPT_ENGINE:
        raise RefusedError(ONLY_THE_SCRIPT)
    if name == IMPORTED_ENGINE:
        raise RefusedError(ONLY_IMPORTED)
    load = _LOADERS.get(name)
    if load is None:
        names = engine_names()
        hint = did_you_mean(name, names)
        raise RefusedError(f"no engine is called {name!r}{hint} (engines: {', '.join(names)})")
    return load()


def steer_script(
    net: Any,
    optimizer: Any,
    steps_per_epoch: int,
    metrics: Sequence[MetricInfo],
    loader: Any = None,
    on_first_step: Callable[[], None] = lambda: None,
) -> ScriptEngine:
    """Make the engine that steers the loop of a script; the parameters are those of `ScriptEngine`.

    Raises
    ------
    RefusedError : the optimizer is of another kind, or does not fit the network
    TuitrainError : see `check_processor`
    """
    from .embedded.environment import check_processor
    from .embedded.script.engine import ScriptEngine

    check_processor()
    return ScriptEngine(net, optimizer, steps_per_epoch, metrics, loader, on_first_step)


def steer_torch_script(
    net: Any,
    optimizer: Any,
    steps_per_epoch: int,
    metrics: Sequence[MetricInfo],
    loader: Any,
    accumulate: int,
    objects: Mapping[str, Any],
    channel: Channel | None = None,
) -> TorchScriptEngine:
    """Make the engine that steers the loop of a script in PyTorch.

    Parameters
    ----------
    net : a `torch.nn.Module`
    optimizer : one of `torch.optim`, or several
    steps_per_epoch : the length of an epoch, for schedules
    metrics : what the script reports
    loader : gives the batches; None if the loop fetches its own
    accumulate : batches of a step
    objects : further parts of the state, by name
    channel : to the other ranks of a training in several processes, as `join_torch_ranks` gives it

    Raises
    ------
    RefusedError : they do not fit each other, or cannot be steered
    """
    from .torch.script import steering

    # Without PyTorch, pyright does not know the types of its modules.
    return steering.steer(  # pyright: ignore[reportUnknownMemberType]
        net, optimizer, steps_per_epoch, metrics, loader, accumulate, objects, channel
    )


def join_torch_ranks() -> Channel | None:
    """Return the channel to the other ranks of a training; None in a training of one process.

    Called by all ranks together.

    Raises
    ------
    RefusedError : the process is one of several, and its process group is not made yet
    """
    from .torch.script.ranks import join

    return join.join_ranks()  # pyright: ignore[reportUnknownMemberType]


def torch_seed() -> int | None:
    """Return the seed that a script in PyTorch has set; None if it has set none."""
    from .torch.rng import process_seed

    return process_seed()  # pyright: ignore[reportUnknownMemberType]


def is_torch_module(value: object) -> bool:
    """Whether a value is a module of PyTorch; torch is not imported for the answer."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def is_core_module(value: object) -> bool:
    """Whether a value is a module of the core."""
    from tuitrain_core.module import Module

    return isinstance(value, Module)
