"""The app over a run: polls the source and passes its snapshots to the screens."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from msgspec import structs
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import Binding, BindingType
from textual.constants import DEFAULT_THEME
from textual.dom import DOMNode
from textual.theme import Theme
from textual.timer import Timer

from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.snapshot import Phase, Snapshot

from .config import Config, ConfigError, read_config, write_config
from .framework.base_app import BaseApp
from .framework.screens import BaseScreen
from .keys.keymap import build_key_table, textual_keymap
from .notifications import Notice, find_notice
from .palette import RunCommands
from .refresh_scheduler import TURN_COUNT, RefreshScheduler
from .screens.deck.flight_deck import FlightDeck
from .screens.dialogs.confirm import ConfirmDialog
from .screens.dialogs.flight_result import FlightResultDialog
from .screens.help import HelpScreen
from .screens.inspection.inspector_screen import InspectorScreen
from .source import Source
from .terminal import can_suspend, notify_desktop

REPLY_POLL_HZ: Final = 60
"""How often a second the run is polled while a reply is expected, so that keys respond."""

SWITCH_INTERVAL: Final = 0.0005
"""Seconds for which the run's thread waits for Python between two bursts of steps, while a panel is
drawn. Python's default of 5 ms is an eighth of a burst."""

_WITHOUT_TOASTS: Final = (InspectorScreen, FlightResultDialog)
"""Screens that a toast would cover, or that say the same."""


