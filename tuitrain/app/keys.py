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
    called : the name under which the key can be configured, where it is not that of the action
    cursor : whether it acts only while a cursor stands in the charts, and then before all others
    """

    keys: str
    written: str
    action: str
    label: str
    short: str
    summary: str
    spare: int = 0
    verbs: tuple[str, ...] = ()
    called: str = ""
    cursor: bool = False

    @property
    def name(self) -> str:
        """The name of what it does, as the config file has it."""
        return self.called or self.action.removeprefix("app.")


KEYS: Final[tuple[Key, ...]] = (
    Key(
        "space",
        "space",
        "toggle_pause",
        "pause",
        "pause",
        "Pause the run, or let it go on.",
        verbs=("pause", "resume"),
        called="pause",
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
        called="freeze",
    ),
    Key(
        "l",
        "l",
        "set_lr",
        "lr",
        "lr",
        "Set or scale the learning rate of the selected group.",
        verbs=("lr",),
        called="lr",
    ),
    Key(
        "o",
        "o",
        "swap_optimizer",
        "optimizer",
        "optim",
        "Give the selected group another optimizer or settings.",
        verbs=("optimizer",),
        called="optimizer",
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
        called="group",
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
        called="compare",
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
        "earlier",
        "back",
        "back",
        "Move the cursor in the charts back: to a command, an epoch, or a state that is kept.",
        4,
    ),
    Key("right", "→", "later", "", "", "Move the cursor on; past the last place it goes."),
    Key(
        "enter",
        "enter",
        "rewind_here",
        "",
        "",
        "At the cursor: rewind there, after asking.",
        verbs=("rewind",),
        cursor=True,
    ),
    Key(
        "left_curly_bracket",
        "{",
        "intervention(-1)",
        "",
        "",
        "Move the cursor back to the command before, and say it.",
        called="previous_command",
    ),
    Key(
        "right_curly_bracket",
        "}",
        "intervention(1)",
        "",
        "",
        "Move the cursor on to the next command, and say it.",
        called="next_command",
    ),
    Key(
        "less_than_sign",
        "<",
        "nudge(-1)",
        "",
        "",
        "Move the cursor a little back.",
        called="nudge_earlier",
    ),
    Key(
        "greater_than_sign",
        ">",
        "nudge(1)",
        "",
        "",
        "Move the cursor a little on.",
        called="nudge_later",
    ),
    Key(
        "backspace",
        "⌫",
        "rewind",
        "rewind",
        "rewind",
        "Go back to a step or a checkpoint; what followed is kept as a branch.",
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
        called="checkpoint",
    ),
    Key(
        "b",
        "b",
        "branch",
        "branch",
        "branch",
        "The branches as a tree: which left which, and the way to one.",
        6,
        verbs=("branch",),
        called="branches",
    ),
    Key("colon", ":", "command", "command", "cmd", "Type a command."),
    Key("w", "w", "save", "", "", "Save as scenario: what was done so far, in a file of your own."),
    Key("W", "W", "weights", "weights", "wts", "Look at weights: values, gradient, updates.", 11),
    Key(
        "N", "N", "network", "network", "net", "Look at the network: where the gradient flows.", 12
    ),
    Key("i", "i", "batch", "images", "img", "Look at samples, guesses and confusions.", 13),
    Key(
        "left_square_bracket",
        "[",
        "quantity(-1)",
        "",
        "",
        "Chart what comes before: lr, |grad| …",
        called="previous_chart",
    ),
    Key(
        "right_square_bracket",
        "]",
        "quantity(1)",
        "",
        "",
        "Chart what comes next: lr, |grad| …",
        called="next_chart",
    ),
    Key(
        "y",
        "y",
        "log_loss",
        "",
        "",
        "Show charts on a logarithmic axis, or a linear one.",
        called="logarithmic",
    ),
    Key("a", "a", "smooth", "", "", "Draw running means of loss and gradients, or no longer."),
    Key(
        "plus,equals_sign",
        "+",
        "zoom(0.5)",
        "",
        "",
        "Zoom in: charts show half of the steps.",
        called="zoom_in",
    ),
    Key(
        "minus", "-", "zoom(2)", "", "", "Zoom out: charts show twice the steps.", called="zoom_out"
    ),
    Key(
        "shift+left",
        "shift+←",
        "pan(-0.25)",
        "",
        "",
        "Show earlier steps in the charts.",
        called="pan_earlier",
    ),
    Key(
        "shift+right",
        "shift+→",
        "pan(0.25)",
        "",
        "",
        "Show later steps in the charts.",
        called="pan_later",
    ),
    Key("0", "0", "whole_run", "", "", "Show the whole run in the charts."),
    Key(
        "x", "x", "cross_hair", "", "", "Put the cursor to the end of the charts, or take it away."
    ),
    Key(
        "E",
        "E",
        "export",
        "",
        "",
        "Write the chart that has the focus, else the first, as CSV, SVG and PNG.",
    ),
    Key("R", "R", "runs", "", "", "Past runs: draw some beside this one, compare their numbers."),
    Key("p", "p", "hold", "", "", "Hold the display, or let it go on; training goes on."),
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
        called="palette",
    ),
    Key("up,k", "↑ k", "", "", "", "Go to the row above.", called="up"),
    Key("down,j", "↓ j", "", "", "", "Go to the row below.", called="down"),
    Key("home", "home", "", "", "", "Go to the first row.", called="first"),
    Key("end,G", "end G", "", "", "", "Go to the last row.", called="last"),
    Key("ctrl+u", "ctrl+u", "", "", "", "Go up by half a panel.", called="half_up"),
    Key("ctrl+d", "ctrl+d", "", "", "", "Go down by half a panel.", called="half_down"),
    Key(
        "enter",
        "enter",
        "",
        "",
        "",
        "Fold or open the selected group; in the journal, put the cursor to that step.",
        called="open",
    ),
    Key("slash", "/", "filter", "", "", "Show only the groups and parameters that match a glob."),
    Key("m", "m", "mark", "", "", "Mark a row; what is marked is acted on together, esc unmarks."),
    Key(
        "tab",
        "tab",
        "next_panel",
        "",
        "",
        "Go to the next panel: groups, journal, charts.",
        called="panel",
    ),
    Key("Y", "Y", "copy", "", "", "Copy what is selected; once more, the last answer."),
    Key("L", "L", "log", "", "", "The log: what the training code prints, logs and warns of."),
    Key("comma", ",", "settings", "", "", "Settings: keys, theme, display rate, notifications."),
    Key("T", "T", "tour", "", "", "The tour: a minute with the panels and the first keys."),
    Key(
        "ctrl+z",
        "ctrl+z",
        "app.suspend_process",
        "",
        "",
        "Suspend the process, training with it; `fg` goes on where it stood.",
        called="suspend",
    ),
    Key("escape", "esc", "leave", "", "", "Close what is open; go back to the groups and to now."),
)


def bindings() -> list[Binding]:
    """Return the bindings of the main screen; `keymap` may put other keys in their places."""
    return [
        Binding(
            key.keys,
            key.action,
            key.summary,
            show=False,
            key_display=key.written,
            priority=key.cursor,
            id=key.name,
        )
        for key in KEYS
        if key.action and not key.action.startswith("app.")
    ]


def moves() -> list[Binding]:
    """Return the bindings with which a panel's rows are gone through."""
    acts = {"up": "move(-1)", "down": "move(1)", "first": "move(-100000)", "last": "move(100000)"}
    acts |= {"half_up": "half(-1)", "half_down": "half(1)"}
    return [
        Binding(key.keys, acts[key.name], key.summary, show=False, id=key.name)
        for key in KEYS
        if key.name in acts
    ]
