"""Feed pictures to training: decoded once into memory, changed at random by threads ahead of the step."""

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from tqdm import tqdm

from dataset.index import Record
from model.imaging.geometry import Box
from model.imaging.decode import decode
from model.errors import DatasetError, FileRefused
from model.inference.lung_segmentation import LungFinder
from model.imaging.preprocessing import WORKING_SIDE, resize, working_picture
from model.imaging.radiograph import Radiograph
from model.inference.input_region import View
from training.data.augmentation import Augmenter
from training.config import RunConfig

Batch = tuple[np.ndarray, ...]  # pictures, targets and, if any, weights

LOOK_AHEAD = 6  # batches prepared before they are asked for; more only holds memory


@dataclass(frozen=True, eq=False)
class Films:
    """Pictures as the view leaves them, and the part of each that is seen.

    pictures: uint8 (n, WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
    boxes: n parts.
    """

    pictures: np.ndarray
    boxes: Sequence[Box]

    def seen(self, side: int) -> np.ndarray:
        """What a reading would give the network: float32 (n, side, side, 1), 0-255."""
        pairs = zip(self.pictures, self.boxes, strict=True)
        return np.stack([resize(one.astype(np.float32), side, side, box) for one, box in pairs])[..., np.newaxis]


def load_films(records: Sequence[Record], finder: LungFinder, view: View, what: str) -> Films:
    """Decode each picture, find its lungs and apply the view, as reading does.

    Raises:
        DatasetError: a picture cannot be read; the message names it.
    """
    pictures = load_pictures(records, WORKING_SIDE, what)[..., 0]
    boxes = []
    for number, picture in enumerate(tqdm(pictures, desc=f"lungs of {what}", unit="picture", leave=False)):
        working = picture.astype(np.float32)
        lungs = finder.find(working)
        pictures[number] = view.shown(working, lungs).round()
        boxes.append(view.box(lungs))
    return Films(pictures, boxes)


def load_pictures(records: Sequence[Record], size: int, what: str) -> np.ndarray:
    """Decode and resize as reading does, each picture once.

    Returns:
        uint8 (pictures, size, size, 1), 0-255, in the order of the records: 50 kB a picture at 224, so that the
        5,856 of the public set take 290 MB and no epoch decodes again.

    Raises:
        DatasetError: a picture cannot be read; the message names it.
    """
    pictures = np.empty((len(records), size, size, 1), np.uint8)

    def load(index: int) -> None:
        pictures[index, ..., 0] = resize(working_picture(read_radiograph(records[index])), size, size).round()

    with ThreadPoolExecutor() as pool:
        for _ in tqdm(pool.map(load, range(len(records))), total=len(records), desc=what, unit="picture", leave=False):
            pass
    return pictures


def read_radiograph(record: Record) -> Radiograph:
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


def targets(records: Sequence[Record]) -> np.ndarray:
    """float32 (records, 1): 1 for pneumonia, 0 for normal."""
    return np.array([[record.target] for record in records], np.float32)


def balanced_weights(target: np.ndarray) -> np.ndarray:
    """float32 weight per picture, mean 1, so that both classes weigh the same however many pictures each has."""
    share = target.mean()
    return np.where(target == 1, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)


@dataclass(frozen=True)
class Stream(ABC):
    """Endless shuffled, augmented batches, the same for the same seed whenever it is started.

    Every batch depends on seed, epoch and its number alone, so that a run that was killed goes on with the very
    pictures that it would have seen. Plain arrays: any Keras backend takes them.

    pictures: uint8, first axis n; target: what is to be learned of each, first axis n.
    """

    pictures: np.ndarray
    target: np.ndarray
    config: RunConfig

    @abstractmethod
    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Make one batch of the pictures numbered `members`: float32 pictures, targets and, if any, weights."""

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in an epoch; which pictures are left over changes with every shuffle."""
        return max(1, len(self.pictures) // self.config.batch_size)

    def batches(self, first_epoch: int = 0) -> Iterator[Batch]:
        """Yield batches from an epoch on, without end."""
        with ThreadPoolExecutor(self.config.workers) as pool:
            ahead: deque[Future] = deque()
            for members, seed in self._plan(first_epoch):
                ahead.append(pool.submit(self.batch, members, np.random.default_rng(seed)))
                if len(ahead) >= LOOK_AHEAD:
                    yield ahead.popleft().result()

    def _plan(self, first_epoch: int) -> Iterator[tuple[np.ndarray, tuple[int, int, int]]]:
        for epoch in itertools.count(first_epoch):
            order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self.pictures))
            for number in range(self.steps_per_epoch):
                members = order[number * self.config.batch_size : (number + 1) * self.config.batch_size]
                yield members, (self.config.seed, epoch, number)


@dataclass(frozen=True)
class TrainingStream(Stream):
    """Batches for the reader: float32 (batch, size, size, 1), targets and balanced weights (batch, 1).

    pictures: uint8 (n, any height, any width), of which `boxes` tells the parts that are seen.
    """

    boxes: Sequence[Box]

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Augment the pictures, weigh the classes alike, and mix pairs where the settings say so."""
        augment = Augmenter(self.config.augmentation, self.config.crop)
        side = self.config.size
        pictures = np.stack([augment(self.pictures[i], self.boxes[i], side, rng) for i in members])
        batch = pictures[..., np.newaxis].astype(np.float32), self.target[members], self._weights[members]
        return _mix(batch, self.config.mixup, rng) if self.config.mixup else batch

    @cached_property
    def _weights(self) -> np.ndarray:
        return balanced_weights(self.target)


def _mix(batch: Batch, concentration: float, rng: np.random.Generator) -> Batch:
    """Blend each picture and its loss with another's (Zhang et al. 2018, arXiv:1710.09412, equation 1).

    The cross-entropy of two weighted targets is that of their weighted mean, weighted by the sum: so the classes still
    weigh alike.
    """
    share = np.float32(rng.beta(concentration, concentration))
    partner = rng.permutation(len(batch[0]))
    pictures, target, weights = batch
    pictures, positive, weights = (
        share * values + (1 - share) * values[partner] for values in (pictures, target * weights, weights)
    )
    return pictures, positive / weights, weights
