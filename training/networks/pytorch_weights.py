"""Read a PyTorch weights file without PyTorch, and without running code that the file may contain.

The format is that of `torch.save` before version 1.6: five pickles (magic number, protocol version, system, weights,
storage keys), then each storage as its number of values and the values. A pickle can name any function. This module
accepts only the names that a file of weights needs.
"""

import math
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided

from model.errors import TrainingError

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
STORAGE_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _StridedTensor:
    """Tensor as the file describes it: a view of a storage, which is read later."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def to_array(self, values: np.ndarray) -> np.ndarray:
        """Return the tensor as an array of its own.

        Args:
            values: Values of the storage.

        Raises:
            ValueError: The tensor extends beyond its storage, or is larger than it.
        """
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.shape, *self.strides)) < 0 or last >= len(values):
            raise ValueError("a tensor extends beyond its storage")
        if math.prod(self.shape) > len(values):
            raise ValueError("a tensor is larger than its storage")
        byte_strides = [stride * values.itemsize for stride in self.strides]
        return as_strided(values[self.offset :], self.shape, byte_strides).copy()


class _WeightsUnpickler(pickle.Unpickler):
    """Unpickler that creates ordered dictionaries and descriptions of tensors, and refuses everything else.

    A pickle can also change attributes of the objects that it is given. Therefore it gets none that outlive the reading
    and could be changed: a storage type is a string, and the function is a bound method.
    """

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return the object that a name in the file refers to."""
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._describe_tensor
        if module_name == "torch" and global_name in STORAGE_DTYPES:
            return global_name
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed")

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the description of a storage."""
        _kind, storage_type, key, *_rest = pid
        return _Storage(key, STORAGE_DTYPES[str(storage_type)])

    def _describe_tensor(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_unused: Any
    ) -> _StridedTensor:
        return _StridedTensor(storage, offset, tuple(shape), tuple(strides))


def read_pytorch_weights(path: Path) -> dict[str, np.ndarray]:
    """Read the weights of a PyTorch file.

    Args:
        path: File that `torch.save` wrote in its legacy format.

    Returns:
        Weights by name, in PyTorch's order of axes.

    Raises:
        TrainingError: The file cannot be read, or contains anything but weights.
    """
    try:
        with path.open("rb") as file:
            tensors, storages = _read_header(file), {}
            dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
            for key in _WeightsUnpickler(file).load():
                storages[key] = _read_storage(file, dtypes[key])
        return {name: tensor.to_array(storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except Exception as error:  # damaged pickles raise errors of many types
        raise TrainingError(
            f"{path} is damaged, or contains anything but PyTorch weights. Install requirements-train.txt again."
        ) from error


def _read_header(file: BinaryIO) -> "OrderedDict[str, _StridedTensor]":
    magic_number, protocol_version, system, tensors = (_WeightsUnpickler(file).load() for _ in range(4))
    if (magic_number, protocol_version, system["little_endian"]) != (MAGIC_NUMBER, PROTOCOL_VERSION, True):
        raise ValueError("not a PyTorch file of the expected version")
    if not all(isinstance(tensor, _StridedTensor) for tensor in tensors.values()):
        raise ValueError("the file contains something other than tensors")
    weights: OrderedDict[str, _StridedTensor] = tensors
    return weights


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> np.ndarray:
    (count,) = struct.unpack("<q", file.read(8))
    content = file.read(count * dtype.itemsize)
    if len(content) != count * dtype.itemsize:
        raise ValueError("the file is truncated")
    return np.frombuffer(content, dtype)
