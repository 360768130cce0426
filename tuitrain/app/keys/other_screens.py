"""The keys of the other screens."""

from __future__ import annotations

from typing import Final

from .key import Key

RECORDING_KEYS: Final[tuple[Key, ...]] = (
    Key("space", "space", "play", "Play the run from here, or pause it.", label="play"),
    Key("left", "←", "move(-1)", "Go to the previous step.", label="back"),
    Key("right", "→", "move(1)", "Go to the next step.", label="on"),
    Key(
        "shift+left",
        "shift+←",
        "leap(-1)",
        "Jump back a fiftieth of the run; zoomed in, the width of the charts.",
    ),
    Key("shift+right", "shift+→", "leap(1)", "Jump forward, likewise.", label="far", drop_order=9),
    Key("left_curly_bracket", "{", "jump(-1)", "Go to the previous command."),
    Key(
        "right_curly_bracket",
        "}",
        "jump(1)",
        "Go to the next command.",
        label="next command",
        short_label="next",
        drop_order=5,
    ),
    Key("home", "home", "end(0)", "Go to the first step.", label="start", drop_order=3),
    Key("end", "end", "end(1)", "Go to the last step.", label="end", drop_order=4),
)
"""The keys over a recording that have another action, or none, over a run."""

INSPECTION_KEYS: Final[tuple[Key, ...]] = (
    Key("c", "c", "ink", "Switch between letters and colors.", label="letters"),
    Key("escape,q", "esc q", "close", "Return to the deck.", label="close"),
)
"""The keys of all inspector screens."""

WEIGHTS_KEYS: Final[tuple[Key, ...]] = (
    Key("down,j,tab", "↓ j tab", "move(1)", "Show the next parameter."),
    Key("up,k,shift+tab", "↑ k", "move(-1)", "Show the previous parameter."),
    Key("right,h", "→", "facet(1)", "Show the next view: values, gradients, updates."),
    Key("left", "←", "facet(-1)", "Show the previous view."),
    Key("pagedown", "pgdn", "scroll_filters(1)", "Show more filters."),
    Key("pageup", "pgup", "scroll_filters(-1)", "Show the previous filters."),
)
"""The keys of the weights screen."""

NETWORK_KEYS: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "", "Fold or unfold a module.", label="fold", config_name="fold"),
)
"""The keys of the network screen."""

BATCH_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "tab", "tab", "other", "Switch to the results on the test set and back (narrow terminals)."
    ),
    Key(
        "right,h",
        "→",
        "samples(1)",
        "Show other samples: the test set, a batch, mistakes or the largest errors.",
    ),
    Key("left", "←", "samples(-1)", "The same in the other direction."),
    Key("down,j,pagedown", "↓ j pgdn", "move(1)", "Show later samples."),
    Key("up,k,pageup", "↑ k pgup", "move(-1)", "Show earlier samples."),
    Key("plus,equals_sign", "+", "zoom(1)", "Enlarge pictures and curves."),
    Key("minus", "-", "zoom(-1)", "Shrink pictures and curves."),
)
"""The keys of the samples screen."""

START_KEYS: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "choose", "Open the row under the cursor.", label="open"),
    Key(
        "tab", "tab", "next_list(1)", "Go to the next list.", label="next list", short_label="list"
    ),
    Key("shift+tab", "shift+tab", "next_list(-1)", "Go to the previous list."),
    Key("slash", "/", "filter", "Filter all lists by text.", label="filter"),
    Key(
        "space",
        "space",
        "pin",
        "Mark a run to compare and draw it.",
        label="mark a run",
        short_label="mark",
    ),
    Key("R", "R", "runs", "Compare the marked runs.", label="compare"),
    Key("escape", "esc", "show_all", "Remove the filter."),
    Key("question_mark,f1", "?", "help", "Show this help.", label="help"),
    Key("q", "q", "quit", "Quit.", label="quit"),
)
"""The keys of the start screen."""
