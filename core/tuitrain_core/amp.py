"""Mixed precision, for scripts that ask for it: everything is computed in float32."""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any

from .autodiff import GradManager
from .logger import warn_once


class autocast(ContextDecorator):  # noqa: N801
    """A context or decorator in which MegEngine computes in float16. It has no effect.

    Parameters
    ----------
    enabled : if True, a warning says once that it has no effect
    options : ignored
    """

    def __init__(self, enabled: bool = True, **options: Any) -> None:  # noqa: ARG002
        self.enabled = enabled
        if enabled:
            warn_once("amp.autocast has no effect: everything is computed in float32")

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


class GradScaler:
    """Scales losses for float16 in MegEngine. Here the factor is 1.

    Parameters
    ----------
    options : ignored
    """

    scale_factor = 1.0

    def __init__(self, *options: Any, **more: Any) -> None:
        pass

    def backward(self, gm: GradManager, y: Any = None, dy: Any = None) -> None:
        """Differentiate; see `GradManager.backward`."""
        gm.backward(y, dy)

    def update(self, new_scale: float | None = None) -> None:
        """Do nothing: the factor stays 1."""
