"""Weights files of PyTorch: strides are honoured, and nothing but weights is accepted or run."""

import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.errors import TrainingError
from tests.support.pytorch_files import SYSTEM, Name, Storage, Tensor, pickled, torch_file, weights_file
from training.networks.pytorch_weights import MAGIC_NUMBER, PROTOCOL_VERSION, read_pytorch_weights

pytestmark = pytest.mark.slow

LONG_BINPUT = ord("r")
VALUES = Storage("0", np.arange(12, dtype="<f4"))
COUNT = Storage("1", np.array([7], "<i8"))
WEIGHTS = OrderedDict(
    dense=Tensor(VALUES, (3, 4), (4, 1)),
    transposed=Tensor(VALUES, (4, 3), (1, 4)),
    part=Tensor(VALUES, (2, 2), (4, 1), offset=5),
    number=Tensor(COUNT, (), ()),
)
CONTENT = torch_file(WEIGHTS, [VALUES, COUNT])
MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)
EXPECTED = {"dense": MATRIX, "transposed": MATRIX.T, "part": MATRIX[1:, 1:3], "number": np.array(7)}


def assert_refused(path: Path) -> None:
    with pytest.raises(TrainingError) as raised:
        read_pytorch_weights(path)
    assert str(raised.value).startswith(f"{path} ")


def assert_expected(weights: dict[str, np.ndarray]) -> None:
    assert list(weights) == list(EXPECTED)
    for name, expected in EXPECTED.items():
        np.testing.assert_array_equal(weights[name], expected)
        assert weights[name].dtype == (np.int64 if name == "number" else np.float32)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "weights.pth"


@pytest.fixture(scope="module")
def module_path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("weights") / "weights.pth"


def test_tensors_are_read_with_their_offsets_and_strides(path):
    path.write_bytes(CONTENT)

    assert_expected(read_pytorch_weights(path))


def test_tensors_of_one_storage_can_be_changed_independently(path):
    path.write_bytes(CONTENT)

    weights = read_pytorch_weights(path)
    weights["dense"][:] = 0

    np.testing.assert_array_equal(weights["transposed"], MATRIX.T)


@given(st.permutations([2, 3, 4]), st.permutations(range(3)), st.integers(0, 9), st.integers(1, 3), st.integers(1, 3))
def test_any_strided_view_is_read_as_it_was_written(module_path, shape, axes, offset, row_step, column_step):
    values = np.arange(40, dtype="<f4")
    view = values[offset : offset + 24].reshape(shape).transpose(axes)[::row_step, ::column_step]
    strides = tuple(stride // values.itemsize for stride in view.strides)
    storage = Storage("0", values)
    module_path.write_bytes(torch_file(OrderedDict(w=Tensor(storage, view.shape, strides, offset)), [storage]))

    np.testing.assert_array_equal(read_pytorch_weights(module_path)["w"], view)


def test_arrays_in_another_order_of_axes_are_read(path):
    arrays = {"kernel": np.random.default_rng(0).standard_normal((2, 3, 4, 5), np.float32), "bias": np.ones(3, "<f4")}
    path.write_bytes(weights_file(arrays))

    for name, array in read_pytorch_weights(path).items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((13,), (1,), 0),
        ((12,), (1,), 1),
        ((3, 4), (4, 2), 0),
        ((2,), (1,), -1),
        ((2,), (-1,), 5),
        ((-2,), (1,), 0),
        ((10**13,), (0,), 0),
        ((4, 4), (1, 0), 0),
        ((3, 4), (4,), 0),
        ((2.0,), (1,), 0),
        (("2",), (1,), 0),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(path, shape, strides, offset):
    path.write_bytes(torch_file(OrderedDict(w=Tensor(VALUES, shape, strides, offset)), [VALUES]))

    assert_refused(path)


class RunsCommand:
    """A malicious object: it creates a file when it is unpickled."""

    def __init__(self, created: Path) -> None:
        self.created = created

    def __reduce__(self) -> tuple:
        return subprocess.check_call, (["touch", str(self.created)],)


@pytest.mark.parametrize("position", range(5))
def test_a_pickle_that_runs_a_command_is_refused_and_does_not_run(path, tmp_path, position):
    parts = [MAGIC_NUMBER, PROTOCOL_VERSION, SYSTEM, WEIGHTS, ["0", "1"]]
    created = tmp_path / "created"
    parts[position] = RunsCommand(created)
    path.write_bytes(b"".join(map(pickled, parts)))

    assert_refused(path)

    assert not created.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("os", "system"),
        ("collections", "Counter"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_tensor"),
        ("training.networks.pytorch_weights", "Path"),
    ],
)
def test_any_other_name_is_refused(path, module, name):
    path.write_bytes(torch_file(OrderedDict(w=Name(module, name)), []))

    assert_refused(path)


@pytest.mark.parametrize("name", [Name("torch._utils", "_rebuild_tensor_v2"), Name("collections", "OrderedDict")])
def test_a_pickle_cannot_change_how_later_files_are_read(path, name):
    """The instruction BUILD ("b") of a pickle sets attributes of the object before it."""
    load_name = pickled(name).removesuffix(b".")
    path.write_bytes(load_name + pickled((None, {"__defaults__": (1,), "__code__": None}))[2:-1] + b"b.")
    assert_refused(path)

    path.write_bytes(CONTENT)
    assert_expected(read_pytorch_weights(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a newer file of PyTorch is an archive",
        torch_file(WEIGHTS, [VALUES, COUNT], version=1002),
        torch_file(WEIGHTS, [VALUES, COUNT], system=SYSTEM | {"little_endian": False}),
        torch_file(WEIGHTS, [VALUES, COUNT], system=[]),
        torch_file(WEIGHTS, [VALUES]),
        torch_file(WEIGHTS, [VALUES, COUNT, Storage("2", np.zeros(1, "<f4"))]),
        torch_file(["dense"], []),
        torch_file(OrderedDict(w=7), []),
        torch_file(OrderedDict(w=Tensor(Name("torch", "FloatStorage"), (1,), (1,))), []),
    ],
    ids=range(10),
)
def test_anything_but_a_complete_file_of_weights_is_refused(path, content):
    path.write_bytes(content)

    assert_refused(path)


def test_a_missing_file_is_refused(path):
    assert_refused(path)


@given(st.integers(0, len(CONTENT) - 1))
def test_a_truncated_file_is_refused(module_path, length):
    module_path.write_bytes(CONTENT[:length])

    assert_refused(module_path)


@settings(max_examples=5 * settings.default.max_examples)
@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_an_error_or_weights(module_path, position, value):
    """The format has no checksum, so names and values may change unnoticed."""
    assume(value != LONG_BINPUT)  # a number follows it, and Python allocates a table of that size
    module_path.write_bytes(CONTENT[:position] + bytes([value]) + CONTENT[position + 1 :])

    try:
        weights = read_pytorch_weights(module_path)
    except TrainingError:
        assert CONTENT[position] != value
        return

    assert all(array.dtype in (np.float32, np.int64) for array in weights.values())
    if CONTENT[position] == value:
        assert_expected(weights)
