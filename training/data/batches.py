"""Deterministic batches: each follows from seed, epoch and batch number alone."""

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.imaging.geometry import RelativeBox
from training.config import RunConfig
from training.data.augmentation import Augmenter

Batch = tuple[np.ndarray, ...]  # pictures, targets and, if any, weights
LOOK_AHEAD = 6  # batches prepared before they are asked for; more only holds memory


@dataclass(frozen=True)
class BatchStream(ABC):
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
class ClassifierBatchStream(BatchStream):
    """Batches for the reader: float32 (batch, size, size, 1), targets and balanced weights (batch, 1).

    pictures: uint8 (n, any height, any width), of which `boxes` tells the parts that are seen.
    """

    boxes: Sequence[RelativeBox]

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


def balanced_weights(target: np.ndarray) -> np.ndarray:
    """float32 weight per picture, mean 1, so that both classes weigh the same however many pictures each has."""
    share = target.mean()
    return np.where(target == 1, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)


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
