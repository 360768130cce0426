"""Which rows of the groups table are seen, and which are marked, to be acted on together."""

from __future__ import annotations

from textual import on

from tuitrain.app.widgets.inputs.filter_line import FilterInput
from tuitrain.app.widgets.no_markup import Input

from .timeline_cursor import Scrubbing


class Choosing(Scrubbing):
    """The acts on the table itself. They concern what is seen and chosen; the run is not asked."""

    def action_filter(self) -> None:
        """Open the filter."""
        self.add_class("-filtering")
        self.query_one(FilterInput).focus()

    def action_mark(self) -> None:
        """Mark the selected row, or no longer, and go to the next."""
        self.table.toggle_mark()
        self.show_keys()

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.table.filter(event.value.strip())

    @on(FilterInput.Closed)
    def _leave_filter(self, event: FilterInput.Closed) -> None:
        self.remove_class("-filtering")
        if not event.keep:
            self.query_one(FilterInput).value = ""
        self.table.focus()

    def forget_choice(self) -> None:
        """Show every row, and mark none."""
        self.query_one(FilterInput).value = ""
        self.table.clear_marks()
        self.show_keys()
