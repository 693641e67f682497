"""Train the lung segmentation network, a small U-Net.

    python -m training fit-lungs --masks MASKS --run runs/lungs

MASKS contains one 1-bit PNG per image, with the same stem as the image. The masks are manual and include the
retrocardiac area. This command is only needed to retrain the lung network, because the release contains a trained one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
MAX_DIFFERENCE = 1e-3  # share of pixels that may differ between the masks of Keras and of LiteRT


@dataclass(frozen=True)
class LungBatchStream(BatchStream):
    """Batches of images and lung masks with the same random transformations.

    Attributes:
        images: uint8 (n, side, side, 1).
        target: Masks, uint8 (n, side, side, 1), 0 or 255.
    """

    images: np.ndarray
    target: np.ndarray

    @property
    def steps_per_epoch(self) -> int:
        """Number of full batches per epoch. The remaining images are different ones in each epoch."""
        return max(1, len(self.images) // self.config.batch_size)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the image indices of one epoch, int (steps_per_epoch, batch)."""
        steps, batch_size = self.steps_per_epoch, self.config.batch_size
        shuffled = rng.permutation(len(self.images))
        return shuffled[: steps * batch_size].reshape(steps, -1)

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return images, float32 0-255, and masks, float32 0-1, both (batch, side, side, 1)."""
        strength = self.config.augmentation
        augmenter = Augmenter(strength)
        pairs = [_transform(self.images[i, :, :, 0], self.target[i, :, :, 0], strength, rng) for i in members]
        images = np.stack([augmenter.perturb_appearance(image, rng) for image, _ in pairs])[..., np.newaxis]
        masks = np.stack([mask for _, mask in pairs])[..., np.newaxis]
        return images.astype(np.float32), masks / np.float32(255)


def fit_lungs(data: Path, masks: Path, run: Path, config: LungConfig) -> dict[str, Any]:
    """Train on the training images that have a mask, and evaluate on the validation images that have one.

    Args:
        data: Data set folder.
        masks: Folder with the masks.
        run: Folder of the run.
        config: Settings of the run.

    Returns:
        Content of lungs.json.

    Raises:
        DatasetError: The data set cannot be used.
        TrainingError: The masks cannot be used, the folder contains a run with different settings, or Keras and LiteRT
            disagree.
    """
    split = split_for_training(load_index(data))
    training, validation = (images_with_mask(records, masks) for records in (split.training, split.validation))
    claim_run_folder(run, config)
    keras.utils.set_random_seed(config.seed)
    side = config.input_size
    network = build_lung_unet(side)
    stream = LungBatchStream(config, load_images(training, side, "training images"), load_masks(training, masks, side))
    validation_images = load_images(validation, side, "validation images").astype(np.float32)
    validation_masks = load_masks(validation, masks, side) / np.float32(255)
    accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0)
    compile_network(network, config, stream.steps_per_epoch, loss=segmentation_loss, metrics=[accuracy])
    run_training(network, stream, (validation_images, validation_masks), run)
    with atomic_path(run / ReleaseFile.LUNGS) as staged:
        export_lungs(network, staged)
        segmenter = LungSegmenter(staged.read_bytes(), side)
        check_lung_agreement(network, segmenter, validation_images)
    save_network(network, run / ReleaseFile.LUNGS_KERAS)
    metrics = segmentation_metrics(segmenter, validation, masks)
    write_json(run / LUNG_METRICS_FILE, metrics)
    return metrics


def check_lung_agreement(network: keras.Model, segmenter: LungSegmenter, images: np.ndarray) -> None:
    """Compare the lung masks of Keras and LiteRT.

    Args:
        network: Trained Keras network.
        segmenter: Lung segmentation with the exported network.
        images: float32 (n, side, side, 1), 0-255.

    Raises:
        TrainingError: The masks of an image differ in more than MAX_DIFFERENCE of its pixels.
    """
    for image, logits in zip(images, network.predict(images, verbose=0), strict=True):
        lungs = segmenter.segment(image[..., 0])
        keras_mask = lung_mask(logits[..., 0] >= 0)
        differs = (keras_mask != (lungs.fields if lungs else False)).mean() > MAX_DIFFERENCE
        if differs and (lungs or lung_box(keras_mask)):
            raise TrainingError("The lung masks of Keras and LiteRT differ. The lung network was not saved.")


def _transform(
    image: np.ndarray, mask: np.ndarray, strength: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate, shift, stretch and mirror an image and its mask in the same way. Areas beyond the border become black."""
    side = image.shape[0]
    angle = np.deg2rad(rng.uniform(-15, 15) * strength)
    scale = np.exp(rng.uniform(-0.35, 0.35, size=2) * strength) * [1 if rng.random() < 0.5 else -1, 1]
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = np.array([side / 2, side / 2])
    offset = centre - rotation @ (centre + rng.uniform(-0.12, 0.12, size=2) * side * strength)
    matrix = (*rotation[0], offset[0], *rotation[1], offset[1])

    def apply(pixels: np.ndarray) -> np.ndarray:
        transformed = Image.fromarray(pixels).transform(
            (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
        return np.asarray(transformed)

    return apply(image), apply(mask)
