"""Access of a panel to the inspection that its screen shows."""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

from textual.widget import Widget

from tuitrain.engines.inspection import Inspection

from ..renderables.rows import Row


@runtime_checkable
class InspectionScreen(Protocol):
    """A screen that shows an inspection.

    Attributes
    ----------
    inspection : the newest inspection; None until the run has replied
    """

    inspection: Inspection | None

    def placeholder_rows(self, width: int) -> list[Row]:
        """Return rows that say why there is no inspection."""
        ...


def inspection_of(panel: Widget) -> Inspection | None:
    """Return the newest inspection of a panel's screen; None if there is none."""
    return panel.screen.inspection if isinstance(panel.screen, InspectionScreen) else None


def placeholder_rows(panel: Widget, width: int) -> list[Row]:
    """Return the rows of a panel without an inspection: the reason for that."""
    return cast(InspectionScreen, panel.screen).placeholder_rows(width)
