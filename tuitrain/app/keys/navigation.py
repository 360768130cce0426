"""The keys of the main screen for moving about, help, settings and leaving."""

from __future__ import annotations

from typing import Final

from .key import Key

NAVIGATION_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "question_mark",
        "?",
        "help",
        "Show this help; in a dialog, f1 shows the dialog's help.",
        label="help",
    ),
    Key(
        "s",
        "s",
        "stop",
        "End the run here; asks first.",
        label="stop",
        drop_order=8,
        verbs=("stop",),
    ),
    Key("q", "q", "quit", "Quit; asks first while the run is training.", label="quit"),
    Key("P", "P", "pen", "Show who watches and who steers; take the pen, or give it away."),
    Key(
        "ctrl+p",
        "ctrl+p",
        "app.command_palette",
        "Search all actions.",
        label="palette",
        drop_order=10,
        config_name="palette",
    ),
    Key("up,k", "↑ k", "", "Move up one row.", config_name="up"),
    Key("down,j", "↓ j", "", "Move down one row.", config_name="down"),
    Key("home", "home", "", "Move to the first row.", config_name="first"),
    Key("end,G", "end G", "", "Move to the last row.", config_name="last"),
    Key("ctrl+u", "ctrl+u", "", "Move up half a panel.", config_name="half_up"),
    Key("ctrl+d", "ctrl+d", "", "Move down half a panel.", config_name="half_down"),
    Key(
        "enter",
        "enter",
        "",
        "Fold or unfold the selected group; in the journal, move the cursor to that step, or "
        "cancel a command that waits.",
        config_name="open",
    ),
    Key("slash", "/", "filter", "Show only the groups and parameters that match a glob."),
    Key("m", "m", "mark", "Mark a row; commands act on all marked rows, esc unmarks them."),
    Key(
        "tab",
        "tab",
        "next_panel",
        "Focus the next panel: groups, journal, charts.",
        config_name="panel",
    ),
    Key("Y", "Y", "copy", "Copy the selection; again: the last answer."),
    Key("L", "L", "log", "Show the log: output, log messages and warnings of the training code."),
    Key("M", "M", "ranks", "Show the ranks of a training in several processes."),
    Key("comma", ",", "settings", "Show the settings: keys, theme, display rate, notifications."),
    Key(
        "T",
        "T",
        "tour",
        "Start the tour: the first keys, in one minute. During it: go to its next step.",
    ),
    Key(
        "ctrl+z",
        "ctrl+z",
        "app.suspend_process",
        "Suspend the process and its training; `fg` resumes it.",
        config_name="suspend",
    ),
    Key("ctrl+l", "ctrl+l", "app.redraw", "Paint the screen again."),
    Key("escape", "esc", "leave", "Close what is open; return to the groups and the current step."),
)
