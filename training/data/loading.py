"""Feed pictures to training: decoded once into memory, changed at random by threads ahead of the step."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from dataset.index import LabelledImage
from model.errors import DatasetError, FileRefused
from model.imaging.decode import decode
from model.imaging.geometry import RelativeBox, resize
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.input_region import InputRegion
from model.inference.lung_segmentation import LungSegmenter

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class RegionImages:
    """Pictures as the view leaves them, and the part of each that is seen.

    pictures: uint8 (n, WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
    boxes: n parts.
    """

    pictures: np.ndarray
    boxes: Sequence[RelativeBox]

    def at_side(self, side: int) -> np.ndarray:
        """What a reading would give the network: float32 (n, side, side, 1), 0-255."""
        pairs = zip(self.pictures, self.boxes, strict=True)
        return np.stack([resize(one.astype(np.float32), side, side, box) for one, box in pairs])[..., np.newaxis]


def load_region_images(
    records: Sequence[LabelledImage], segmenter: LungSegmenter, view: InputRegion, what: str
) -> RegionImages:
    """Decode each picture, find its lungs and apply the view, as reading does.

    Raises:
        DatasetError: a picture cannot be read; the message names it.
    """
    pictures = load_images(records, WORKING_SIDE, what)[..., 0]
    boxes = []
    for number, picture in enumerate(tqdm(pictures, desc=f"lungs of {what}", unit="picture", leave=False)):
        working = picture.astype(np.float32)
        lungs = segmenter.segment(working)
        pictures[number] = view.mask(working, lungs).round()
        boxes.append(view.box(lungs))
    return RegionImages(pictures, boxes)


def load_images(records: Sequence[LabelledImage], size: int, what: str) -> np.ndarray:
    """Decode and resize as reading does, each picture once.

    Returns:
        uint8 (pictures, size, size, 1), 0-255, in the order of the records: 50 kB a picture at 224, so that the
        5,856 of the public set take 290 MB and no epoch decodes again.

    Raises:
        DatasetError: a picture cannot be read; the message names it.
    """
    pictures = np.empty((len(records), size, size, 1), np.uint8)

    def load(index: int) -> None:
        pictures[index, ..., 0] = resize(working_image(read_radiograph(records[index])), size, size).round()

    with ThreadPoolExecutor() as pool:
        for _ in tqdm(pool.map(load, range(len(records))), total=len(records), desc=what, unit="picture", leave=False):
            pass
    return pictures


def read_radiograph(record: LabelledImage) -> Radiograph:
    """Decode the picture of a record.

    Raises:
        DatasetError: it cannot be read; the message names it.
    """
    try:
        return decode(record.path.read_bytes())
    except FileRefused as refused:
        raise DatasetError(f"{record.path} cannot be read: {refused} Replace or remove the file.") from refused
    except OSError as error:
        raise DatasetError(f"{record.path} cannot be read ({error.strerror}). Replace or remove the file.") from error


def targets(records: Sequence[LabelledImage]) -> np.ndarray:
    """float32 (records, 1): 1 for pneumonia, 0 for normal."""
    return np.array([[record.target] for record in records], np.float32)


def network_inputs(classifier: Classifier, records: Sequence[LabelledImage]) -> np.ndarray:
    """What the reader's network sees of the pictures of the records: float32 (n, side, side, 1), 0-255."""
    working = (working_image(read_radiograph(record)) for record in tqdm(records, "pictures", leave=False))
    return np.concatenate(
        [
            classifier.release.view.network_input(w, classifier.segmenter.segment(w), classifier.release.side)
            for w in working
        ]
    )


def draw_sample(of: Sequence[Item], most: int) -> list[Item]:
    """At most so many, drawn by a fixed seed, in their order."""
    chosen = np.random.default_rng(0).permutation(len(of))[:most]
    return [of[index] for index in sorted(chosen)]
