"""The base of the main screen, with the parts that its controllers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.reactive import reactive

from tuitrain.run.snapshot import Snapshot

from ...framework.screens import BaseScreen
from ...keys import KEYS, Key
from ...renderables.charts.chart import last_step
from ...renderables.charts.chart_view import ChartView
from ...source import Source
from ...widgets.charts.chart import Chart
from ...widgets.status_line import StatusLine
from ...widgets.tables.groups import GroupsTable

ENDS_WITH_SCREEN = "It ends with the screen."
"""Why a run cannot be detached, if there is no other reason."""


class Deck(BaseScreen[None]):
    """The run, what is shown of it, and the panels; its behavior is in `Controller` objects.

    Parameters
    ----------
    source : the run
    record : the folder that the run is recorded in; None if it is not recorded
    read_only : refuse every command
    """

    read_only_notice: ClassVar[str] = "read-only: this screen shows the run and does not steer it"
    """The reply to a command where ``read_only`` is set."""

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """The newest snapshot; every panel is bound to it, and repaints what differs."""

    held: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether the display keeps the present snapshot while the run continues."""

    chart_view: reactive[ChartView] = reactive(ChartView(), init=False, repaint=False)
    """Which steps all charts show, and how."""

    def __init__(self, source: Source, record: Path | None = None, read_only: bool = False) -> None:
        super().__init__(id="deck-screen")
        self.source = source
        self.record = record
        self.read_only = read_only
        self.no_record_notice = "this run keeps no record to save"
        """Why a run without ``record`` cannot be saved here."""
        self.detach_problem: Callable[[], str] = lambda: ENDS_WITH_SCREEN
        """Returns why the run cannot continue in a process of its own when the screen is left."""
        self.detaches = False
        """Whether the user has chosen that."""

    def register(self, controllers: Iterable[Controller]) -> None:
        """Make the controllers' actions this screen's own; a later controller replaces an action.

        Textual looks an action up as a method ``action_NAME`` of the screen. The keys come from
        the key table, by the same name.
        """
        for controller in controllers:
            for name, method in controller.actions().items():
                setattr(self, f"action_{name}", method)

    @property
    def status(self) -> StatusLine:
        """The line that shows replies."""
        return self.query_one(StatusLine)

    @property
    def table(self) -> GroupsTable:
        """The groups table."""
        return self.query_one(GroupsTable)

    @property
    def visible_charts(self) -> list[Chart]:
        """The charts that the present layout shows."""
        return [chart for chart in self.query(Chart) if chart.room.area]

    @property
    def last_step(self) -> int:
        """The last step of the charts' common axis."""
        if self.snapshot is None:
            return 2
        return last_step(self.snapshot, self.chart_view.pinned)

    def show_keys(self) -> None:
        """Show the present effect of every key in the footer."""
        raise NotImplementedError


class Controller:
    """A part of a deck's behavior: methods ``action_NAME``, each run by the keys of that action."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck

    @classmethod
    def action_names(cls) -> list[str]:
        """Return the names of this controller's actions."""
        return [
            name.removeprefix("action_")
            for kind in cls.__mro__
            for name in vars(kind)
            if name.startswith("action_")
        ]

    @classmethod
    def declared_keys(cls) -> list[Key]:
        """Return the keys of the main screen that run this controller's actions."""
        names = cls.action_names()
        return [key for key in KEYS if key.action.partition("(")[0] in names]

    def actions(self) -> dict[str, Callable[..., None]]:
        """Return the bound actions by name."""
        return {name: getattr(self, f"action_{name}") for name in self.action_names()}
