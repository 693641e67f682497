"""Train the lung network: a small U-Net (Ronneberger et al. 2015, arXiv:1505.04597) that marks the lung fields.

    python -m training lungs --masks MASKS --run runs/lungs

MASKS holds a 1-bit PNG per picture under the picture's own stem (fields drawn by people, through the heart). Needed
only by those who want to train lungs anew: everybody else uses those of the release.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from dataset.index import load_index
from dataset.split import split_for_training
from model.errors import TrainingError
from model.inference.lung_segmentation import LungSegmenter, lung_box, lung_mask
from model.release_files import ReleaseFile
from model.storage import atomic_path, write_json
from training.config import LungConfig
from training.data.augmentation import Augmenter
from training.data.batches import Batch, BatchStream
from training.data.loading import load_images
from training.data.lung_masks import images_with_mask, load_masks
from training.evaluation.lung_segmentation import segmentation_metrics
from training.fitting.classifier import claim_run_folder, compile_network, run_training, save_network
from training.networks.export import export_lungs
from training.networks.lung_unet import build_lung_unet, segmentation_loss

LUNG_METRICS_FILE = "lungs.json"
MAX_DIFFERENCE = 1e-3  # of a picture's pixels, between the fields of Keras and of LiteRT


@dataclass(frozen=True)
class LungStream(BatchStream):
    """Batches of pictures and of their lung fields, moved alike; `target` is uint8 (n, size, size, 1), 0 or 255."""

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Float32 pictures, 0-255, and fields, 0-1, both (batch, size, size, 1)."""
        strength = self.config.augmentation
        look = Augmenter(strength).change_look
        pairs = [_move(self.pictures[i, :, :, 0], self.target[i, :, :, 0], strength, rng) for i in members]
        pictures = np.stack([look(picture, rng) for picture, _ in pairs])[..., np.newaxis]
        fields = np.stack([field for _, field in pairs])[..., np.newaxis]
        return pictures.astype(np.float32), fields / np.float32(255)


def fit_lungs(data: Path, masks: Path, run: Path, config: LungConfig) -> dict:
    """Train on the training patients with a mask, measure on the validation patients; returns what lungs.json holds.

    Raises:
        DatasetError: pictures or masks cannot be used as they lie there.
        TrainingError: the folder holds a run with other settings, or Keras and LiteRT disagree.
    """
    parts = split_for_training(load_index(data))
    training, validation = (images_with_mask(part, masks) for part in (parts.training, parts.validation))
    claim_run_folder(run, config)
    keras.utils.set_random_seed(config.seed)
    network = build_lung_unet(config.size)
    stream = LungStream(
        load_images(training, config.size, "training pictures"), load_masks(training, masks, config.size), config
    )
    held_out = load_images(validation, config.size, "validation pictures").astype(np.float32)
    drawn = load_masks(validation, masks, config.size) / np.float32(255)
    compile_network(
        network,
        config,
        stream.steps_per_epoch,
        segmentation_loss,
        [keras.metrics.BinaryAccuracy("accuracy", threshold=0)],
    )
    run_training(network, stream, (held_out, drawn), run)
    with atomic_path(run / ReleaseFile.LUNGS) as exported:
        export_lungs(network, exported)
        segmenter = LungSegmenter(exported.read_bytes(), config.size)
        check_lung_agreement(network, segmenter, held_out)
    save_network(network, run / ReleaseFile.LUNGS_KERAS)
    measured = segmentation_metrics(segmenter, validation, masks)
    write_json(run / LUNG_METRICS_FILE, measured)
    return measured


def check_lung_agreement(network: keras.Model, segmenter: LungSegmenter, pictures: np.ndarray) -> None:
    """Compare the fields that Keras and LiteRT find in pictures, float32 (n, size, size, 1), 0-255.

    Raises:
        TrainingError: they differ in more than LARGEST_DIFFERENCE of a picture.
    """
    for picture, logits in zip(pictures, network.predict(pictures, verbose=0), strict=True):
        found = segmenter.segment(picture[..., 0])
        expected = lung_mask(logits[..., 0] >= 0)
        differ = (expected != (found.fields if found else False)).mean() > MAX_DIFFERENCE
        if differ and (found or lung_box(expected)):
            raise TrainingError("Keras and LiteRT find different lungs. Nothing was written that can be released.")


def _move(
    picture: np.ndarray, field: np.ndarray, strength: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Turn, shift, stretch and mirror a picture and its field alike; what comes in from outside is black."""
    side = picture.shape[0]
    angle = np.deg2rad(rng.uniform(-15, 15) * strength)
    scale = np.exp(rng.uniform(-0.35, 0.35, size=2) * strength) * [1 if rng.random() < 0.5 else -1, 1]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = np.array([side / 2, side / 2])
    offset = centre - turn @ (centre + rng.uniform(-0.12, 0.12, size=2) * side * strength)
    matrix = (*turn[0], offset[0], *turn[1], offset[1])
    moved = (
        Image.fromarray(one).transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        for one in (picture, field)
    )
    return tuple(np.asarray(one) for one in moved)
