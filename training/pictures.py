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
from model.decode import decode
from model.errors import DatasetError, FileRefused
from model.preprocess import preprocess
from model.radiograph import Radiograph
from training.augment import Augmenter
from training.config import RunConfig

Batch = tuple[np.ndarray, ...]  # pictures, targets and, if any, weights

LOOK_AHEAD = 6  # batches prepared before they are asked for; more only holds memory


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
        pictures[index] = preprocess(read_radiograph(records[index]), size, size)[0].round()

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

    pictures: uint8 (n, size, size, 1); target: what is to be learned of each, first axis n.
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
    """Batches for the reader: float32 (batch, size, size, 1), targets and balanced weights (batch, 1)."""

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Augment the pictures and weigh the classes alike."""
        augment = Augmenter(self.config.augmentation)
        pictures = np.stack([augment(self.pictures[index, :, :, 0], rng) for index in members])
        return pictures[..., np.newaxis].astype(np.float32), self.target[members], self._weights[members]

    @cached_property
    def _weights(self) -> np.ndarray:
        return balanced_weights(self.target)
