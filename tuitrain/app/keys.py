"""The keys of the main screen: the one table that bindings, footer and help are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes
    ----------
    keys : as Textual names them, separated by commas
    written : as people write it
    action : the screen's action, with "app." before one of the app's;
        "" where the focused panel handles the key itself
    label : what it does, in a word, for the footer; "" keeps it out of the footer
    short : the word where there is little room
    summary : what it does, in a sentence, for the help
    spare : 0 stays in the footer; where there is no room for all, the highest goes first
    """

    keys: str
    written: str
    action: str
    label: str
    short: str
    summary: str
    spare: int = 0


KEYS: Final[tuple[Key, ...]] = (
    Key("space", "space", "toggle_pause", "pause", "pause", "Pause the run, or let it go on."),
    Key("full_stop", ".", "step", "step", "step", "Take one step, then pause.", 5),
    Key(
        "f",
        "f",
        "toggle_freeze",
        "freeze",
        "freeze",
        "Freeze the selected group or parameter, or thaw it.",
    ),
    Key("l", "l", "set_lr", "lr", "lr", "Set or scale the learning rate of the selected group."),
    Key(
        "o",
        "o",
        "swap_optimizer",
        "optimizer",
        "optim",
        "Give the selected group another optimizer or settings.",
    ),
    Key(
        "d",
        "d",
        "decay",
        "decay",
        "decay",
        "Let the learning rate of the selected group fall to zero.",
    ),
    Key("g", "g", "regroup", "group", "group", "Move parameters into a group, old or new.", 7),
    Key("u", "u", "undo", "undo", "undo", "Take back the last command, and train up to now again."),
    Key(
        "left",
        "←",
        "rewind",
        "rewind",
        "rewind",
        "Go back to an earlier step; what followed is kept as a branch.",
        4,
    ),
    Key("b", "b", "branch", "branch", "branch", "Return to a branch that was left.", 6),
    Key("colon", ":", "command", "command", "cmd", "Type a command."),
    Key("y", "y", "log_loss", "", "", "Show the loss on a logarithmic axis, or a linear one."),
    Key("question_mark", "?", "help", "help", "help", "Show this help."),
    Key("s", "s", "stop", "stop", "stop", "End the run here, after asking.", 8),
    Key("q", "q", "quit", "quit", "quit", "Leave; asks while the run is going."),
    Key(
        "ctrl+p",
        "ctrl+p",
        "app.command_palette",
        "palette",
        "palette",
        "Search all that can be done.",
        9,
    ),
    Key("up,k", "↑ k", "", "", "", "Select the row above; scroll the journal."),
    Key("down,j", "↓ j", "", "", "", "Select the row below; scroll the journal."),
    Key("enter", "enter", "", "", "", "Fold or open the selected group."),
    Key("tab", "tab", "next_panel", "", "", "Go to the journal, and back to the groups."),
    Key("escape", "esc", "leave", "", "", "Close what is open; go back to the groups."),
)


def bindings() -> list[Binding]:
    """Return the bindings of the main screen."""
    return [
        Binding(key.keys, key.action, key.summary, show=False, key_display=key.written)
        for key in KEYS
        if key.action and "." not in key.action
    ]
