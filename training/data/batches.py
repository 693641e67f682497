"""Deterministic batches: each depends only on seed, epoch and batch number."""

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from model.codes import Population
from model.imaging.intensity import Intensity, normalise_intensity
from model.release_files import LOGIT, OPACITY_MAP
from training.config import ClassifierConfig, RunConfig
from training.data.augmentation import Augmenter
from training.data.samples import TrainingSamples

Batch = tuple[Any, ...]  # images, targets and, if the stream weights them, sample weights; arrays or arrays by output
LOOK_AHEAD = 6  # batches prepared in advance; more would only use more memory


@dataclass(frozen=True)
class BatchStream(ABC):
    """Endless stream of shuffled and augmented batches.

    Each batch depends only on seed, epoch and its number, so a killed run resumes with exactly the batches that it
    would have seen. Batches are NumPy arrays and work with every Keras backend.

    Attributes:
        config: Settings of the run.
    """

    config: RunConfig

    @abstractmethod
    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return one batch: float32 images, targets and, if the stream weights them, sample weights.

        Args:
            members: Indices of the images, int (batch,).
            rng: Source of randomness.
        """

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """Number of batches per epoch."""

    @abstractmethod
    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the image indices of one epoch, int (steps_per_epoch, batch).

        Args:
            rng: Source of randomness.
        """

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
            order = self.order(np.random.default_rng((self.config.seed, epoch)))
            for number, members in enumerate(order):
                yield members, (self.config.seed, epoch, number)


@dataclass(frozen=True)
class ClassifierBatchStream(BatchStream):
    """Batches for the classifier, drawn from cells: the combinations of population and label.

    A batch has the same number of images of both labels, in each population. The label therefore says nothing about the
    population, and the network gains nothing by recognising the hospital.

    A batch is (images, targets, weights): images float32 (batch, side, side, 1); targets and weights by output of the
    network.

    Attributes:
        samples: Training images.
        config: Settings of the run.
        map_side: Rows and columns of the opacity map.
    """

    samples: TrainingSamples
    config: ClassifierConfig
    map_side: int

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches per epoch."""
        return max(1, self.config.epoch_size // self.config.batch_size)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the image indices of one epoch, int (steps_per_epoch, batch)."""
        columns = [
            _draw_from_cell(members, count * self.steps_per_epoch, rng).reshape(self.steps_per_epoch, count)
            for members, count in zip(self._cells, self._counts, strict=True)
        ]
        return np.concatenate(columns, axis=1)

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return one batch of augmented images."""
        images, masks, weights = zip(*(self._augmented(member, rng) for member in members), strict=True)
        target = self.samples.target[members]
        return (
            np.stack(images)[..., np.newaxis],
            {LOGIT: target, OPACITY_MAP: np.stack(masks)},
            {LOGIT: np.ones_like(target), OPACITY_MAP: np.stack(weights)},
        )

    def _augmented(self, member: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the network input, the target of the opacity map and its weight, of one augmented image."""
        samples, side = self.samples, self.config.input_size
        augmenter = Augmenter(self.config.augmentation, self.config.max_crop)
        reframing = augmenter.reframing(samples.boxes[member], side, rng)
        pixels = augmenter.perturb_appearance(reframing.apply(samples.images[member], side), rng)
        image = normalise_intensity(pixels.astype(np.float32), Intensity(self.config.intensity))
        mask, weight = (
            reframing.apply_to_mask(part[member], self.map_side) / np.float32(255)
            for part in (samples.opacities, samples.annotated)
        )
        return image, mask, weight

    @cached_property
    def _cells(self) -> list[np.ndarray]:
        """Image indices of each cell."""
        return [np.flatnonzero(self.samples.cell == cell) for cell in np.unique(self.samples.cell)]

    @cached_property
    def _counts(self) -> list[int]:
        """Number of images of each cell in a batch. It is the same for both labels of a population."""
        pairs = self.config.batch_size // 2
        children = pairs
        if Population.ADULTS in self.samples.population:
            children = min(max(1, round(self.config.children_share * pairs)), pairs - 1)
        counts = {Population.CHILDREN: children, Population.ADULTS: pairs - children}
        return [counts[self.samples.population[members[0]]] for members in self._cells]


def _draw_from_cell(members: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw images from a cell. Within an epoch, an image recurs only after all others were drawn as often."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def cell_weights(cell: np.ndarray) -> np.ndarray:
    """Return sample weights that give each cell of population and label the same total weight.

    Args:
        cell: Cell of each image, int (n,).

    Returns:
        float32 (n, 1), mean 1.
    """
    cells, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
    weights: np.ndarray = (len(cell) / (len(cells) * counts))[inverse].astype(np.float32)[:, np.newaxis]
    return weights
