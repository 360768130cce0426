"""The keys of the main screen for moving about, help, settings and leaving."""

from __future__ import annotations

from typing import Final

from .key import Key

NAVIGATION_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "question_mark",
        "?",
        "help",
        "Show this help; in a dialog f1 does, and says what it sends.",
        label="help",
    ),
    Key(
        "s",
        "s",
        "stop",
        "End the run here, after asking.",
        label="stop",
        drop_order=8,
        verbs=("stop",),
    ),
    Key("q", "q", "quit", "Leave; asks while the run is going.", label="quit"),
    Key(
        "ctrl+p",
        "ctrl+p",
        "app.command_palette",
        "Search all that can be done.",
        label="palette",
        drop_order=10,
        config_name="palette",
    ),
    Key("up,k", "↑ k", "", "Go to the row above.", config_name="up"),
    Key("down,j", "↓ j", "", "Go to the row below.", config_name="down"),
    Key("home", "home", "", "Go to the first row.", config_name="first"),
    Key("end,G", "end G", "", "Go to the last row.", config_name="last"),
    Key("ctrl+u", "ctrl+u", "", "Go up by half a panel.", config_name="half_up"),
    Key("ctrl+d", "ctrl+d", "", "Go down by half a panel.", config_name="half_down"),
    Key(
        "enter",
        "enter",
        "",
        "Fold or open the selected group; in the journal, put the cursor to that step.",
        config_name="open",
    ),
    Key("slash", "/", "filter", "Show only the groups and parameters that match a glob."),
    Key("m", "m", "mark", "Mark a row; what is marked is acted on together, esc unmarks."),
    Key(
        "tab",
        "tab",
        "next_panel",
        "Go to the next panel: groups, journal, charts.",
        config_name="panel",
    ),
    Key("Y", "Y", "copy", "Copy what is selected; once more, the last answer."),
    Key("L", "L", "log", "The log: what the training code prints, logs and warns of."),
    Key("comma", ",", "settings", "Settings: keys, theme, display rate, notifications."),
    Key("T", "T", "tour", "The tour: a minute with the panels and the first keys."),
    Key(
        "ctrl+z",
        "ctrl+z",
        "app.suspend_process",
        "Suspend the process, training with it; `fg` continues it.",
        config_name="suspend",
    ),
    Key("escape", "esc", "leave", "Close what is open; go back to the groups and to now."),
)
