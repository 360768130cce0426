"""The application: polls the source, hands its snapshots to the screen, and owns nothing else."""

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
from .screens.help import HelpScreen
from .source import Source
from .terminal import can_suspend, notify_desktop
from .themes import OWN_THEMES, heat_colors

REPLY_POLL_HZ: Final = 60
"""So often the screen looks at the run while a command waits for its answer: keys shall be felt."""

SWITCH_INTERVAL: Final = 0.0005
"""How long the run waits for Python while a panel is drawn, between two bursts of steps; Python's
own 5 ms are a quarter of a burst."""


class TuitrainApp(BaseApp[None]):
    """Watch a run and steer it.

    Parameters
    ----------
    source : the run
    clock : seconds, from anywhere; drives what moves by itself
    record : the folder that the run is recorded in, to save from; None if there is none
    read_only : refuse whatever would steer the run
    output : what the training code prints, kept from the terminal; None if nobody listens
    config : the file that keeps the settings; None keeps them nowhere
    refreshes : whether the run is looked at by itself, or only by whoever calls `poll`
    deck : the main screen, where it is another than that of a run

    Raises
    ------
    ConfigError : the config file cannot be read, or is wrong
    """

    TITLE = "tuitrain"
    CSS_PATH = "tuitrain.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
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
        for theme in OWN_THEMES:
            self.register_theme(theme)
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

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Say what colours the scales of heat maps have where the theme does not."""
        return heat_colors(self.no_color)

    def on_mount(self) -> None:
        """Start to look at the run."""
        if self._output is not None:
            self._output.install_streams()  # Textual has put its own there, which show nothing
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
        """Show the newest snapshot, if there is one, once there is a deck to show it on.

        Panels that take turns are drawn in ``turn`` alone, and those that were passed over then
        have theirs even if nothing new comes; None draws all.
        """
        if not self.deck.takes_input:
            return
        snapshot = self.source.snapshot()
        is_new = snapshot.version != self._version
        if self.deck.held:
            pass
        elif is_new or self._owed:
            self._version = snapshot.version
            before = self.deck.snapshot
            self._owed = 0 if turn is None else TURN_COUNT - 1 if is_new else self._owed - 1
            with self.batch_update():
                self.deck.turn = turn
                self.deck.snapshot = snapshot
            if (notice := find_notice(before, snapshot)) is not None:
                self._tell(notice)
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
        """Carry an action out, and let the tour know."""
        done = await super().run_action(action, default_namespace, namespaces)
        if done and isinstance(action, str) and self.deck.takes_input:
            self.deck.tour.advance_on(action)
        return done

    def action_explain(self) -> None:
        """Open the help, over whatever has none of its own."""
        self.push_screen(HelpScreen())

    def action_suspend_process(self) -> None:
        """Suspend the process, and the training with it, which is a thread of it."""
        if can_suspend(self):
            super().action_suspend_process()
        else:
            self.deck.status.show_text("this terminal cannot suspend a program", "warning")

    def _tell(self, notice: Notice) -> None:
        """Tell what has happened, in the ways that are configured."""
        ways = self.config.notify
        if ways.toast and not notice.in_banner:
            self.notify(notice.text, title=notice.title, severity=notice.severity, timeout=8)
        if ways.bell:
            self.bell()
        if ways.desktop != "off":
            notify_desktop(self, ways.desktop, notice.title, notice.text)

    def _tour_once(self, snapshot: Snapshot) -> None:
        """Show the tour to whoever has never seen it, and never again by itself."""
        new = self._config is not None and not self.config.toured and not self.deck.read_only
        if not new or snapshot.phase is not Phase.RUNNING:
            return
        if not self.configure(structs.replace(self.config, toured=True)):
            self.deck.tour.start()  # where that cannot be kept, it would come again and again

    def log_fault(self, text: str) -> None:
        """Write a fault of the screen into the log, beside what the training code says."""
        if self._output is None:
            super().log_fault(text)
        else:
            self._output.add("error", f"tuitrain's screen had a fault: {text}")

    def show_fault(self, text: str) -> None:
        """Say in the status line what has happened."""
        more = ": L shows the log" if self._output is not None else ""
        self.deck.status.show_text(f"✗ {text}; the run goes on{more}", "bad")

    def restore_screen(self) -> None:
        """Show the run on the new panels."""
        self.source.inspect(None)  # the view that asked for it was closed
        self._version = None
        self.poll()

    def _poll_for_answer(self) -> None:
        if self.deck.sender.waits_for_reply:
            self.show_run(self._rhythm.next_turn())

    def on_unmount(self) -> None:
        """End the run with the screen, and leave its objects to the collector again."""
        gc.unfreeze()
        self.source.close()
        if self._output is not None:
            self._output.release()

    async def action_quit(self) -> None:
        """Leave, after asking while the run is going; asked for again, leave at once.

        Where the screen has a fault, and may be unable to ask, leave at once too.
        """
        if self.is_redrawing:
            self.exit()
        elif any(isinstance(screen, ConfirmDialog) for screen in self.screen_stack):
            self.deck.navigation.leave()
        else:
            self.deck.navigation.action_quit()

    def configure(self, config: Config) -> str:
        """Take another config over, and keep it; answer why it cannot be kept, or ""."""
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
        """Keep the theme that was chosen for the next start."""
        if theme.name == (self.config.theme or DEFAULT_THEME):
            return
        if problem := self.configure(structs.replace(self.config, theme=theme.name)):
            self.deck.status.show_text(f"the theme is not kept: {problem}", "warning")

    def finish_startup(self) -> None:
        """Show the run, then take what start-up made out of the collector's sight.

        A full collection over what stylesheet and widgets leave behind takes 21 ms, a visible
        hitch; over what comes after it, 0.5 ms.
        """
        self.poll()
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH_INTERVAL)
