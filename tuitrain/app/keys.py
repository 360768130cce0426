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
    verbs : the verbs of the vocabulary that it can send
    """

    keys: str
    written: str
    action: str
    label: str
    short: str
    summary: str
    spare: int = 0
    verbs: tuple[str, ...] = ()


KEYS: Final[tuple[Key, ...]] = (
    Key(
        "space",
        "space",
        "toggle_pause",
        "pause",
        "pause",
        "Pause the run, or let it go on.",
        verbs=("pause", "resume"),
    ),
    Key("full_stop", ".", "step", "step", "step", "Take one step, then pause.", 5, verbs=("step",)),
    Key(
        "f",
        "f",
        "toggle_freeze",
        "freeze",
        "freeze",
        "Freeze the selected group or parameter, or thaw it.",
        verbs=("freeze", "thaw"),
    ),
    Key(
        "l",
        "l",
        "set_lr",
        "lr",
        "lr",
        "Set or scale the learning rate of the selected group.",
        verbs=("lr",),
    ),
    Key(
        "o",
        "o",
        "swap_optimizer",
        "optimizer",
        "optim",
        "Give the selected group another optimizer or settings.",
        verbs=("optimizer",),
    ),
    Key(
        "d",
        "d",
        "decay",
        "decay",
        "decay",
        "Let the learning rate of the selected group fall to zero.",
        verbs=("decay",),
    ),
    Key(
        "D",
        "D",
        "schedule",
        "",
        "",
        "Let the learning rate of the selected group follow any schedule.",
        verbs=("schedule",),
    ),
    Key("c", "c", "clip", "", "", "Clip the gradients, or no longer.", verbs=("clip",)),
    Key(
        "g",
        "g",
        "regroup",
        "group",
        "group",
        "Move parameters into a group, old or new.",
        7,
        verbs=("group",),
    ),
    Key(
        "t",
        "t",
        "try",
        "try",
        "try",
        "What if: try learning rates from here side by side; an lr finder, too.",
        3,
        verbs=("try",),
    ),
    Key(
        "v",
        "v",
        "what_if",
        "",
        "",
        "What came of it: compare again what was tried last, and go on with one.",
        verbs=("branch",),
    ),
    Key(
        "B",
        "B",
        "breakpoints",
        "",
        "",
        "Breakpoints: say on what the run shall pause.",
        verbs=("break",),
    ),
    Key(
        "u",
        "u",
        "undo",
        "undo",
        "undo",
        "Take back the last command, and train up to now again.",
        verbs=("undo",),
    ),
    Key("r", "r", "redo", "redo", "redo", "Put back what the last undo took.", 9, verbs=("redo",)),
    Key(
        "left",
        "←",
        "rewind",
        "rewind",
        "rewind",
        "Go back to an earlier step; what followed is kept as a branch.",
        4,
        verbs=("rewind",),
    ),
    Key(
        "K",
        "K",
        "keep",
        "",
        "",
        "Keep this moment: a checkpoint with a name, to rewind to.",
        verbs=("checkpoint",),
    ),
    Key(
        "b",
        "b",
        "branch",
        "branch",
        "branch",
        "Return to a branch that was left.",
        6,
        verbs=("branch",),
    ),
    Key("colon", ":", "command", "command", "cmd", "Type a command."),
    Key("w", "w", "save", "", "", "Save as scenario: what was done so far, in a file of your own."),
    Key(
        "left_square_bracket", "[", "quantity(-1)", "", "", "Chart what comes before: lr, |grad| …"
    ),
    Key("right_square_bracket", "]", "quantity(1)", "", "", "Chart what comes next: lr, |grad| …"),
    Key("y", "y", "log_loss", "", "", "Show charts on a logarithmic axis, or a linear one."),
    Key("a", "a", "smooth", "", "", "Draw running means of loss and gradients, or no longer."),
    Key("plus,equals_sign", "+", "zoom(0.5)", "", "", "Zoom in: charts show half of the steps."),
    Key("minus", "-", "zoom(2)", "", "", "Zoom out: charts show twice the steps."),
    Key("shift+left", "shift+←", "pan(-0.25)", "", "", "Show earlier steps in the charts."),
    Key("shift+right", "shift+→", "pan(0.25)", "", "", "Show later steps in the charts."),
    Key("0", "0", "whole_run", "", "", "Show the whole run in the charts."),
    Key("x", "x", "cross_hair", "", "", "Read the charts at a step; ← → move it, x or esc ends."),
    Key(
        "E",
        "E",
        "export",
        "",
        "",
        "Write the first chart as CSV and the screen as SVG.",
    ),
    Key("R", "R", "runs", "", "", "Past runs: draw some beside this one, compare their numbers."),
    Key("p", "p", "hold", "", "", "Hold the display, or let it go on; training goes on."),
    Key("right", "→", "later", "", "", "Move the cross-hair of the charts to the right."),
    Key(
        "question_mark",
        "?",
        "help",
        "help",
        "help",
        "Show this help; in a dialog f1 does, and says what it sends.",
    ),
    Key("s", "s", "stop", "stop", "stop", "End the run here, after asking.", 8, verbs=("stop",)),
    Key("q", "q", "quit", "quit", "quit", "Leave; asks while the run is going."),
    Key(
        "ctrl+p",
        "ctrl+p",
        "app.command_palette",
        "palette",
        "palette",
        "Search all that can be done.",
        10,
    ),
    Key("up,k", "↑ k", "", "", "", "Select the row above; scroll the journal."),
    Key("down,j", "↓ j", "", "", "", "Select the row below; scroll the journal."),
    Key("enter", "enter", "", "", "", "Fold or open the selected group."),
    Key("slash", "/", "filter", "", "", "Show only the groups and parameters that match a glob."),
    Key("m", "m", "mark", "", "", "Mark a row; what is marked is acted on together, esc unmarks."),
    Key("tab", "tab", "next_panel", "", "", "Go to the journal, and back to the groups."),
    Key("escape", "esc", "leave", "", "", "Close what is open; go back to the groups."),
)


def bindings() -> list[Binding]:
    """Return the bindings of the main screen."""
    return [
        Binding(key.keys, key.action, key.summary, show=False, key_display=key.written)
        for key in KEYS
        if key.action and not key.action.startswith("app.")
    ]
