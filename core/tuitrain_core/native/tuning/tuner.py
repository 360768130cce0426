"""The fastest tiles of a machine: measured once, and kept with the compiled kernels.

The file is one of the kernels' folder. Its name is a digest of the machine's processor and of the
versions of the kernels and of LLVM, so that another machine with the same home, or another version,
measures for itself. A file that is damaged, not trusted, or not understood is replaced.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ... import cache
from ..ir.host import Host, machine_name, set_tiles, untuned_host
from ..ir.tiles import TILES_VARIABLE, Tiles, TilesError, parse_tiles
from ..runtime.library import cache_folder, made_from
from .cases import CASES, Case
from .timing import Contestant, time_kernels

MIN_GAIN = 0.98
"""The part of the default's time that other tiles must stay below."""

Measure = Callable[[Sequence[Contestant]], Sequence[float]]
"""Returns the seconds that each kernel takes."""

_lock = threading.Lock()
_tuned: set[Host] = set()


def use_fastest_tiles(measure: Measure = time_kernels) -> None:
    """Let this process use the fastest tiles; measure them if no process on this machine has.

    Takes up to half a second on the first call on a machine. Does nothing if ``TUITRAIN_TILES``
    sets the tiles.
    """
    target = untuned_host()
    if os.environ.get(TILES_VARIABLE, "") or target in _tuned:
        return
    with _lock:
        if target not in _tuned:
            set_tiles(target, find_tiles(target, measure))
            _tuned.add(target)


def find_tiles(target: Host, measure: Measure = time_kernels) -> Tiles:
    """Return the fastest tiles of a processor: from the file that has them, or measured."""
    store, key = cache.get_store(cache_folder()), file_key(target)
    content = store.read(key)
    if content is not None:
        try:
            return parse_tiles(content.decode(errors="replace"), target.tile_options)
        except TilesError:
            store.report_damage()
    tiles = measure_tiles(target, measure)
    store.write(key, str(tiles).encode())
    return tiles


def file_key(target: Host) -> str:
    """Return the name of the file that has the fastest tiles of a processor."""
    parts = ("tiles", machine_name(), *made_from(__name__, target))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def measure_tiles(
    target: Host, measure: Measure = time_kernels, cases: Mapping[str, Case] = CASES
) -> Tiles:
    """Return the tiles whose kernels take the least time, attribute by attribute.

    Tiles that gain less than `MIN_GAIN` stay the default.
    """
    tiles = target.tiles
    for name, case in cases.items():
        variants = target.tile_options.variants(name)
        if len(variants) > 1:
            times = list(measure([case(target.with_tiles(variant)) for variant in variants]))
            fastest = times.index(min(times))
            if times[fastest] < MIN_GAIN * times[0]:
                tiles = replace(tiles, **{name: getattr(variants[fastest], name)})
    return tiles
