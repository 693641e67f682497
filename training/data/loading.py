"""Loading of labelled images: as arrays for training, and through a cache for evaluation."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from dataset.images import DecodedImage, ImageDecoder, decode_image, read_image_file
from dataset.index import LabelledImage
from dataset.quality.features import ImageInventory
from dataset.split import Split
from model.errors import FileRefused, TrainingError
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.preprocessing import PreparedImage
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier

Item = TypeVar("Item")


class ImageCache:
    """An `ImageDecoder` that keeps some of the decoded images in memory.

    An evaluation reads the validation images many times, and decoding takes longer than both networks. A working image
    takes 200 kB, so the 844 validation images in the public data set take 170 MB.
    """

    def __init__(self, records: Sequence[LabelledImage]) -> None:
        """Create an empty cache.

        Args:
            records: Images to keep once they are decoded. Other images are decoded at each call.
        """
        self._kept_paths = frozenset(record.path for record in records)
        self._images: dict[Path, DecodedImage] = {}

    def __call__(self, record: LabelledImage) -> DecodedImage:
        """Return the decoded image, see `dataset.images.decode_image`. The array of a cached image is read-only."""
        if record.path not in self._kept_paths:
            return decode_image(record)
        image = self._images.get(record.path)
        if image is None:
            image = decode_image(record)
            image.prepared.working.setflags(write=False)  # shared by all callers
            self._images[record.path] = image
        return image


def load_images(
    records: Sequence[LabelledImage], side: int, description: str, decoder: ImageDecoder = decode_image
) -> np.ndarray:
    """Decode and resize images as inference does, in several threads.

    At 224 pixels an image takes 50 kB, so the 5,856 images in the public data set take 290 MB.

    Args:
        records: Images to load.
        side: Height and width of the result, pixels.
        description: Label of the progress bar.
        decoder: Decodes the files.

    Returns:
        uint8 (n, side, side, 1), 0-255, in the order of the records.

    Raises:
        TrainingError: An image cannot be read. The message names the file.
    """
    images = np.empty((len(records), side, side, 1), np.uint8)

    def load(index: int) -> None:
        images[index, ..., 0] = resize(read_prepared(records[index], decoder).working, side, side).round()

    with ThreadPoolExecutor() as pool:
        loaded = pool.map(load, range(len(records)))
        for _ in tqdm(loaded, total=len(records), desc=description, unit="image", leave=False):
            pass
    return images


def read_radiograph(record: LabelledImage) -> Radiograph:
    """Decode the file of a labelled image.

    Raises:
        TrainingError: The file cannot be read. The message names it.
    """
    with _error_names_file(record):
        return decode(read_image_file(record.path))


def read_prepared(record: LabelledImage, decoder: ImageDecoder) -> PreparedImage:
    """Return the prepared image of a labelled image.

    Raises:
        TrainingError: The file cannot be read. The message names it.
    """
    return read_decoded(record, decoder).prepared


def read_decoded(record: LabelledImage, decoder: ImageDecoder) -> DecodedImage:
    """Return the prepared image of a labelled image and its original size.

    Raises:
        TrainingError: The file cannot be read. The message names it.
    """
    with _error_names_file(record):
        return decoder(record)


@contextlib.contextmanager
def _error_names_file(record: LabelledImage) -> Iterator[None]:
    """Turn an error of reading a file into a TrainingError that names the file."""
    try:
        yield
    except FileRefused as refused:
        raise TrainingError(f"{record.path} cannot be read: {refused} Replace or remove the file.") from refused
    except OSError as error:
        raise TrainingError(f"{record.path} cannot be read ({error.strerror}). Replace or remove the file.") from error


def targets(records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the targets, float32 (n, 1): 1 for pneumonia, 0 for normal."""
    return np.array([[record.target] for record in records], np.float32)


def network_inputs(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> np.ndarray:
    """Return the inputs of the pneumonia network: float32 (n, side, side, 1), 0-255."""
    region, side = classifier.release.input_region, classifier.release.side
    working_images = (
        read_prepared(record, decoder).working for record in tqdm(records, "network inputs", unit="image", leave=False)
    )
    return np.concatenate(
        [region.network_input(working, classifier.segmenter.segment(working), side) for working in working_images]
    )


def require_images(split: Split, names: Sequence[str]) -> None:
    """Raise an error if a split has no images.

    Raises:
        TrainingError: A split is empty. The message names it.
    """
    if empty := [name for name in names if not split.part(name)]:
        raise TrainingError(f"The data set contains no {' and no '.join(empty)} images.")


def require_complete(inventory: ImageInventory) -> None:
    """Raise an error if an image could not be read, because metrics without it would not describe the whole data set.

    Raises:
        TrainingError: An image could not be read. The message names the first such file.
    """
    if inventory.unreadable:
        first = inventory.unreadable[0]
        raise TrainingError(f"{first['file']} cannot be read: {first['reason']} Replace or remove the file.")


def draw_sample(items: Sequence[Item], max_items: int) -> list[Item]:
    """Draw at most `max_items` items with a fixed seed and return them in their original order."""
    chosen = np.random.default_rng(0).permutation(len(items))[:max_items]
    return [items[index] for index in sorted(chosen)]
