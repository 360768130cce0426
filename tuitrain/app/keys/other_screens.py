"""The keys of the other screens."""

from __future__ import annotations

from typing import Final

from .key import Key

RECORDING_KEYS: Final[tuple[Key, ...]] = (
    Key("space", "space", "play", "Play the run from here, or pause.", label="play"),
    Key("left", "←", "move(-1)", "The step before.", label="back"),
    Key("right", "→", "move(1)", "The next step.", label="on"),
    Key(
        "shift+left",
        "shift+←",
        "leap(-1)",
        "A long way back: a fiftieth of the run; zoomed in, what the charts show.",
    ),
    Key("shift+right", "shift+→", "leap(1)", "A long way on, likewise.", label="far", drop_order=9),
    Key("left_curly_bracket", "{", "jump(-1)", "To where something was asked before."),
    Key(
        "right_curly_bracket",
        "}",
        "jump(1)",
        "To where something is asked next.",
        label="next command",
        short_label="next",
        drop_order=5,
    ),
    Key("home", "home", "end(0)", "To the first moment.", label="start", drop_order=3),
    Key("end", "end", "end(1)", "To the last moment.", label="end", drop_order=4),
)
"""The keys over a recording that have another action, or none, over a run."""

INSPECTION_KEYS: Final[tuple[Key, ...]] = (
    Key("c", "c", "ink", "Draw with letters instead of colours, or not.", label="letters"),
    Key("escape,q", "esc q", "close", "Go back to the deck.", label="close"),
)
"""The keys of all inspector screens."""

WEIGHTS_KEYS: Final[tuple[Key, ...]] = (
    Key("down,j,tab", "↓ j tab", "move(1)", "The next parameter."),
    Key("up,k,shift+tab", "↑ k", "move(-1)", "The parameter before."),
    Key("right,h", "→", "facet(1)", "On from values to gradient, and to the updates."),
    Key("left", "←", "facet(-1)", "Back, likewise."),
    Key("pagedown", "pgdn", "scroll_filters(1)", "More filters."),
    Key("pageup", "pgup", "scroll_filters(-1)", "The filters before."),
)
"""The keys of the weights screen."""

NETWORK_KEYS: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "", "Fold or open a module.", label="fold", config_name="fold"),
)
"""The keys of the network screen."""

BATCH_KEYS: Final[tuple[Key, ...]] = (
    Key("tab", "tab", "other", "On a narrow terminal: to the confusions, and back."),
    Key("right,h", "→", "samples(1)", "Other samples: the test set, a batch, mistakes."),
    Key("left", "←", "samples(-1)", "Likewise, the other way round."),
    Key("down,j,pagedown", "↓ j pgdn", "move(1)", "Later samples."),
    Key("up,k,pageup", "↑ k pgup", "move(-1)", "Earlier samples."),
    Key("plus,equals_sign", "+", "zoom(1)", "Draw the pictures larger."),
    Key("minus", "-", "zoom(-1)", "Draw them smaller."),
)
"""The keys of the samples screen."""

START_KEYS: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "choose", "Open the row under the cursor.", label="open"),
    Key("tab", "tab", "next_list(1)", "To the next list.", label="next list", short_label="list"),
    Key("shift+tab", "shift+tab", "next_list(-1)", "To the list before."),
    Key("slash", "/", "filter", "Show what has a text, in all lists.", label="filter"),
    Key(
        "space",
        "space",
        "pin",
        "Mark a run, to be compared and drawn.",
        label="mark a run",
        short_label="mark",
    ),
    Key("R", "R", "runs", "Compare the marked runs.", label="compare"),
    Key("escape", "esc", "show_all", "Show all again."),
    Key("question_mark,f1", "?", "help", "Show this help.", label="help"),
    Key("q", "q", "quit", "Leave.", label="quit"),
)
"""The keys of the start screen."""
