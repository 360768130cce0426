"""The keys of other screens than the main one: those that do something else there, or are new."""

from __future__ import annotations

from typing import Final

from .key import Key

RECORDING: Final[tuple[Key, ...]] = (
    Key("space", "space", "play", "play", "play", "Play the run on from here, or stand still."),
    Key("left", "←", "move(-1)", "back", "back", "The step before."),
    Key("right", "→", "move(1)", "on", "on", "The next step."),
    Key(
        "shift+left",
        "shift+←",
        "leap(-1)",
        "",
        "",
        "A long way back: a fiftieth of the run; zoomed in, what the charts show.",
    ),
    Key(
        "shift+right",
        "shift+→",
        "leap(1)",
        "far",
        "far",
        "A long way on, likewise.",
        9,
    ),
    Key("left_curly_bracket", "{", "jump(-1)", "", "", "To where something was asked before."),
    Key(
        "right_curly_bracket",
        "}",
        "jump(1)",
        "next command",
        "next",
        "To where something is asked next.",
        5,
    ),
    Key("home", "home", "end(0)", "start", "start", "To the first moment.", 3),
    Key("end", "end", "end(1)", "end", "end", "To the last moment.", 4),
)
"""What keys do over a recording that do something else, or nothing, over a run."""

VIEWS: Final[tuple[Key, ...]] = (
    Key("c", "c", "ink", "letters", "letters", "Draw with letters instead of colours, or not."),
    Key("escape,q", "esc q", "close", "close", "close", "Go back to the deck."),
)
"""What keys do in all views that look closely."""

WEIGHTS: Final[tuple[Key, ...]] = (
    Key("down,j,tab", "↓ j tab", "move(1)", "", "", "The next parameter."),
    Key("up,k,shift+tab", "↑ k", "move(-1)", "", "", "The parameter before."),
    Key("right,h", "→", "facet(1)", "", "", "On from values to gradient, and to the updates."),
    Key("left", "←", "facet(-1)", "", "", "Back, likewise."),
    Key("pagedown", "pgdn", "scroll_filters(1)", "", "", "More filters."),
    Key("pageup", "pgup", "scroll_filters(-1)", "", "", "The filters before."),
)
"""What keys do in the view of weights."""

NETWORK: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "", "fold", "fold", "Fold or open a module.", called="fold"),
)
"""What keys do in the view of the network."""

BATCH: Final[tuple[Key, ...]] = (
    Key("tab", "tab", "other", "", "", "On a narrow terminal: to the confusions, and back."),
    Key("right,h", "→", "samples(1)", "", "", "Other samples: the test set, a batch, mistakes."),
    Key("left", "←", "samples(-1)", "", "", "Likewise, the other way round."),
    Key("down,j,pagedown", "↓ j pgdn", "move(1)", "", "", "Later samples."),
    Key("up,k,pageup", "↑ k pgup", "move(-1)", "", "", "Earlier samples."),
    Key("plus,equals_sign", "+", "zoom(1)", "", "", "Draw the pictures larger."),
    Key("minus", "-", "zoom(-1)", "", "", "Draw them smaller."),
)
"""What keys do in the view of images."""

START: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "choose", "open", "open", "Open what the cursor stands on."),
    Key("tab", "tab", "next_list(1)", "next list", "list", "To the next list."),
    Key("shift+tab", "shift+tab", "next_list(-1)", "", "", "To the list before."),
    Key("slash", "/", "filter", "filter", "filter", "Show what has a text, in all lists."),
    Key("space", "space", "pin", "mark a run", "mark", "Mark a run, to be compared and drawn."),
    Key("R", "R", "runs", "compare", "compare", "Compare the marked runs."),
    Key("escape", "esc", "show_all", "", "", "Show all again."),
    Key("question_mark,f1", "?", "help", "help", "help", "Show this help."),
    Key("q", "q", "quit", "quit", "quit", "Leave."),
)
"""What keys do in the start screen."""
