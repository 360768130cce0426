"""Tiles by name, and the choice of the fastest ones, which is measured once and kept."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tuitrain_core.native.ir.host import HostError, get_host, host, untuned_host
from tuitrain_core.native.ir.tiles import TilesError, parse_tiles, tile_options
from tuitrain_core.native.runtime import library
from tuitrain_core.native.tuning import tuner
from tuitrain_core.native.tuning.cases import CASES
from tuitrain_core.native.tuning.timing import time_kernels
from tuitrain_core.native.tuning.tuner import file_key, find_tiles, measure_tiles

WIDE, NARROW = tile_options(16, 32), tile_options(4, 16)


class Stopwatch:
    """A measurement that makes the last contestant the fastest, and counts its calls."""

    def __init__(self, part=0.5):
        self.calls = 0
        self.part = part

    def __call__(self, contestants):
        self.calls += 1
        return [*[1.0] * (len(contestants) - 1), self.part]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "cache_folder", lambda: tmp_path / "kernels")
    monkeypatch.setattr(tuner, "cache_folder", lambda: tmp_path / "kernels")
    return tmp_path / "kernels"


@pytest.fixture
def target():
    return untuned_host()


@pytest.mark.parametrize("options", [WIDE, NARROW, tile_options(8, 32), tile_options(4, 32)])
def test_the_text_of_tiles_reads_back(options):
    for name in ("product", "dot", "halves"):
        for tiles in options.variants(name):
            assert parse_tiles(str(tiles), options) == tiles
    assert parse_tiles("default", options) == options.default


def test_tiles_that_are_not_named_are_the_default():
    assert parse_tiles("dot=2x8", WIDE) == replace(WIDE.default, dot=(2, 8))
    assert parse_tiles(" halves=yes, dot=2x8 ", WIDE).halves


@pytest.mark.parametrize("text", ["dot=2x9", "dots=2x8", "", "2x8", "dot=2x8,,"])
def test_other_texts_are_errors_that_name_what_is_allowed(text):
    with pytest.raises(
        TilesError, match=r"is not a shape of tiles \(allowed: default, product=12x2"
    ):
        parse_tiles(text, WIDE)
    with pytest.raises(TilesError, match="did you mean 'dot=2x8'"):
        parse_tiles("dot=2x9", WIDE)


def test_halves_are_an_option_only_of_the_widest_vectors():
    with pytest.raises(TilesError, match="'halves=yes' is not a shape of tiles"):
        parse_tiles("halves=yes", NARROW)


def test_a_variable_sets_the_tiles_of_the_processor(monkeypatch, target):
    last = target.tile_options.variants("product")[-1]
    monkeypatch.setenv("TUITRAIN_TILES", f"product={last.product[0]}x{last.product[1]}")
    assert host() == target.with_tiles(last)
    monkeypatch.setenv("TUITRAIN_TILES", "fastest")
    with pytest.raises(HostError, match="TUITRAIN_TILES: 'fastest' is not a shape"):
        host()


def test_the_fastest_tiles_are_chosen_attribute_by_attribute(target):
    stopwatch = Stopwatch()
    tiles = measure_tiles(target, stopwatch)
    options = target.tile_options
    chosen = {name: getattr(options.variants(name)[-1], name) for name in CASES}
    assert tiles == replace(options.default, **chosen)
    assert stopwatch.calls == sum(len(options.variants(name)) > 1 for name in CASES)


def test_tiles_that_gain_next_to_nothing_are_not_chosen(target):
    assert measure_tiles(target, Stopwatch(0.99)) == target.tile_options.default


def test_the_kernels_of_all_cases_can_be_timed(folder, target):
    for name, case in CASES.items():
        variants = target.tile_options.variants(name)
        times = time_kernels([case(target.with_tiles(tiles)) for tiles in variants])
        assert len(times) == len(variants)
        assert all(0 < seconds < 10 for seconds in times)


def test_tiles_are_measured_once_and_then_read(folder, target):
    stopwatch = Stopwatch()
    first = find_tiles(target, stopwatch)
    calls = stopwatch.calls
    assert calls
    assert find_tiles(target, stopwatch) == first != target.tiles
    assert stopwatch.calls == calls


@pytest.mark.parametrize("content", [b"", b"dot=9x9", b"\xff\xfe", b"halves=maybe"])
def test_a_file_that_is_not_understood_is_measured_again(folder, target, content):
    find_tiles(target, Stopwatch())
    library.cache.get_store(folder).write(file_key(target), content)
    stopwatch = Stopwatch()
    tiles = find_tiles(target, stopwatch)
    assert stopwatch.calls
    assert find_tiles(target, Stopwatch(2.0)) == tiles


def test_a_damaged_file_is_measured_again(folder, target):
    tiles = find_tiles(target, Stopwatch())
    file = folder / file_key(target)
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    assert find_tiles(target, Stopwatch()) == tiles
    assert file.read_bytes() == whole


@pytest.mark.parametrize("other", ["machine", "processor", "version"])
def test_the_file_is_that_of_one_machine_and_one_version(target, monkeypatch, other):
    key = file_key(target)
    if other == "machine":
        monkeypatch.setattr(tuner, "machine_name", lambda: "another")
    elif other == "processor":
        target = replace(target, cpu="another")
    else:
        monkeypatch.setattr(library.llvmlite, "__version__", "0.0")
    assert file_key(target) != key


def test_without_a_folder_tiles_are_measured_and_no_error_is_raised(folder, target):
    folder.write_bytes(b"")
    assert find_tiles(target, Stopwatch()) != target.tiles


PROGRAM = """
from tuitrain_core.native.ir.host import host
from tuitrain_core.native.tuning import use_fastest_tiles
use_fastest_tiles()
use_fastest_tiles()
print(host().tiles)
"""


def test_processes_that_start_together_find_tiles_that_the_next_one_reads(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    del environment["TUITRAIN_TILES"]

    def start():
        command = [sys.executable, "-c", PROGRAM]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=environment, **pipes)

    together = [start(), start()]
    results = [process.communicate() for process in together]
    assert all(not errors for _, errors in results)
    after, errors = start().communicate()
    assert not errors
    assert after in {output for output, _ in results}
    options = get_host("").tile_options
    assert str(parse_tiles(after.strip(), options)) == after.strip()
