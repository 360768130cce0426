"""Compare the core with MegEngine, case by case: same, different, or failing here only.

With MegEngine in an environment of its own (it is an oracle, and never a dependency)::

    python3.10 -m venv /tmp/oracle && /tmp/oracle/bin/pip install megengine "numpy<2"
    /tmp/oracle/bin/python scripts/compare_megengine.py --record   # writes the expected values
    .venv/bin/python scripts/compare_megengine.py                  # compares the core with them

The cases are text in ``tests/core/megengine/cases``, the values in ``values.json`` beside them.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests" / "core" / "megengine"
sys.path[:0] = [str(TESTS), str(ROOT / "core")]

evaluate: Any = importlib.import_module("evaluate")


def main() -> None:
    """Record the values of MegEngine, or compare ours with them."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--record", action="store_true", help="write the values of MegEngine")
    options = arguments.parse_args()
    if options.record:
        record()
    else:
        compare()


def record() -> None:
    """Write what MegEngine returns for every case, and the losses of every script."""
    os.environ["MGE_LOG_LEVEL"] = "ERROR"
    import megengine  # type: ignore[import-not-found]

    megengine.config.async_level = 0  # an error is raised where it happens
    values = {name: evaluate.evaluate(code, "megengine") for name, code in cases().items()}
    write("values.json", values)
    losses = {}
    for path in sorted((TESTS / "scripts").glob("*.py")):
        losses[path.stem] = evaluate.run_script(path, "megengine")
    write("losses.json", losses)
    print(f"{len(values)} cases, {len(losses)} scripts")


def compare() -> None:
    """Print the cases that differ, and the counts."""
    values = json.loads((TESTS / "values.json").read_text())
    counts = {"same": 0, "differ": 0, "fail": 0}
    for name, code in cases().items():
        with contextlib.redirect_stderr(io.StringIO()):
            ours = evaluate.evaluate(code, "tuitrain_core")
        expected = values[name]
        kind = "same" if evaluate.is_same(expected, ours) else "differ"
        if kind == "differ" and "error" in (ours if isinstance(ours, dict) else ()):
            kind = "fail"
        counts[kind] += 1
        if kind != "same":
            print(
                f"{kind:7}{name}\n       MegEngine {expected!s:.150}\n"
                f"       here      {ours!s:.150}"
            )
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))


def cases() -> dict[str, str]:
    """Return the code of every case by name."""
    return evaluate.read_cases()


def write(name: str, values: object) -> None:
    """Write values as JSON, a case a line."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items()]  # type: ignore[attr-defined]
    (TESTS / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
