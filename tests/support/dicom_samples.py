"""Real DICOM files in folders next to the data set, for tests marked `dicom_samples`."""

from pathlib import Path

from dataset.index import dataset_root


def samples_folder(name: str) -> Path:
    """Return the folder with this name next to the data set. The folder may not exist."""
    return dataset_root().resolve().parent / name
