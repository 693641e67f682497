"""Deterministic batches: each depends only on seed, epoch and batch number."""

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.imaging.geometry import RelativeBox
from training.config import ClassifierConfig, RunConfig
from training.data.augmentation import Augmenter

Batch = tuple[np.ndarray, ...]  # images, targets and, if the stream weights them, sample weights
LOOK_AHEAD = 6  # batches prepared in advance; more would only use more memory


@dataclass(frozen=True)
class BatchStream(ABC):
    """Endless stream of shuffled and augmented batches.

    Each batch depends only on seed, epoch and its number, so a killed run resumes with exactly the batches that it
    would have seen. Batches are NumPy arrays and work with every Keras backend.

    Attributes:
        images: uint8, first axis n.
        target: Training target of each image, first axis n.
        config: Settings of the run.
    """

    images: np.ndarray
    target: np.ndarray
    config: RunConfig

    @abstractmethod
    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return one batch: float32 images, targets and, if the stream weights them, sample weights.

        Args:
            members: Indices of the images, int (batch,).
            rng: Source of randomness.
        """

    @property
    def steps_per_epoch(self) -> int:
        """Number of full batches per epoch. The remaining images are different ones in each epoch."""
        return max(1, len(self.images) // self.config.batch_size)

    def batches(self, first_epoch: int = 0) -> Iterator[Batch]:
        """Yield batches indefinitely, starting at an epoch."""
        with ThreadPoolExecutor(self.config.workers) as pool:
            pending: deque[Future[Batch]] = deque()
            for members, seed in self._plan(first_epoch):
                pending.append(pool.submit(self.batch, members, np.random.default_rng(seed)))
                if len(pending) >= LOOK_AHEAD:
                    yield pending.popleft().result()

    def _plan(self, first_epoch: int) -> Iterator[tuple[np.ndarray, tuple[int, int, int]]]:
        """Yield the image indices and the seed of each batch."""
        for epoch in itertools.count(first_epoch):
            order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self.images))
            for number in range(self.steps_per_epoch):
                members = order[number * self.config.batch_size : (number + 1) * self.config.batch_size]
                yield members, (self.config.seed, epoch, number)


@dataclass(frozen=True)
class ClassifierBatchStream(BatchStream):
    """Batches for the classifier: images float32 (batch, side, side, 1), targets and sample weights (batch, 1).

    Attributes:
        images: uint8 (n, any height, any width).
        boxes: Region of each image that inference sees.
    """

    config: ClassifierConfig
    boxes: Sequence[RelativeBox]

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return one batch of augmented images with class-balanced weights. Apply mixup if it is set."""
        augment = Augmenter(self.config.augmentation, self.config.max_crop)
        side = self.config.input_size
        images = np.stack([augment(self.images[i], self.boxes[i], side, rng) for i in members])
        batch = images[..., np.newaxis].astype(np.float32), self.target[members], self._weights[members]
        return _mix(batch, self.config.mixup, rng) if self.config.mixup else batch

    @cached_property
    def _weights(self) -> np.ndarray:
        return balanced_weights(self.target)


def balanced_weights(target: np.ndarray) -> np.ndarray:
    """Return sample weights that give both classes the same total weight.

    Args:
        target: 0 or 1, any shape; both classes must occur.

    Returns:
        float32 of the same shape, mean 1.
    """
    positive_share = target.mean()
    weights: np.ndarray = np.where(target == 1, 0.5 / positive_share, 0.5 / (1 - positive_share))
    return weights.astype(np.float32)


def _mix(batch: Batch, concentration: float, rng: np.random.Generator) -> Batch:
    """Blend each image and its loss with another image (mixup: Zhang et al. 2018, arXiv:1710.09412, eq. 1).

    The weighted cross-entropy of two targets equals the cross-entropy of their weighted mean, weighted by the sum of
    the weights. The classes therefore keep equal weight.
    """
    share = np.float32(rng.beta(concentration, concentration))
    partner = rng.permutation(len(batch[0]))
    images, target, weights = batch
    images, positive_weights, weights = (
        share * values + (1 - share) * values[partner] for values in (images, target * weights, weights)
    )
    return images, positive_weights / weights, weights
