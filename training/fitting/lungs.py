"""Train the lung network: a small U-Net (Ronneberger et al. 2015, arXiv:1505.04597) that marks the lung fields.

    python -m training lungs --masks MASKS --run runs/lungs

MASKS holds a 1-bit PNG per picture under the picture's own stem (fields drawn by people, through the heart). Needed
only by those who want to train lungs anew: everybody else uses those of the release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.index import Record, load_index
from dataset.split import cut
from model.errors import DatasetError, TrainingError
from model.file_replacement import write_json, written_whole
from model.imaging.geometry import Box
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.lung_segmentation import LungFinder, Lungs, lung_box, lung_fields
from model.inference.release_loader import LUNG_NETWORK
from training.config import LungConfig
from training.data.augmentation import Augmenter
from training.data.loading import Batch, Stream, load_pictures
from training.fitting.classifier import LUNGS, claim, compile_network, save_network, train
from training.networks.export import export_lungs

CHANNELS = (16, 32, 48, 64)  # of each level; about a quarter of a million weights in all
METRICS = "lungs.json"
LARGEST_DIFFERENCE = 1e-3  # of a picture's pixels, between the fields of Keras and of LiteRT


@dataclass(frozen=True)
class LungStream(Stream):
    """Batches of pictures and of their lung fields, moved alike; `target` is uint8 (n, size, size, 1), 0 or 255."""

    def batch(self, members: np.ndarray, rng: np.random.Generator) -> Batch:
        """Float32 pictures, 0-255, and fields, 0-1, both (batch, size, size, 1)."""
        strength = self.config.augmentation
        look = Augmenter(strength).change_look
        pairs = [_move(self.pictures[i, :, :, 0], self.target[i, :, :, 0], strength, rng) for i in members]
        pictures = np.stack([look(picture, rng) for picture, _ in pairs])[..., np.newaxis]
        fields = np.stack([field for _, field in pairs])[..., np.newaxis]
        return pictures.astype(np.float32), fields / np.float32(255)


def build_lungs(size: int) -> keras.Model:
    """Build the network: (batch, size, size, 1), 0-255, to logits of the same shape.

    It works at half the input's size, which is fine enough for a box and a quarter of the cost.
    """
    pictures = keras.Input((size, size, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(pictures)
    x = keras.layers.Conv2D(CHANNELS[0], 3, strides=2, padding="same", name="stem")(x)
    skips = []
    for level, channels in enumerate(CHANNELS):
        x = _block(keras.layers.MaxPooling2D()(x) if level else x, channels, f"down{level}")
        skips.append(x)
    for level, channels in reversed(list(enumerate(CHANNELS[:-1]))):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = _block(keras.layers.Concatenate()([x, skips[level]]), channels, f"up{level}")
    halved = keras.layers.Conv2D(1, 1, name="halved_logit")(x)
    return keras.Model(
        pictures, keras.layers.UpSampling2D(interpolation="bilinear", name="logit")(halved), name="lungs"
    )


def fit_lungs(data: Path, masks: Path, run: Path, config: LungConfig) -> dict:
    """Train on the training patients with a mask, measure on the validation patients; returns what lungs.json holds.

    Raises:
        DatasetError: pictures or masks cannot be used as they lie there.
        TrainingError: the folder holds a run with other settings, or Keras and LiteRT disagree.
    """
    parts = cut(load_index(data))
    training, validation = (_with_mask(part, masks) for part in (parts.training, parts.validation))
    claim(run, config)
    keras.utils.set_random_seed(config.seed)
    network = build_lungs(config.size)
    stream = LungStream(
        load_pictures(training, config.size, "training pictures"), _load_masks(training, masks, config.size), config
    )
    held_out = load_pictures(validation, config.size, "validation pictures").astype(np.float32)
    drawn = _load_masks(validation, masks, config.size) / np.float32(255)
    compile_network(
        network, config, stream.steps_per_epoch, _loss, [keras.metrics.BinaryAccuracy("accuracy", threshold=0)]
    )
    train(network, stream, (held_out, drawn), run)
    with written_whole(run / LUNG_NETWORK) as exported:
        export_lungs(network, exported)
        finder = LungFinder(exported.read_bytes(), config.size)
        check_lung_agreement(network, finder, held_out)
    save_network(network, run / LUNGS)
    measured = measure_lungs(finder, validation, masks)
    write_json(run / METRICS, measured)
    return measured


def check_lung_agreement(network: keras.Model, finder: LungFinder, pictures: np.ndarray) -> None:
    """Compare the fields that Keras and LiteRT find in pictures, float32 (n, size, size, 1), 0-255.

    Raises:
        TrainingError: they differ in more than LARGEST_DIFFERENCE of a picture.
    """
    for picture, logits in zip(pictures, network.predict(pictures, verbose=0), strict=True):
        found = finder.find(picture[..., 0])
        expected = lung_fields(logits[..., 0] >= 0)
        differ = (expected != (found.fields if found else False)).mean() > LARGEST_DIFFERENCE
        if differ and (found or lung_box(expected)):
            raise TrainingError("Keras and LiteRT find different lungs. Nothing was written that can be released.")


def measure_lungs(finder: LungFinder, records: Sequence[Record], masks: Path) -> dict:
    """Dice coefficient and error of the lung box on those of the pictures that have a mask.

    Returns:
        n and patients; mean, median and 5th percentile of Dice; mean and 95th percentile of the largest error of the
        four edges, as a share of the side (null where no lungs were found); of how many none were found.
    """
    drawn_of = _with_mask(records, masks)
    drawn = _load_masks(drawn_of, masks, finder.side)[..., 0] >= 128
    pictures = load_pictures(drawn_of, WORKING_SIDE, "pictures with a mask")[..., 0].astype(np.float32)
    return {"n": len(drawn_of), "patients": len({r.patient for r in drawn_of})} | compare_lungs(
        [finder.find(picture) for picture in pictures], drawn
    )


def compare_lungs(found: Sequence[Lungs | None], drawn: np.ndarray) -> dict:
    """What `measure_lungs` tells of the lungs found in pictures whose fields people drew, bool (n, rows, columns)."""
    fields = np.stack([one.fields if one else np.zeros(drawn.shape[1:], bool) for one in found])
    areas = fields.sum(axis=(1, 2)) + drawn.sum(axis=(1, 2))
    overlap = 2 * (fields & drawn).sum(axis=(1, 2)) / np.maximum(areas, 1)
    boxes = [(one and one.box, lung_box(true)) for one, true in zip(found, drawn, strict=True)]
    errors = [_edge_error(box, true) for box, true in boxes if box and true]
    return {
        "dice": {"mean": float(overlap.mean()), "median": float(np.median(overlap)), "p05": _quantile(overlap, 0.05)},
        "box_error": {"mean": float(np.mean(errors)), "p95": _quantile(errors, 0.95)} if errors else None,
        "not_found": sum(one is None for one in found),
    }


def _edge_error(found: Box, true: Box) -> float:
    return max(abs(getattr(found, e) - getattr(true, e)) for e in ("left", "top", "right", "bottom"))


def _quantile(values: Sequence[float], q: float) -> float:
    return float(np.quantile(values, q))


def _block(x, channels: int, name: str):
    for number in (1, 2):
        x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.98, name=f"{name}_norm{number}")(x)
        x = keras.layers.ReLU(name=f"{name}_relu{number}")(x)
    return x


def _loss(drawn, logits):
    """Cross-entropy, which is smooth, plus soft Dice, which does not mind that most of a picture is no lung."""
    probability = keras.ops.sigmoid(logits)
    overlap = 2 * keras.ops.sum(drawn * probability, axis=(1, 2, 3)) + 1
    areas = keras.ops.sum(drawn + probability, axis=(1, 2, 3)) + 1
    entropy = keras.ops.mean(keras.losses.binary_crossentropy(drawn, logits, from_logits=True), axis=(1, 2))
    return entropy + 1 - overlap / areas


def _mask_path(record: Record, masks: Path) -> Path:
    return masks / f"{record.path.stem}.png"


def _with_mask(records: Sequence[Record], masks: Path) -> list[Record]:
    found = [record for record in records if _mask_path(record, masks).is_file()]
    if not found:
        raise DatasetError(
            f"{masks} holds no mask named as a picture of the set. --masks takes the folder of the masks."
        )
    return found


def _load_masks(records: Sequence[Record], masks: Path, size: int) -> np.ndarray:
    """uint8 (n, size, size, 1), 0 or 255."""
    fields = [_load_mask(_mask_path(record, masks), size) for record in tqdm(records, "masks", leave=False)]
    return np.stack(fields)[..., np.newaxis]


def _load_mask(path: Path, size: int) -> np.ndarray:
    try:
        with Image.open(path) as mask:
            shares = np.asarray(mask.convert("L").resize((size, size), Image.Resampling.BOX))
    except OSError as error:
        raise DatasetError(f"The mask {path} cannot be read. Replace or remove it.") from error
    return np.where(shares >= 128, 255, 0).astype(np.uint8)


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
