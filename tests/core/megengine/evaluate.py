"""Evaluates the cases with a framework: MegEngine in the oracle's environment, ours in the tests.

It runs on Python 3.10 too, and imports nothing but NumPy and the framework that it is given.
"""

import ast
import importlib
import io
import re
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEPARATOR = re.compile(r"^== (\w+)\n", re.MULTILINE)


def read_cases():
    """Return the code of every case by name, "file.case", in the order of the files."""
    cases = {}
    for path in sorted((HERE / "cases").glob("*.txt")):
        _, *parts = SEPARATOR.split(path.read_text())
        codes = dict(zip(parts[::2], parts[1::2]))  # noqa: B905
        setup = codes.pop("setup", "")
        for name, code in codes.items():
            cases[f"{path.stem}.{name}"] = setup + code
    return cases


def make_namespace(package):
    """Return the names that a case may use."""
    names = {"np": np, "io": io, "mge": importlib.import_module(package)}
    for alias, module in (("F", "functional"), ("M", "module"), ("optim", "optimizer")):
        names[alias] = importlib.import_module(f"{package}.{module}")
    names["GradManager"] = importlib.import_module(package + ".autodiff").GradManager
    names["tensor"], names["Parameter"] = names["mge"].tensor, names["mge"].Parameter
    return names


def evaluate(code, package):
    """Run a case, and return the value of its last line as plain data."""
    tree = ast.parse(code.replace("megengine", package))
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise TypeError(f"a case ends with an expression: {code}")
    names = make_namespace(package)
    try:
        exec(compile(tree, "<case>", "exec"), names)
        return encode(eval(compile(ast.Expression(last.value), "<case>", "eval"), names))
    except Exception as error:
        return {"error": type(error).__name__}


def encode(value):
    """Return a value as plain data; arrays and tensors with dtype and shape."""
    if hasattr(value, "numpy") or isinstance(value, (np.ndarray, np.generic)):
        array = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
        data = [_number(x) for x in array.ravel().tolist()]
        return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}
    if isinstance(value, dict):
        return {"dict": {str(key): encode(item) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _number(value)
    return {"type": type(value).__name__}


def _number(value):
    """Return a number as JSON can hold it."""
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def is_same(one, other, tolerance=1e-5):
    """Return whether two encoded values are equal; numbers to ``tolerance``, errors by kind."""
    if isinstance(one, dict) and isinstance(other, dict):
        if "error" in one or "error" in other:
            return "error" in one and "error" in other
        return set(one) == set(other) and all(is_same(one[k], other[k], tolerance) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            is_same(a, b, tolerance)
            for a, b in zip(one, other)  # noqa: B905
        )
    if isinstance(one, bool) or isinstance(other, bool) or not _are_numbers(one, other):
        return type(one) is type(other) and one == other
    return abs(one - other) <= tolerance * max(1.0, abs(one))


def _are_numbers(one, other):
    return isinstance(one, (int, float)) and isinstance(other, (int, float))


def run_script(path, package):
    """Run a training script with its imports changed, and return what it names ``results``."""
    code = Path(path).read_text().replace("megengine", package)
    names = {"__name__": "__main__", "__file__": str(path)}
    exec(compile(code, str(path), "exec"), names)
    return encode(names["results"])
