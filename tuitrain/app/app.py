"""The application: polls the source, hands its snapshots to the screen, and owns nothing else."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from textual.app import App
from textual.css.query import NoMatches
from textual.theme import Theme

from tuitrain.run.snapshot import Phase

from .config import Config, ConfigError, read_config, write_config
from .palette import SteeringCommands
from .screens.confirm import Confirm
from .screens.dialog import CommandDialog
from .screens.flight_deck import FlightDeck
from .source import Source
from .themes import OURS

REFRESH_HZ: Final = 12
"""The screen looks at the run so often; the run itself never waits for the screen."""

ANSWER_HZ: Final = 60
"""And so often while a command waits for its answer: a key shall be felt."""


class TuitrainApp(App[None]):
    """Watch a run and steer it.

    Parameters
    ----------
    source : the run
    clock : seconds, from anywhere; drives what moves by itself
    record : the folder that the run is recorded in, to save from; None if there is none
    read_only : refuse whatever would steer the run
    config : the file that keeps the theme; None keeps it nowhere
    refresh_hz : how often the run is looked at; None leaves that to whoever calls `poll`
    deck : the main screen, where it is another than that of a run

    Raises
    ------
    ConfigError : the config file cannot be read, or is wrong
    """

    TITLE = "tuitrain"
    CSS_PATH = "tuitrain.tcss"
    COMMANDS = App.COMMANDS | {SteeringCommands}

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
        refresh_hz: float | None = REFRESH_HZ,
        read_only: bool = False,
        config: Path | None = None,
        deck: FlightDeck | None = None,
    ) -> None:
        super().__init__()
        for theme in OURS:
            self.register_theme(theme)
        self._config = config
        if config is not None and (chosen := read_config(config, self.available_themes).theme):
            self.theme = chosen
        self._refresh_hz = refresh_hz
        self.source = source
        self.deck = deck or FlightDeck(source, clock, record, read_only)
        self._version: int | None = None

    def get_default_screen(self) -> FlightDeck:
        """Start on the flight deck."""
        return self.deck

    def on_mount(self) -> None:
        """Start to look at the run."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        if self._refresh_hz is not None:
            self.set_interval(1 / self._refresh_hz, self.poll)
            self.set_interval(1 / ANSWER_HZ, self._poll_for_answer)
        self.call_after_refresh(self._settle)

    def poll(self) -> None:
        """Show the newest snapshot, if there is one, once there is a deck to show it on."""
        if not self.deck.is_mounted:
            return
        snapshot = self.source.snapshot()
        if self.deck.held:
            pass
        elif snapshot.version != self._version:
            self._version = snapshot.version
            with self.batch_update():
                self.deck.snapshot = snapshot
        elif snapshot.phase is Phase.STARTING:
            self.deck.tick()
        for screen in self.screen_stack:
            if isinstance(screen, CommandDialog):
                with suppress(NoMatches):  # its fields are still to come, or are gone already
                    screen.look(snapshot)

    def _poll_for_answer(self) -> None:
        if self.deck.waits_for_answer:
            self.poll()

    def on_unmount(self) -> None:
        """End the run with the screen."""
        self.source.close()

    async def action_quit(self) -> None:
        """Leave, after asking while the run is going; asked for again, leave at once."""
        if any(isinstance(screen, Confirm) for screen in self.screen_stack):
            self.deck.leave()
        else:
            self.deck.action_quit()

    def _keep_theme(self, theme: Theme) -> None:
        """Keep the theme that was chosen for the next start."""
        if self._config is None:
            return
        try:
            write_config(self._config, Config(theme.name))
        except ConfigError as error:
            self.deck.status.say(f"the theme is not kept: {error}", "warning")

    def _settle(self) -> None:
        """Show the run, then take what start-up made out of the collector's sight.

        A full collection over what stylesheet and widgets leave behind takes 21 ms, a visible
        hitch; over what comes after it, 0.5 ms.
        """
        self.poll()
        gc.collect()
        gc.freeze()
