"""Films that lie beside the data set, for tests marked `samples_folder`."""

from pathlib import Path

from dataset.index import dataset_root


def samples_folder(folder: str) -> Path:
    """The folder of that name beside the data set, which need not be there."""
    return dataset_root().resolve().parent / folder