class TuitrainApp(BaseApp[None]):
    """Shows a run, and steers it.

    Parameters
    ----------
    source : the run
    clock : returns seconds, from any start; drives animations
    record : the folder that the run is recorded in; None if it is not recorded
    refreshes : whether timers poll the run; without them only `poll` does
    read_only : refuse every command
    config : the file of the settings; None does not store them
    output : captures the output of the training code; None captures nothing
    deck : the main screen; None for a `FlightDeck`

    Raises
    ------
    ConfigError : the config file cannot be read or is invalid
    """

    TITLE = "tuitrain"
    CSS_PATH = "tuitrain.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True, id="redraw"),
        Binding("f1", "explain", "Help", show=False),
    ]
    COMMANDS = App.COMMANDS | {RunCommands}

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
        refreshes: bool = True,
        read_only: bool = False,
        config: Path | None = None,
        output: LogCapture | None = None,
        deck: FlightDeck | None = None,
    ) -> None:
        super().__init__()
        self._output = output
        self._config = config
        self.config = Config() if config is None else read_config(config, self.available_themes)
        self.key_table = build_key_table(self.config.keys)
        if self.config.theme:
            self.theme = self.config.theme
        self._refreshes = refreshes
        self.source = source
        self.deck = deck or FlightDeck(source, clock, record, read_only)
        self._version: int | None = None
        self._timer: Timer | None = None
        self._rhythm = RefreshScheduler()
        self._owed = 0

    def get_default_screen(self) -> FlightDeck:
        """Start on the flight deck."""
        return self.deck

    def on_mount(self) -> None:
        """Begin to poll the run."""
        if self._output is not None:
            self._output.install_streams()  # Textual has installed its own, which show nothing
        self.app_resume_signal.subscribe(self, lambda _: self.source.on_resume())
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.set_keymap(textual_keymap(self.config.keys))
        if self._refreshes:
            self._timer = self.set_interval(1 / self.config.rate, self._poll_in_turn)
            self.set_interval(1 / REPLY_POLL_HZ, self._poll_for_answer)
        self.call_after_refresh(self.finish_startup)

    def poll(self) -> None:
        """Show the newest snapshot on all panels."""
        self.show_run(None)

    def _poll_in_turn(self) -> None:
        if self._rhythm.is_due():
            self.show_run(self._rhythm.next_turn())

    def show_run(self, turn: int | None) -> None:
        """Show the newest snapshot, if the deck is open.

        Panels that take turns are drawn in their own ``turn``, also after the last new snapshot;
        None draws all panels.
        """
        if not self.deck.takes_input:
            return
        snapshot = self.source.snapshot()
        is_new = snapshot.version != self._version
        if self.deck.held:
            pass
        elif is_new or self._owed:
            self._version = snapshot.version
            before, reply = self.deck.snapshot, self.deck.status.message
            self._owed = 0 if turn is None else TURN_COUNT - 1 if is_new else self._owed - 1
            with self.batch_update():
                self.deck.turn = turn
                self.deck.snapshot = snapshot
            if (notice := find_notice(before, snapshot)) is not None:
                self._notify_user(notice, self.deck.status.message is not reply)
            self._tour_once(snapshot)
        elif snapshot.phase is Phase.STARTING:
            self.deck.tick()
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen):
                screen.offer_snapshot(snapshot)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, and report it to the tour."""
        done = await super().run_action(action, default_namespace, namespaces)
        if done and isinstance(action, str) and self.deck.takes_input:
            self.deck.tour.advance_on(action)
        return done

    def action_explain(self) -> None:
        """Open the help, over a screen that has no help itself."""
        self.push_screen(HelpScreen())

    def action_redraw(self) -> None:
        """Paint all of the screen again, also where the terminal shows something else."""
        self.refresh(layout=True)

    def action_suspend_process(self) -> None:
        """Suspend the process, and with it the training, which is one of its threads."""
        if can_suspend(self):
            super().action_suspend_process()
        else:
            self.deck.status.show_text("this terminal cannot suspend a program", "warning")

    def _notify_user(self, notice: Notice, has_reply: bool) -> None:
        """Show a notice: in the status line, and in the configured ways.

        A toast would cover what the user looks at, so it is shown only over a screen without a
        status line.

        Parameters
        ----------
        has_reply : whether the status line has the reply to a command, which says the same
        """
        ways, screen = self.config.notify, self.screen
        if not has_reply and not (notice.in_banner and screen is self.deck):
            self.deck.status.show_row(notice.row)
        covers = screen is not self.deck and not isinstance(screen, _WITHOUT_TOASTS)
        if ways.toast and covers:
            self.notify(notice.text, title=notice.title, severity=notice.severity, timeout=8)
        if ways.bell:
            self.bell()
        if ways.desktop != "off":
            notify_desktop(self, ways.desktop, notice.title, notice.text)

    def _tour_once(self, snapshot: Snapshot) -> None:
        """Start the tour when a user runs the app for the first time."""
        new = self._config is not None and not self.config.toured and not self.deck.read_only
        if not new:
            self.deck.first_flight.offer_tour(snapshot)
            return
        if snapshot.phase is not Phase.RUNNING:
            return
        if not self.configure(structs.replace(self.config, toured=True)):
            self.deck.utilities.start_tour()  # if it cannot be stored, it would start every time

    def log_fault(self, text: str) -> None:
        """Write a fault of the screen into the log of the training code's output."""
        if self._output is None:
            super().log_fault(text)
        else:
            self._output.add("error", f"tuitrain's screen had a fault: {text}")

    def show_fault(self, text: str) -> None:
        """Show a fault in the status line."""
        more = ": L shows the log" if self._output is not None else ""
        self.deck.status.show_text(f"✗ {text}; the run continues{more}", "bad")

    def restore_screen(self) -> None:
        """Show the run on the rebuilt panels."""
        self.source.inspect(None)  # the screen that requested it was closed
        self._version = None
        self.poll()

    def _poll_for_answer(self) -> None:
        if self.deck.sender.waits_for_reply:
            self.show_run(self._rhythm.next_turn())

    def on_unmount(self) -> None:
        """End the run, and return the frozen objects to the garbage collector."""
        gc.unfreeze()
        self.source.close()
        if self._output is not None:
            self._output.release()

    async def action_quit(self) -> None:
        """Leave, after asking while the run is not over.

        A second time, and during a fault of the screen, leave without asking.
        """
        if self.is_redrawing:
            self.exit()
        elif any(isinstance(screen, ConfirmDialog) for screen in self.screen_stack):
            self.deck.navigation.leave()
        else:
            self.deck.navigation.action_quit()

    def configure(self, config: Config) -> str:
        """Apply and store a config; return why it cannot be stored, or ""."""
        try:
            if self._config is not None:
                write_config(self._config, config)
        except ConfigError as error:
            return str(error)
        if config.rate != self.config.rate and self._timer is not None:
            self._timer.stop()
            self._timer = self.set_interval(1 / config.rate, self._poll_in_turn)
        self.config, self.key_table = config, build_key_table(config.keys)
        self.set_keymap(textual_keymap(config.keys))
        self.theme = config.theme or DEFAULT_THEME
        self.deck.show_keys()
        return ""

    def _keep_theme(self, theme: Theme) -> None:
        """Store the chosen theme for the next start."""
        if theme.name == (self.config.theme or DEFAULT_THEME):
            return
        if problem := self.configure(structs.replace(self.config, theme=theme.name)):
            self.deck.status.show_text(f"the theme is not saved: {problem}", "warning")

    def finish_startup(self) -> None:
        """Show the run, then exclude the objects made so far from garbage collection.

        A full collection over the objects of stylesheet and widgets takes 21 ms, a visible hitch;
        over later objects, 0.5 ms.
        """
        self.poll()
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH_INTERVAL)
