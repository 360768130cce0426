"""Our own themes beside Textual's: one for every kind of colour vision, one without colours.

Nothing is said by colour alone: groups are named, outcomes have signs, frozen rows a flake.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

OKABE_ITO: Final = Theme(
    name="tuitrain-colour-blind-safe",
    primary="#0072B2",
    secondary="#CC79A7",
    accent="#56B4E9",
    success="#009E73",
    warning="#E69F00",
    error="#D55E00",
    foreground="#E8E8E8",
    background="#101014",
    surface="#1A1A20",
    panel="#24242C",
    dark=True,
)
"""The palette of M. Okabe and K. Ito (2008), whose colours are told apart with every kind of colour
vision.
"""

GREY_HEAT: Final = {
    "heat-negative": "#000000",
    "heat-zero": "#6A6A6A",
    "heat-positive": "#FFFFFF",
}
"""Heat maps from dark over grey to light: without colours a sign is seen by its lightness."""

MONOCHROME: Final = Theme(
    name="tuitrain-monochrome",
    primary="#707070",
    secondary="#A0A0A0",
    accent="#F4F4F4",
    success="#D0D0D0",
    warning="#E4E4E4",
    error="#FFFFFF",
    foreground="#E0E0E0",
    background="#0C0C0C",
    surface="#181818",
    panel="#222222",
    dark=True,
    variables=GREY_HEAT | {"primary-lighten-2": "#BEBEBE"},  # the first group, on the cursor too
)

OWN_THEMES: Final = (OKABE_ITO, MONOCHROME)

HEAT: Final = {
    "heat-negative": "#3D9BE9",
    "heat-zero": "#17171B",
    "heat-positive": "#F2A43A",
    "heat-none": "#121216",
    "heat-all": "#F4F4F4",
}
"""The ends and the middle of the scales of heat maps, in themes that say nothing of them: blue and
orange are told apart with every kind of colour vision.
"""


def heat_colors(no_color: bool) -> dict[str, str]:
    """Return the colours of heat maps for themes that say nothing of them."""
    return HEAT | GREY_HEAT if no_color else dict(HEAT)
