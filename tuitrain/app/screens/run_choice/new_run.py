"""The dialog of a new run: data and network."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.errors import TuitrainError
from tuitrain.scenario.bundled import MODELS
from tuitrain.scenario.bundled_data import BUNDLED_DATA, models_for
from tuitrain.scenario.datasets import check_data

from ...framework.content import key_hints, literal
from ...framework.screens import BaseDialog
from ...renderables.rows import ljust
from ...start_choice import TrainModel
from ...widgets.no_markup import Input, Option, OptionList, Static, Vertical
from ..help import EXPLAIN


class NewRunDialog(BaseDialog[TrainModel]):
    """Asks for data and network; returns them, or None.

    Parameters
    ----------
    data : the first value of the field
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("enter", "fly", "Fly", priority=True, show=False),
        Binding("up", "move(-1)", "Up", priority=True, show=False),
        Binding("down", "move(1)", "Down", priority=True, show=False),
        Binding("escape", "dismiss", "Back", show=False),
    ]
    AUTO_FOCUS = "#flight-data"

    def __init__(self, data: str) -> None:
        super().__init__()
        self._data = data
        self._offered: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose the field and the list."""
        with Vertical(classes="dialog") as box:
            box.border_title = "new run"
            yield Static(
                "data: in the box; csv: npz: folder: idx: and a path; module:callable",
                classes="label",
            )
            field = Input(self._data, "idx:~/data/mnist", id="flight-data", compact=True)
            field.cursor_blink = False
            yield field
            yield Static("network", classes="label")
            yield OptionList(id="flight-models", compact=True)
            yield Static(id="flight-problem")
            yield Static(
                key_hints("[b]enter[/] fly   [b]↑ ↓[/] network   [b]esc[/] back"), classes="hint"
            )

    def on_mount(self) -> None:
        """Select the first network."""
        self.query_one(OptionList).can_focus = False
        self._offer_models()

    @on(Input.Changed)
    def _offer_models(self) -> None:
        """Offer the networks that fit the data; all of them if that is not known."""
        offered = models_for(self.query_one(Input).value.strip()) or tuple(MODELS)
        if offered == self._offered:
            return
        self._offered = offered
        models = self.query_one(OptionList)
        models.clear_options()
        models.add_options(Option(ljust(name, 17) + MODELS[name], id=name) for name in offered)
        models.highlighted = 0

    def action_move(self, delta: int) -> None:
        """Select another network."""
        models = self.query_one(OptionList)
        place = (models.highlighted or 0) + delta
        models.highlighted = min(max(place, 0), models.option_count - 1)

    def action_fly(self) -> None:
        """Return the entries if the data exists."""
        data = self.query_one(Input).value.strip()
        option = self.query_one(OptionList).highlighted_option
        if problem := _problem(data):
            text = literal(f"✗ {problem}", "$error")
            self.query_one("#flight-problem", Static).update(text)
        elif option is not None and option.id is not None:
            self.dismiss(TrainModel(data, option.id))


def _problem(data: str) -> str:
    """Return the fault of the data's name or files, or ""."""
    if not data:
        return f"name the data: {', '.join(BUNDLED_DATA)}, or csv:, npz:, folder:, idx: and a path"
    try:
        check_data(data)
    except TuitrainError as error:
        return str(error)
    return ""
