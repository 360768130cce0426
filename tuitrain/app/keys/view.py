"""The keys of the main screen that inspect the run or change how it is shown."""

from __future__ import annotations

from typing import Final

from .key import Key

VIEW_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "W",
        "W",
        "weights",
        "Show weights: values, gradients, updates.",
        label="weights",
        short_label="wts",
        drop_order=11,
    ),
    Key(
        "N",
        "N",
        "network",
        "Show the network, and where gradients flow.",
        label="network",
        short_label="net",
        drop_order=12,
    ),
    Key(
        "i",
        "i",
        "batch",
        "Show samples, predictions, and the results on the test set.",
        label="images",
        short_label="img",
        drop_order=13,
    ),
    Key(
        "left_square_bracket",
        "[",
        "metric(-1)",
        "Chart the previous metric: lr, |grad| …",
        config_name="previous_chart",
    ),
    Key(
        "right_square_bracket",
        "]",
        "metric(1)",
        "Chart the next metric: lr, |grad| …",
        config_name="next_chart",
    ),
    Key(
        "y",
        "y",
        "log_loss",
        "Switch the charts between a logarithmic and a linear axis.",
        config_name="logarithmic",
    ),
    Key("a", "a", "smooth", "Turn running means of loss and gradients on or off."),
    Key(
        "plus,equals_sign",
        "+",
        "zoom(0.5)",
        "Zoom in: the charts show half of the steps.",
        config_name="zoom_in",
    ),
    Key(
        "minus",
        "-",
        "zoom(2)",
        "Zoom out: the charts show twice the steps.",
        config_name="zoom_out",
    ),
    Key(
        "shift+left",
        "shift+←",
        "pan(-0.25)",
        "Show earlier steps in the charts.",
        config_name="pan_earlier",
    ),
    Key(
        "shift+right",
        "shift+→",
        "pan(0.25)",
        "Show later steps in the charts.",
        config_name="pan_later",
    ),
    Key("0", "0", "whole_run", "Show the whole run in the charts."),
    Key(
        "x",
        "x",
        "toggle_cursor",
        "Put the cursor on the latest step, or remove it.",
        config_name="cross_hair",
    ),
    Key(
        "E",
        "E",
        "export",
        "Export the focused chart, else the first, as CSV, SVG and PNG.",
    ),
    Key("R", "R", "runs", "Show earlier runs: draw them beside this one, and compare them."),
    Key("p", "p", "hold", "Hold the display, or release it; training continues."),
)
