"""Mutate files of every kind that tuitrain reads, and check that they are read or refused.

A mutated run folder is also opened as a recording, verified or resumed. A bad file must raise a
`TuitrainError` or a `CoreError`; any other exception is a finding, and the exit status is 1. The
same seed gives the same files.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import re
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

import numpy as np

from tuitrain.errors import TuitrainError
from tuitrain.records.array_file import DIGEST_MEMBER, pack
from tuitrain.records.checkpoint_file import checkpoint_path, read_checkpoint
from tuitrain.records.record_reader import GROUPS, HEADER, JOURNAL, METRICS
from tuitrain.records.record_writer import RecordWriter
from tuitrain_core.errors import CoreError

SCENARIO = """
schema = 1
name = "fuzzed"
model = "mlp"
data = "mnist-mini"
seed = 3
batch_size = 4
steps = 6
optimizer = { name = "adam", lr = 0.01 }
[[group]]
name = "head"
params = ["classifier.*"]
[[group]]
name = "body"
params = ["*"]
[[at]]
step = 1
do = ["checkpoint early", "lr body 0.1"]
[[at]]
step = 3
do = ["freeze head", "checkpoint late", "undo"]
[[expect]]
step = 4
unchanged = { group = "head", since_step = 3 }
"""
CONFIG = 'theme = ""\nrate = 12\ntoured = true\n[keys]\nfreeze = "F"\n[notify]\nbell = false\n'
REPORT = (
    b'{"schema":1,"date":"2025-01-01","quick":true,"rounds":2,"machine":{"cores":"2","cpu":"x"},'
    b'"not_installed":[],"parts":[{"name":"start","title":"Start","rows":[{"cell":"LeNet, warm",'
    b'"unit":"s","subject":"tuitrain","trials":{"tuitrain":{"values":[0.5,0.25]},"torch":{"values":'
    b'[1.5],"problem":"slow"}},"expected":1.5}]}]}'
)
TABLE = "area,town,rooms,price\n50.5,Oslo,2,100\n70,Bergen,3,150\n90,Oslo,4,200\n120,Voss,5,2\n"
VALUES = [
    b"null", b"true", b"-1", b"0", b"1", b"0.5", b"1e999", b"1e308", b"-0.0", b"999999999999",
    b"1" + b"0" * 30, b"9" * 5000, b'""', b'"x"', b'"[/]"', b'"\\u0000"', b'"\\ud800"', b'"\xff"',
    b"[]", b"{}", b"[[1]]", b'{"a":[1]}', b"NaN", b"[" * 3000 + b"]" * 3000,
    b'"' + b"y" * 5000 + b'"',
]  # fmt: skip
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false|null|\[|\{')


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Change one to four places: a value, a byte, a line, or the end."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        match rng.randrange(7):
            case 0 | 1 | 2:
                places = list(_VALUE.finditer(content))
                if places:
                    at = rng.choice(places)
                    content = content[: at.start()] + rng.choice(VALUES) + content[at.end() :]
            case 3:
                at = rng.randrange(len(content) + 1)
                content = content[:at] + rng.randbytes(rng.choice([1, 1, 8])) + content[at + 1 :]
            case 4:
                content = content[: rng.randrange(len(content) + 1)]
            case 5:
                lines = content.split(b"\n")
                if rng.random() < 0.3:
                    rng.shuffle(lines)
                else:
                    lines.append(rng.choice(lines))
                content = b"\n".join(lines)
            case _:
                lines = content.split(b"\n")
                del lines[rng.randrange(len(lines))]
                content = b"\n".join(lines)
    return content


def mutate_checkpoint(content: bytes, path: Path, rng: random.Random) -> bytes:
    """Change a checkpoint: its bytes, or an array in it, under a digest that matches."""
    if rng.random() < 0.2:
        return mutate(content, rng)
    path.write_bytes(content)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != DIGEST_MEMBER}
    name = rng.choice(["meta.json", "meta.json", *arrays])
    if name == "meta.json":
        changed = mutate(arrays[name].tobytes(), rng)
        arrays[name] = np.frombuffer(changed, np.uint8)
    else:
        other = rng.choice([np.zeros(3), np.zeros((), "f4"), np.zeros((2, 2), "i8"), arrays[name]])
        arrays[name] = np.array(other)
        if arrays[name].size:
            arrays[name].reshape(-1)[-1] = rng.choice([0, 1, 7])
        if rng.random() < 0.2:
            del arrays[name]
    return pack(arrays)


def _packed(**arrays: np.ndarray) -> bytes:
    """Return an archive of arrays."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _picture() -> bytes:
    """Return a picture."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (6, 5), (1, 2, 3)).save(stream, "png")
    return stream.getvalue()


def ignore(*_: object) -> None:
    """Ignore progress."""


class Corpus:
    """Valid files of each kind in a temporary folder, with their readers."""

    def __init__(self, place: Path) -> None:
        from tuitrain.scenario.load import loads
        from tuitrain.scenario.replay import replay
        from tuitrain.scenario.verify import make_header

        self.place, self.valid, self.run = place, place / "valid", place / "run"
        scenario = loads(SCENARIO, "fuzzed.toml")
        with ExitStack() as files:
            recorder = RecordWriter(self.valid, make_header(scenario), files)
            list(replay(scenario, "fuzzed.toml", recorder=recorder))
        images = b"\0\0\x08\x03" + np.array([2, 3, 3], ">u4").tobytes() + bytes(18)
        self.content = {
            "scenario": SCENARIO.encode(),
            "config": CONFIG.encode(),
            "report": REPORT,
            "idx": images,
            "idx.gz": gzip.compress(images, mtime=0),
            "csv": TABLE.encode(),
            "npz": _packed(x=np.arange(12.0).reshape(6, 2), y=np.arange(6) % 2),
            "png": _picture(),
        }
        for name in (HEADER, JOURNAL, METRICS, GROUPS):
            self.content[name] = (self.valid / name).read_bytes()
        self.content["checkpoint"] = checkpoint_path(self.valid, "late").read_bytes()
        self.readers: dict[str, Callable[[Path], object]] = {
            "scenario": self.scenario,
            "config": self.config,
            "report": self.report,
            "idx": self.idx,
            "idx.gz": self.idx,
            "csv": self.csv,
            "npz": self.npz,
            "png": self.png,
        }

    def scenario(self, path: Path) -> None:
        """Read a scenario."""
        from tuitrain.scenario.load import load

        load(path)

    def config(self, path: Path) -> None:
        """Read a config file."""
        from tuitrain.app.config import read_config

        read_config(path, ["textual-dark"])

    def report(self, path: Path) -> None:
        """Read a benchmark report, and print its tables."""
        from tuitrain.bench.command import print_report, write_markdown
        from tuitrain.bench.reports import read_report

        print_report(read_report(path))
        write_markdown(path)

    def idx(self, path: Path) -> None:
        """Read an IDX file."""
        from tuitrain_core.data import read_idx

        read_idx(path)

    def csv(self, path: Path) -> None:
        """Read a table, and describe it."""
        from tuitrain.scenario.descriptions.data_description import describe
        from tuitrain_core.data import load_csv

        describe(str(path))
        load_csv(path, gaps="drop")

    def npz(self, path: Path) -> None:
        """Read an archive of arrays, and describe it."""
        from tuitrain.scenario.descriptions.data_description import describe
        from tuitrain_core.data import load_npz

        describe(str(path))
        load_npz(path)

    def png(self, path: Path) -> None:
        """Read a folder with a changed image."""
        from tuitrain_core.data import load_image_folder

        pictures = self.place / "pictures" / "a"
        pictures.mkdir(parents=True, exist_ok=True)
        for name in ("1.png", "2.png"):
            shutil.copy(path, pictures / name)
        load_image_folder(pictures.parent, size=4)

    def read_run(self, kind: str, content: bytes, training: bool, resumes: bool) -> None:
        """Read a run folder with one changed file; if ``training``, verify or resume it."""
        from tuitrain.scenario.resume import resume
        from tuitrain.scenario.runs.final_curves import final_curves
        from tuitrain.scenario.runs.record_player import RecordPlayer
        from tuitrain.scenario.runs.run_list import describe_run
        from tuitrain.scenario.save import recorded_scenario
        from tuitrain.scenario.verify import verify_record

        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self.valid, self.run)
        path = checkpoint_path(self.run, "late") if kind == "checkpoint" else self.run / kind
        path.write_bytes(content)
        describe_run(self.run)
        if training and resumes:
            with ExitStack() as files:
                list(
                    resume(
                        self.run, files, ignore, ignore, "late" if kind == "checkpoint" else None
                    )
                )
        elif training:
            verify_record(self.run, ignore, ignore)
        elif kind == "checkpoint":
            read_checkpoint(path)
        else:
            recorded_scenario(self.run)
            final_curves(self.run)
            recording = RecordPlayer(self.run)
            for place in (0, recording.last // 2, recording.last):
                recording.go(place)
                recording.snapshot()


def try_one(files: Corpus, kind: str, rng: random.Random, training: bool) -> str:
    """Mutate a file and read it; return "read", "refused" or a traceback."""
    path = files.place / "changed"
    content = files.content[kind]
    changed = (
        mutate_checkpoint(content, path, rng) if kind == "checkpoint" else mutate(content, rng)
    )
    try:
        if kind in files.readers:
            path.write_bytes(changed)
            files.readers[kind](path)
        else:
            # A mutated header may need other data and millions of steps, so it is only read.
            trains = training and kind != HEADER
            files.read_run(kind, changed, trains, rng.random() < 0.5)
    except (TuitrainError, CoreError):
        return "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "".join(traceback.format_exception(error)[-4:])
    return "read"


def fuzz(seed: int, count: int, train_every: int) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Mutate ``count`` files of each kind; every ``train_every``-th run folder is trained.

    Returns
    -------
    counts : number of results by kind and result
    findings : number of occurrences by traceback
    """
    counts: Counter[tuple[str, str]] = Counter()
    findings: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place, redirect_stdout(io.StringIO()):
        files = Corpus(Path(place))
        for kind in files.content:
            for index in range(count):
                rng = random.Random(f"{seed} {kind} {index}")
                result = try_one(files, kind, rng, train_every > 0 and index % train_every == 0)
                known = result in ("read", "refused")
                counts[kind, result if known else "finding"] += 1
                if not known:
                    findings[f"{kind}, file {index} of seed {seed}:\n{result}"] += 1
    return counts, findings


def main() -> int:
    """Fuzz, print counts and findings, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000, help="files of each kind")
    parser.add_argument("--train-every", type=int, default=20, help="0: never")
    arguments = parser.parse_args()
    counts, findings = fuzz(arguments.seed, arguments.count, arguments.train_every)
    for (kind, result), number in sorted(counts.items()):
        print(f"{kind:16} {result:8} {number}")
    for finding in findings:
        print(f"\n{finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
