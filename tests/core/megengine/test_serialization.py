"""Saving and loading: what goes in comes out, nothing is run, and mistakes are named."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tuitrain_core as mge
from tuitrain_core import DataError, Parameter, UnknownTypeError, tensor
from tuitrain_core import module as M


def round_trip(value):
    file = io.BytesIO()
    mge.save(value, file)
    file.seek(0)
    return mge.load(file)


@pytest.mark.parametrize(
    "value",
    [1, 1.5, True, None, "text", [1, [2]], (1, "a"), {"a": {1: [None]}}, [], {}, float("inf")],
)
def test_plain_values(value):
    loaded = round_trip(value)
    assert (loaded, type(loaded)) == (value, type(value))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i4", "i8", "u1", "?"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_arrays_keep_dtype_shape_and_bits(shape, dtype):
    array = np.ones(shape, dtype)
    loaded = round_trip({"x": array})["x"]
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(loaded, array)


def test_tensors_and_parameters_keep_their_kind():
    loaded = round_trip([tensor([1, 2]), Parameter(np.ones(2), "float64")])
    assert [type(item) for item in loaded] == [mge.Tensor, Parameter]
    assert [item.dtype.name for item in loaded] == ["int32", "float64"]


def test_a_path_is_replaced_when_all_is_written(tmp_path):
    path = tmp_path / "net.mge"
    mge.save({"a": 1}, path)
    with pytest.raises(UnknownTypeError):
        mge.save({"a": object()}, path)
    assert mge.load(str(path)) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["net.mge"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"net": [M.Linear(1, 1)]}, r"\['net'\]\[0\] is a Linear; save its state_dict\(\)"),
        (object(), "the value is a object"),
        ({(1, 2): 3}, "a key of the value is a tuple"),
        (np.array(["a"]), "the value is an array of <U1"),
    ],
)
def test_other_values_are_named_with_their_place(value, message):
    with pytest.raises(UnknownTypeError, match=message):
        mge.save(value, io.BytesIO())


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return Path.touch, (tmp_path / "harm",)

    with pytest.raises(DataError, match="this file is a pickle, as MegEngine writes them"):
        mge.load(io.BytesIO(pickle.dumps({"weight": Harm()})))
    assert list(tmp_path.iterdir()) == []


def archive(structure, compression=zipfile.ZIP_STORED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        target.writestr("structure.json", structure)
        for name, data in members.items():
            target.writestr(name, data)
    return file.getvalue()


GOOD = json.dumps({"version": 1, "value": 1})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a file that tuitrain_core.save wrote"),
        (b"PK\x03\x04 and no more", "not a file that tuitrain_core.save wrote"),
        (archive("{"), "not a file that tuitrain_core.save wrote"),
        (archive("[]"), "not a file that tuitrain_core.save wrote"),
        (archive(json.dumps({"version": 2, "value": 1})), "its version is 2, not 1"),
        (archive(GOOD, zipfile.ZIP_DEFLATED), "a member is compressed"),
        (
            archive(json.dumps({"version": 1, "value": {"kind": "array", "member": "0.npy"}})),
            "not a file that tuitrain_core.save wrote",
        ),
    ],
)
def test_damaged_files_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        mge.load(io.BytesIO(data))


def test_an_array_of_objects_is_not_unpickled():
    member = io.BytesIO()
    np.lib.format.write_array(member, np.array([{}], object), allow_pickle=True)
    structure = json.dumps({"version": 1, "value": {"kind": "array", "member": "0.npy"}})
    with pytest.raises(DataError, match="Object arrays cannot be loaded"):
        mge.load(io.BytesIO(archive(structure, **{"0.npy": member.getvalue()})))
