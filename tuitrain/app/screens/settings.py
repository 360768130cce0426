"""The settings, which are applied and stored at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVar

from msgspec import structs
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ..config import DESKTOP, RATES, Config
from ..framework.content import key_hints
from ..framework.screens import BaseDialog
from ..keys import KEYS
from ..keys.keymap import build_key_table, display_key, find_conflict, is_fixed
from ..renderables.rows import ellipsize, ljust
from ..widgets.inputs.settings import SettingsList
from ..widgets.no_markup import Option, OptionList, Static, Vertical
from .help import EXPLAIN

_Value = TypeVar("_Value")
_VALUES: Final = ("theme", "rate", "bell", "toast", "desktop")
_SAYS: Final = {
    "theme": "How everything looks.",
    "rate": "Screen updates a second.",
    "bell": "Ring when the run ends, breaks or diverges.",
    "toast": "Show these events over dialogs.",
    "desktop": "Notify the desktop of these.",
}


class SettingsScreen(BaseDialog[None]):
    """Lists the settings and keys; enter changes a value, or waits for a new key.

    Parameters
    ----------
    config : the present settings
    themes : the names of all themes
    change : applies and saves a config; returns its fault, or ""
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("escape,q", "close", "Close", show=False),
        Binding("j", "go('cursor_down')", "Down", show=False),
        Binding("k", "go('cursor_up')", "Up", show=False),
        Binding("g", "go('first')", "First", show=False),
        Binding("G", "go('last')", "Last", show=False),
        Binding("ctrl+d", "go('page_down')", "Page down", show=False),
        Binding("ctrl+u", "go('page_up')", "Page up", show=False),
        Binding("backspace,delete", "reset", "Reset", show=False),
    ]

    def __init__(
        self, config: Config, themes: Sequence[str], change: Callable[[Config], str]
    ) -> None:
        super().__init__()
        self._config = config
        self._themes = sorted(themes)
        self._change = change

    def compose(self) -> ComposeResult:
        """Compose the list, the reply line, and the keys."""
        with Vertical(classes="dialog", id="settings") as box:
            box.border_title = "settings"
            yield SettingsList(*self._options(), id="settings-list", compact=True)
            yield Static(id="line")
            keys = "[b]enter[/] change   [b]⌫[/] reset   [b]↑ ↓[/] choose   [b]esc[/] close"
            yield Static(key_hints(keys), classes="hint")

    @property
    def _list(self) -> SettingsList:
        return self.query_one(SettingsList)

    @property
    def _chosen_name(self) -> str:
        option = self._list.highlighted_option
        return "" if option is None or option.id is None else option.id

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        """Set the next value, or wait for a key."""
        name = self._chosen_name
        if name in _VALUES:
            self._take(self._next(name), f"✓ {name} is set")
        elif is_fixed(name):
            self._say(f"✗ {name} keeps its key", wrong=True)
        else:
            self._list.awaiting_key = True
            self._say(f"press the new key for {name}; esc keeps the present one")

    @on(SettingsList.Pressed)
    def _bind(self, event: SettingsList.Pressed) -> None:
        """Set the pressed key for the action, unless another action has it."""
        name, key = self._chosen_name, event.key
        if key == "escape":
            self._say("")
            return
        taken = find_conflict(build_key_table(self._config.keys), name, key)
        if taken is not None:
            self._say(
                f"✗ {display_key(key)} is the key of {taken.name}: {taken.summary}", wrong=True
            )
            return
        keys = {**self._config.keys, name: key}
        self._take(
            structs.replace(self._config, keys=keys), f"✓ {display_key(key)} does {name} now"
        )

    def action_reset(self) -> None:
        """Reset the selected setting."""
        name, config = self._chosen_name, self._config
        if name not in _VALUES:
            keys = {action: key for action, key in config.keys.items() if action != name}
            changed = structs.replace(config, keys=keys)
        elif name in ("theme", "rate"):
            changed = structs.replace(config, **{name: getattr(Config(), name)})
        else:
            usual = {name: getattr(Config().notify, name)}
            changed = structs.replace(config, notify=structs.replace(config.notify, **usual))
        self._take(changed, f"✓ {name} is reset")

    def action_go(self, move: str) -> None:
        """Move the cursor of the list."""
        getattr(self._list, f"action_{move}")()

    def action_close(self) -> None:
        """Close the settings."""
        self.dismiss()

    def _next(self, name: str) -> Config:
        """Return the config with the next value of a setting."""
        config, notify = self._config, self._config.notify
        if name == "theme":
            return structs.replace(config, theme=_after(self._themes, config.theme))
        if name == "rate":
            return structs.replace(config, rate=_after(RATES, config.rate))
        if name == "desktop":
            change = {name: _after(DESKTOP, notify.desktop)}
        else:
            change = {name: not getattr(notify, name)}
        return structs.replace(config, notify=structs.replace(notify, **change))

    def _take(self, config: Config, reply: str) -> None:
        if problem := self._change(config):
            self._say(f"✗ {problem}", wrong=True)
            return
        self._config = config
        at = self._list.highlighted
        self._list.set_options(self._options())
        self._list.highlighted = at
        self._say(reply)

    def _say(self, text: str, wrong: bool = False) -> None:
        self.query_one("#line", Static).update(text)
        self.query_one("#line").set_class(wrong, "wrong")

    def _options(self) -> list[Option]:
        config = self._config
        values = {"theme": config.theme or "the default", "rate": f"{config.rate} Hz"}
        values |= {"bell": _yes(config.notify.bell), "toast": _yes(config.notify.toast)}
        values["desktop"] = config.notify.desktop
        rows = [(name, values[name], _SAYS[name]) for name in _VALUES]
        table = zip(KEYS, build_key_table(config.keys), strict=True)
        rows += [
            (key.name, key.written + ("" if key == usual else " *"), key.summary)
            for usual, key in table
        ]
        return [Option(_row(*row), id=row[0]) for row in rows]


def _row(name: str, value: str, says: str) -> str:
    return f"{ljust(name, 17)} {ljust(value, 15)} {ellipsize(says, 56)}"


def _yes(on: bool) -> str:
    return "on" if on else "off"


def _after(values: Sequence[_Value], value: _Value) -> _Value:
    at = values.index(value) if value in values else -1
    return values[(at + 1) % len(values)]
