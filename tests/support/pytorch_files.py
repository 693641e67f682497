"""Weights files as `torch.save` wrote them before PyTorch 1.6, written without PyTorch."""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from training.networks.pytorch_weights import MAGIC_NUMBER, PROTOCOL_VERSION

SYSTEM = {"protocol_version": PROTOCOL_VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


class Name:
    """Name of a global, such as a function of PyTorch, which is not installed."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Storage:
    """Values that tensors share, float32 or int64."""

    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values
        self.type = {"f": "FloatStorage", "i": "LongStorage"}[values.dtype.kind]


class Tensor:
    """A view of a storage. Strides and offset count values."""

    def __init__(self, storage: object, shape: tuple, strides: tuple, offset: int = 0) -> None:
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())


class _TorchPickler(pickle._Pickler):  # the Python version, because it can write a name that cannot be imported
    def persistent_id(self, obj: object) -> tuple | None:
        if isinstance(obj, Storage):
            return ("storage", Name("torch", obj.type), obj.key, "cpu", len(obj.values), None)
        return None

    def _save_name(self, value: Name) -> None:
        self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())

    def _save_tensor(self, value: Tensor) -> None:
        self.save(Name("torch._utils", "_rebuild_tensor_v2"))
        self.save(value.arguments)
        self.write(pickle.REDUCE)

    dispatch = pickle._Pickler.dispatch | {Name: _save_name, Tensor: _save_tensor}


def pickled(value: object) -> bytes:
    """Return a pickle of the protocol that PyTorch uses."""
    buffer = io.BytesIO()
    _TorchPickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


def torch_file(weights: object, storages: Sequence[Storage], system: object = SYSTEM, version: int = 1001) -> bytes:
    """Return the content of a weights file."""
    header = b"".join(map(pickled, (MAGIC_NUMBER, version, system, weights)))
    keys = pickled([storage.key for storage in storages])
    return header + keys + b"".join(struct.pack("<q", len(s.values)) + s.values.tobytes() for s in storages)


def weights_file(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a file with one storage per array, in which the last axis varies slowest."""
    storages = {name: Storage(name, array.ravel("F")) for name, array in arrays.items()}
    tensors = OrderedDict(
        (name, Tensor(storages[name], array.shape, tuple(np.cumprod([1, *array.shape[:-1]]).tolist())))
        for name, array in arrays.items()
    )
    return torch_file(tensors, list(storages.values()))
