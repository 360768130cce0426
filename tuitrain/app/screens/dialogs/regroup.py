"""The group dialog: a name, globs, and the parameters that match."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from textual.app import ComposeResult

from tuitrain.run.snapshot import GroupView

from ...framework.content import literal
from ...widgets.no_markup import Input, Static, VerticalScroll
from .command_dialog import CommandDialog


class RegroupDialog(CommandDialog):
    """Moves parameters into a group."""

    verb = "group"

    def __init__(self, groups: Sequence[GroupView], globs: str = "") -> None:
        super().__init__("group parameters")
        self._groups = groups
        self._globs = globs

    def compose_body(self) -> ComposeResult:
        """Compose the two fields and the list of matches."""
        yield Static("name of the group, new or existing", classes="label")
        yield Input(id="name", compact=True, placeholder="head")
        yield Static("globs over parameter names", classes="label")
        yield Input(self._globs, id="globs", compact=True, placeholder="fc2.* *.bias")
        with VerticalScroll(id="matches", can_focus=False):
            yield Static(id="matching")

    def extra_keys(self) -> str:
        """Return the key to the other field."""
        return "   [b]tab[/] other field"

    def command_text(self) -> str:
        """Return ``group NAME = GLOB...``."""
        name = self.query_one("#name", Input).value.strip()
        return f"group {name or '?'} = {self.query_one('#globs', Input).value.strip()}"

    def missing_entry(self) -> str:
        """Return a request for a name or for globs that are still empty."""
        if not self.query_one("#name", Input).value.strip():
            return "type a name"
        return "" if self.query_one("#globs", Input).value.strip() else "type globs: fc2.* *.bias"

    def problem(self) -> str:
        """Return that the globs match nothing, if so."""
        return "" if self._matches() else "the globs match no parameter"

    def show_command(self) -> None:
        """Show the command and the matches."""
        super().show_command()
        matches = self._matches()
        total = sum(len(group.parameters) for group in self._groups)
        lines = [f"{len(matches)} of {total} parameters match"]
        lines += [f"  {name}   from {group}" for name, group in matches]
        self.query_one("#matching", Static).update(literal("\n".join(lines)))

    def _matches(self) -> list[tuple[str, str]]:
        """Return the parameters that match, each with its present group."""
        globs = self.query_one("#globs", Input).value.split()
        return [
            (parameter.name, group.name)
            for group in self._groups
            for parameter in group.parameters
            if any(fnmatchcase(parameter.name, glob) for glob in globs)
        ]
