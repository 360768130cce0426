"""The tables of ``python scripts/measure_kernels.py``: every kernel has a row of finite numbers."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tables_have_the_kernels_of_each_network():
    command = [sys.executable, "scripts/measure_kernels.py", "--quick"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    limit = re.search(r"The limit of one thread is (\d+) billion operations", output)
    assert limit is not None
    assert int(limit[1]) > 0
    lenet, mlp = output.split("\nLeNet, B=8:\n")[1].split("\nMLP, B=8:\n")
    assert len(re.findall("convolution.*: forward", lenet)) == 2
    assert len(re.findall("convolution.*: gradient of the weight", lenet)) == 2
    assert len(re.findall("convolution.*: gradient of the input", lenet)) == 1
    for table, layers in ((lenet, 3), (mlp, 2)):
        assert_linear_layers(table, layers)
        assert re.search(r"At the limit the [\d.]+ million operations take [\d.]+ ms", table)


def assert_linear_layers(table: str, layers: int) -> None:
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    numbers = {cells[0].strip(): cells[1:] for cells in rows[2:]}
    assert sum(name.startswith("linear") for name in numbers) >= 3 * layers - 1
    for name, cells in numbers.items():
        values = [float(cell.strip().rstrip("%")) for cell in cells if cell.strip()]
        assert len(values) == (2 if name == "kernels without products" else 5)
        assert all(value > 0 and math.isfinite(value) for value in values[:4])
