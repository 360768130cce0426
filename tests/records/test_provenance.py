"""Which modules of the user's a run depends on."""

import sys
import types
import warnings

from tuitrain.records.provenance import user_modules


class Warns:
    """An object like `torch.distributed.reduce_op`, whose attributes warn."""

    def __getattribute__(self, name):
        warnings.warn(f"{name} is deprecated", FutureWarning, stacklevel=2)
        return object.__getattribute__(self, name)


def module(name: str, tmp_path, monkeypatch, **names) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__file__ = str(tmp_path / f"{name}.py")
    vars(made).update(names)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def test_the_modules_of_names_are_found_without_running_code_of_the_values(tmp_path, monkeypatch):
    kind = type("Kind", (), {"__module__": "of_class"})
    module("of_class", tmp_path, monkeypatch)
    module("of_instance", tmp_path, monkeypatch)
    inner = module("inner", tmp_path, monkeypatch)
    instance = type("Other", (), {"__module__": "of_instance"})()
    names = {"kind": kind, "instance": instance, "inner": inner, "warns": Warns(), "none": None}
    module("outer", tmp_path, monkeypatch, **names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        modules = user_modules(["outer"])
    assert {"inner", "of_class", "of_instance", "outer"} <= {*modules}
