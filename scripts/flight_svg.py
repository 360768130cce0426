"""Pictures of a screen as one animated SVG: all that ever was on it, each seen at its times.

Browsers play it; no script is in it, and nothing is fetched.
Whoever has asked for no motion is shown the last picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App

Span: TypeAlias = tuple[str, str, str, bool]
"""A text, its colour, the colour behind it, and whether it is bold."""

Picture: TypeAlias = tuple[tuple[Span, ...], ...]
"""The rows of a screen."""

Place: TypeAlias = tuple[int, int, Span]
"""Something that is drawn: its row, its column, and what it is."""

Time: TypeAlias = tuple[float, float]
"""From when to when something is seen, in seconds."""

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 18.0, 14
FOREGROUND, BACKGROUND = "#e0e0e0", "#121212"

_STYLE = """\
text{font:%dpx/1 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.b{font-weight:700}
@media(prefers-reduced-motion:reduce){g.r{animation:none!important}}
"""


def picture_of(app: App[None]) -> Picture:
    """Return what an app has on its screen."""
    rows = app.screen._compositor.render_strips()
    return tuple(tuple(_spans(strip)) for strip in rows)


def animated(pictures: Sequence[tuple[Picture, float]]) -> str:
    """Return the pictures as one SVG that shows each for its seconds, again and again."""
    starts = [0.0]
    for _, shown in pictures:
        starts.append(starts[-1] + shown)
    seen: dict[Place, list[Time]] = {}
    for (picture, _), start, end in zip(pictures, starts, starts[1:], strict=False):
        for place in _places(picture):
            times = seen.setdefault(place, [])
            if times and times[-1][1] == start:
                times[-1] = (times[-1][0], end)
            else:
                times.append((start, end))
    together: dict[tuple[Time, ...], list[Place]] = {}
    for place, times in seen.items():
        together.setdefault(tuple(times), []).append(place)
    first = pictures[0][0]
    width = sum(cell_len(text) for text, *_ in first[0])
    return "".join(_document(together, starts[-1], width, len(first)))


def _places(picture: Picture) -> Iterable[Place]:
    """Return what of a picture is drawn, and where: what is behind texts, and texts."""
    for y, row in enumerate(picture):
        x = 0
        for text, colour, behind, bold in row:
            if behind != BACKGROUND:
                yield y, x, (" " * cell_len(text), "", behind, False)
            if stripped := text.strip():
                before = cell_len(text) - cell_len(text.lstrip())
                yield y, x + before, (stripped, colour, "", bold)
            x += cell_len(text)


def _document(
    together: dict[tuple[Time, ...], list[Place]], seconds: float, width: int, height: int
) -> Iterable[str]:
    size = f"{width * CELL_WIDTH:.0f} {height * CELL_HEIGHT:.0f}"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">\n'
    classes = _Classes()
    body = [_group(places, times, seconds, classes) for times, places in together.items()]
    yield f"<style>{_STYLE % FONT_SIZE}{classes.css()}</style>\n"
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n'
    # What is behind a text of another moment must not cover it: all of that comes first.
    yield from (behind for behind, _ in body)
    yield from (texts for _, texts in body)
    yield "</svg>\n"


class _Classes:
    """Short class names for colours and for when a row is seen."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}

    def of(self, rule: str) -> str:
        """Return the class of a rule."""
        return self._rules.setdefault(rule, f"c{len(self._rules)}")

    def css(self) -> str:
        """Return all rules."""
        return "\n".join(
            rule.replace("NAME", name) if "NAME" in rule else f".{name}{{{rule}}}"
            for rule, name in self._rules.items()
        )


def _group(
    places: list[Place], times: tuple[Time, ...], seconds: float, classes: _Classes
) -> tuple[str, str]:
    """Return what is seen at some times: what is behind, and the texts."""
    behind = "".join(_behind(place, classes) for place in places if place[2][2])
    texts = "".join(_text(place, classes) for place in places if not place[2][2])
    if times == ((0.0, seconds),):
        return behind, texts
    rule = classes.of(_rule(times, seconds))
    group = f'<g class="r {rule}">%s</g>\n'
    return (group % behind if behind else ""), (group % texts if texts else "")


def _rule(times: tuple[Time, ...], seconds: float) -> str:
    """Return the rule for what is seen at some times; without motion, at the end."""
    frames: dict[float, bool] = {0.0: False}
    for start, end in times:
        frames[start] = True
        if end < seconds:
            frames[end] = False
    steps = "".join(
        f"{100 * at / seconds:.4g}%{{visibility:{'visible' if seen else 'hidden'}}}"
        for at, seen in sorted(frames.items())
    )
    final = "visible" if times[-1][1] == seconds else "hidden"
    return (
        f".NAME{{visibility:{final};animation:NAME {seconds:.4g}s step-end infinite}}"
        f"@keyframes NAME{{{steps}}}"
    )


def _behind(place: Place, classes: _Classes) -> str:
    y, x, (text, _, colour, _) = place
    return (
        f'<rect x="{x * CELL_WIDTH:.4g}" y="{y * CELL_HEIGHT:.4g}" '
        f'width="{len(text) * CELL_WIDTH + 0.3:.4g}" height="{CELL_HEIGHT:.4g}" '
        f'class="{classes.of(f"fill:{colour}")}"/>'
    )


def _text(place: Place, classes: _Classes) -> str:
    y, x, (text, colour, _, bold) = place
    names = classes.of(f"fill:{colour}") + (" b" if bold else "")
    return (
        f'<text x="{x * CELL_WIDTH:.4g}" y="{y * CELL_HEIGHT + 13.5:.4g}" '
        f'textLength="{cell_len(text) * CELL_WIDTH:.4g}" class="{names}">{escape(text)}</text>'
    )


def _spans(segments: Iterable[Segment]) -> Iterable[Span]:
    """Join neighbours that look the same."""
    joined: list[Span] = []
    for text, style, _ in segments:
        span = (text, *_look(style or Style.null()))
        if joined and (
            joined[-1][1:] == span[1:] or (not text.strip() and joined[-1][2] == span[2])
        ):
            joined[-1] = (joined[-1][0] + text, *joined[-1][1:])
        else:
            joined.append(span)
    return joined


def _look(style: Style) -> tuple[str, str, bool]:
    front, behind = _hex(style.color, FOREGROUND), _hex(style.bgcolor, BACKGROUND)
    return (behind, front, bool(style.bold)) if style.reverse else (front, behind, bool(style.bold))


def _hex(color: Color | None, default: str) -> str:
    return default if color is None or color.is_default else color.get_truecolor().hex
