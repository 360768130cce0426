"""The start: an app of its own that asks what to fly, and ends with the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import structs
from textual.theme import Theme

from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.runs.run_list import RecordedRun

from .config import Config, ConfigError, read_config, write_config
from .framework.base_app import BaseApp
from .keys.other_screens import START_KEYS
from .screens.help import HelpScreen
from .screens.run_choice.start import StartScreen
from .start_choice import StartChoice
from .themes import OWN_THEMES, heat_colors

TITLE: Final = "tuitrain"


class StartApp(BaseApp[StartChoice]):
    """Asks what to do; `run` gives the choice, or None if there is none.

    Parameters
    ----------
    scenarios : of the box
    look : lists the past runs, newest first
    where : the folder of the past runs, to be named
    config : the file that keeps the settings; None keeps them nowhere
    problem : why the last choice came to nothing, to be told; "" if it did not

    Raises
    ------
    ConfigError : the config file cannot be read, or is wrong
    """

    TITLE = TITLE
    CSS_PATH = "tuitrain.tcss"

    def __init__(
        self,
        scenarios: list[BundledScenario],
        look: Callable[[], list[RecordedRun]],
        where: Path,
        config: Path | None = None,
        problem: str = "",
    ) -> None:
        super().__init__()
        for theme in OWN_THEMES:
            self.register_theme(theme)
        self._config = config
        self._settings = Config() if config is None else read_config(config, self.available_themes)
        if self._settings.theme:
            self.theme = self._settings.theme
        self._problem = problem
        self.start = StartScreen(scenarios, look, where)

    def get_default_screen(self) -> StartScreen:
        """Start on the lists."""
        return self.start

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Say what colours the scales of heat maps have where the theme does not."""
        return heat_colors(self.no_color)

    def on_mount(self) -> None:
        """Tell what went wrong, and keep the theme that is chosen from now on."""
        if self._problem:
            self.notify(self._problem, severity="error", timeout=20)
        self.theme_changed_signal.subscribe(self, self._keep_theme)

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
            self.notify(f"the theme is not kept: {error}", severity="warning")
