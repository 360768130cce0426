"""The optimizer dialog: name, settings, and the transfer of the state."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from tuitrain.engines.grouping.optimizer_settings import transferable_settings
from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_lr
from ...widgets.inputs.radio import Radio
from ...widgets.no_markup import (
    Horizontal,
    Input,
    Option,
    OptionList,
    RadioSet,
    Static,
    Vertical,
)
from .preview_dialog import PreviewDialog, RequestPreview

_STATES = (("", "as the pair suggests"), ("carry", "carry over"), ("reset", "reset"))


class OptimizerDialog(PreviewDialog):
    """Replaces the optimizer of a group."""

    verb = "optimizer"

    def __init__(
        self, group: GroupView, snapshot: Snapshot, request_preview: RequestPreview
    ) -> None:
        super().__init__(f"optimizer of {group.name}", snapshot, request_preview)
        self._group = group
        self._choices = {choice.name: choice for choice in snapshot.optimizers}

    def compose_body(self) -> ComposeResult:
        """Compose the list, the settings and the state."""
        group = self._group
        now = f"{group.optimizer} {group.settings}".strip()
        yield Static(f"now {now}   lr {format_lr(group.lr)} is kept unless given")
        with Horizontal(id="choice"):
            yield OptionList(*(Option(name, id=name) for name in self._choices), compact=True)
            with Vertical():
                yield Static("settings", classes="label")
                yield Input(id="settings", compact=True)
                yield Static("optimizer state", classes="label")
                with RadioSet(id="state", compact=True):
                    for index, (_, words) in enumerate(_STATES):
                        yield Radio(words, value=index == 0)

    def extra_keys(self) -> str:
        """Return the keys that select and move."""
        return "   [b]↑ ↓[/] choose   [b]tab[/] settings, state"

    def on_mount(self) -> None:
        """Select the group's present optimizer."""
        names = list(self._choices)
        options = self.query_one(OptionList)
        options.highlighted = (
            names.index(self._group.optimizer) if self._group.optimizer in names else 0
        )
        super().on_mount()

    @on(OptionList.OptionHighlighted)
    def fill(self, event: OptionList.OptionHighlighted) -> None:
        """Fill in the new settings; the group's own where they are kept."""
        before = dict(self._choices[self._group.optimizer].defaults)
        after = dict(self._choices[event.option.id or ""].defaults)
        pairs = (word.partition("=") for word in self._group.settings.split())
        current = before | {key: value for key, equals, value in pairs if equals}
        settings = after | transferable_settings(current, before, after)
        text = " ".join(f"{key}={value}" for key, value in settings.items())
        self.query_one("#settings", Input).value = text

    def command_text(self) -> str:
        """Return ``optimizer GROUP NAME [KEY=VALUE...] [state=...]``."""
        option = self.query_one(OptionList).highlighted_option
        name = option.id if option is not None else ""
        state = _STATES[max(0, self.query_one(RadioSet).pressed_index)][0]
        settings = self.query_one("#settings", Input).value
        words = ["optimizer", self._group.name, name or "", *settings.split()]
        return " ".join([*words, f"state={state}"] if state else words)
