"""The start app: lets the user choose a run, and returns the choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import structs
from textual.theme import Theme

from tuitrain.remote.client.live_list import REFRESH_SECONDS, LiveList
from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.runs.run_list import RecordedRun

from .config import Config, ConfigError, read_config, write_config
from .framework.base_app import BaseApp
from .keys.other_screens import START_KEYS
from .screens.help import HelpScreen
from .screens.run_choice.start import StartScreen
from .start_choice import StartChoice

TITLE: Final = "tuitrain"


class StartApp(BaseApp[StartChoice]):
    """Shows the start screen; `run` returns the choice, or None.

    Parameters
    ----------
    scenarios : the bundled scenarios
    list_runs : returns the past runs, newest first
    folder : the folder of the past runs
    config : the file of the settings; None does not store them
    problem : why the last choice could not be opened; "" if it could
    live_list : lists the live runs; None for none

    Raises
    ------
    ConfigError : the config file cannot be read or is invalid
    """

    TITLE = TITLE
    CSS_PATH = "tuitrain.tcss"

    def __init__(
        self,
        scenarios: list[BundledScenario],
        list_runs: Callable[[], list[RecordedRun]],
        folder: Path,
        config: Path | None = None,
        problem: str = "",
        live_list: LiveList | None = None,
    ) -> None:
        super().__init__()
        self._config = config
        self._settings = Config() if config is None else read_config(config, self.available_themes)
        if self._settings.theme:
            self.theme = self._settings.theme
        self._problem = problem
        self._told: set[str] = set()
        self._live_list = live_list
        self.start = StartScreen(scenarios, list_runs, folder, live_list)

    def get_default_screen(self) -> StartScreen:
        """Start on the lists."""
        return self.start

    def on_mount(self) -> None:
        """Show the last problem, and store the themes that are chosen from now on."""
        if self._problem:
            self.notify(self._problem, severity="error", timeout=20)
        if self._live_list is not None:
            self.set_interval(REFRESH_SECONDS / 2, self._refresh_live)
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    def _refresh_live(self) -> None:
        """Show the live runs, and once why machines cannot be asked."""
        if self.screen is self.start and self.start.takes_input:
            self.start.refresh_live()
        for problem in self._live_list.problems if self._live_list else ():
            if problem not in self._told:
                self._told.add(problem)
                self.notify(problem, severity="warning", timeout=10)

    def action_explain(self) -> None:
        """Open the help, with the keys of the start screen at its top."""
        self.push_screen(HelpScreen(keys=START_KEYS))

    def _keep_theme(self, theme: Theme) -> None:
        if self._config is None:
            return
        try:
            self._settings = structs.replace(self._settings, theme=theme.name)
            write_config(self._config, self._settings)
        except ConfigError as error:
            self.notify(f"the theme is not saved: {error}", severity="warning")
