"""Robustness: performance on validation images framed, scaled and stored the way other software might.

Training also randomises framing, tone, sharpness and compression. A run must not be evaluated on the perturbations that
it was trained on, so the curves, filters, codecs and scales here differ from those in `training.data.augmentation`.
"""

import io
import math
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter, ImageOps
from scipy import ndimage
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.inference.decision import DecisionRules
from model.performance.release_data import predictions_of
from model.performance.schema import PerturbationRates, StorageRobustness
from training.data.loading import load_images
from training.evaluation.calibration_metrics import calibration_metrics
from training.evaluation.split_metrics import conformal_metrics

Perturbation = Callable[[Image.Image], Image.Image]
Framing = Callable[[Image.Image, RelativeBox], Image.Image]
Logits = dict[str, np.ndarray]

MAX_MARGIN = 0.25  # share of the width or height of the lungs
STORAGE = ("sharpened", "compressed", "scaled")  # kinds of perturbation: how software stores an image


def logits_under_perturbation(
    classifier: Classifier,
    records: Sequence[LabelledImage],
    decoder: ImageDecoder = decode_image,
    kinds: Sequence[str] | None = None,
) -> Logits:
    """Classify images after each perturbation and framing.

    Args:
        classifier: Classifier to measure. Its calibration is not used.
        records: Images.
        decoder: Decodes the images.
        kinds: Kinds of perturbation, the part of the name before the colon; None means all.

    Returns:
        Logits, float (n,), by the name of the perturbation or framing.
    """
    images = load_images(records, WORKING_SIDE, "robustness: images", decoder)[..., 0]
    lungs = [classifier.segmenter.segment(image.astype(np.float32)) for image in images]
    inputs = [
        (Image.fromarray(image), mask.box if mask else WHOLE_IMAGE) for image, mask in zip(images, lungs, strict=True)
    ]
    changes: dict[str, Framing] = {name: partial(_ignore_lungs, change) for name, change in perturbations().items()}
    changes |= framings()
    changes = {name: change for name, change in changes.items() if kinds is None or name.split(":")[0] in kinds}

    def logit(change: Framing, image_and_lungs: tuple[Image.Image, RelativeBox]) -> float:
        return _logit(classifier, change(*image_and_lungs))

    with ThreadPoolExecutor(2) as pool:  # so that one image is perturbed while the network runs on another
        return {
            name: np.array(list(pool.map(partial(logit, change), inputs)))
            for name, change in tqdm(
                changes.items(), desc="robustness: perturbations", unit="perturbation", disable=None
            )
        }


def measure_robustness(logits: Logits, rows: pd.DataFrame, rules: DecisionRules) -> dict[str, Any]:
    """Measure the classifier on perturbed images.

    Args:
        logits: Result of `logits_under_perturbation`.
        rows: One row per image: label and patient.
        rules: Source of calibration, operating points and conformal limits.

    Returns:
        {"n", "mean_auc", "worst_auc", "shifts": {name: {"auc", "sensitivity", "specificity"}}} at the default operating
        point, and "calibration" and "conformal" for all perturbed images together.
    """
    threshold, target = rules.operating_point().threshold, predictions_of(rows.assign(probability=0)).target
    probabilities = {name: rules.calibration.probability(values) for name, values in logits.items()}
    measured = {name: _rates(target, probability, threshold) for name, probability in probabilities.items()}
    aucs = [metrics["auc"] for metrics in measured.values()]
    tables = [rows.assign(probability=probability) for probability in probabilities.values()]
    pooled = predictions_of(pd.concat(tables, ignore_index=True))
    return {
        "n": len(target),
        "mean_auc": float(np.mean(aucs)),
        "worst_auc": min(aucs),
        "shifts": measured,
        "calibration": calibration_metrics(pooled, rules.training_prevalence),
        "conformal": conformal_metrics(pooled, rules),
    }


def measure_storage(logits: Logits, rows: pd.DataFrame, rules: DecisionRules) -> StorageRobustness:
    """Compare images stored in other ways with the images as they are.

    Args:
        logits: Result of `logits_under_perturbation` for the kinds STORAGE.
        rows: One row per image: label, patient and the probability of the image as it is.
        rules: Source of calibration and operating points.
    """
    unperturbed, threshold = predictions_of(rows), rules.operating_point().threshold
    target = unperturbed.target
    return {
        "n": len(target),
        "unperturbed": _rates(target, unperturbed.probability, threshold),
        "shifts": {
            name: _rates(target, rules.calibration.probability(values), threshold) for name, values in logits.items()
        },
    }


def _rates(target: np.ndarray, probability: np.ndarray, threshold: float) -> PerturbationRates:
    alarm = probability >= threshold
    return {
        "auc": float(roc_auc_score(target, probability)),
        "sensitivity": float(alarm[target == 1].mean()),
        "specificity": float(1 - alarm[target == 0].mean()),
    }


def framings() -> dict[str, Framing]:
    """Return framings around the lung box, by name.

    The framings remove what the original framing reveals about the class: radiographs of ill children are cropped more
    closely at the top and bottom. A perturbation that changes all images in the same way does not remove this
    difference.
    """
    return {
        "framing: lungs, even margin": lambda image, lungs: _frame(image, lungs, np.full(4, 0.08)),
        "framing: lungs, uneven margins": lambda image, lungs: _frame(image, lungs, _margins(image)),
    }


def perturbations() -> dict[str, Perturbation]:
    """Return perturbations by name. Each deterministically maps an 8-bit grey image to one of the same size."""
    return {
        "framing: wider, on black": lambda image: _pad(image, 0.15),
        "framing: off centre": lambda image: _crop(image, (0.12, 0.0, 1.0, 0.9)),
        "framing: tight": lambda image: _crop(image, (0.1, 0.08, 0.9, 0.92)),
        "tone: S-curve": lambda image: image.point(_lookup_table(lambda x: 1 / (1 + np.exp(-8 * (x - 0.5))))),
        "tone: logarithm": lambda image: image.point(_lookup_table(lambda x: np.log1p(9 * x) / np.log(10))),
        "tone: equalised": ImageOps.equalize,
        "tone: narrow": lambda image: image.point(_lookup_table(lambda x: 0.3 + 0.35 * x)),
        "blur: box": lambda image: image.filter(ImageFilter.BoxBlur(1.5)),
        "blur: motion": _motion_blur,
        "sharpened: Laplace": lambda image: image.filter(
            ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 5, -1, 0, -1, 0), 1)
        ),
        "noise: speckle": _add_shot_noise,
        "compressed: JPEG 15": lambda image: _compress(image, "JPEG", quality=15),
        "compressed: WebP 20": lambda image: _compress(image, "WEBP", quality=20),
        "scaled: 80 px, nearest": lambda image: _resample_through(image, 80, 0),
        "scaled: 80 px, cubic spline": lambda image: _resample_through(image, 80, 3),
        "scaled: 112 px, area": lambda image: image.reduce(2).resize(image.size, Image.Resampling.HAMMING),
        "scaled: 700 px, linear": lambda image: _resample_through(image, 700, 1),
        "scaled: 700 px, cubic spline, sharpened": lambda image: _resample_through(
            image, 700, 3, lambda large: large.filter(ImageFilter.EDGE_ENHANCE)
        ),
    }


def _logit(classifier: Classifier, image: Image.Image) -> float:
    working = np.asarray(image, np.float32)
    region, side = classifier.release.input_region, classifier.release.side
    return classifier.run_network(region.network_input(working, classifier.segmenter.segment(working), side)).logit


def _ignore_lungs(perturbation: Perturbation, image: Image.Image, lungs: RelativeBox) -> Image.Image:  # noqa: ARG001 (signature of Framing)
    return perturbation(image)


def _frame(image: Image.Image, lungs: RelativeBox, margins: np.ndarray) -> Image.Image:
    """Crop to the lungs with margins on the left, top, right and bottom. Beyond the image, repeat its border pixels."""
    width, height = lungs.right - lungs.left, lungs.bottom - lungs.top
    left, top, right, bottom = margins * [width, height, width, height]
    frame = RelativeBox(lungs.left - left, lungs.top - top, lungs.right + right, lungs.bottom + bottom)
    border = math.ceil(MAX_MARGIN * max(image.size))
    edges = np.add(frame.to_pixels(image.height, image.width), border)
    padded = Image.fromarray(np.pad(np.asarray(image), border, mode="edge"))
    return padded.resize(image.size, Image.Resampling.HAMMING, tuple(edges))


def _margins(image: Image.Image) -> np.ndarray:
    """Return four random margins. The image itself is the seed, so an image always gets the same margins."""
    return np.random.default_rng(zlib.crc32(image.tobytes())).uniform(0, MAX_MARGIN, size=4)


def _lookup_table(curve: Callable[[np.ndarray], np.ndarray]) -> list[int]:
    """Return a curve over 0-1 as a lookup table of 256 grey values."""
    table: list[int] = np.clip(255 * curve(np.arange(256) / 255), 0, 255).round().astype(int).tolist()
    return table


def _pad(image: Image.Image, share: float) -> Image.Image:
    border = round(share * image.width)
    return ImageOps.expand(image, border, fill=0).resize(image.size, Image.Resampling.HAMMING)


def _crop(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    width, height = image.size
    edges = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return image.resize(image.size, Image.Resampling.HAMMING, edges)


def _motion_blur(image: Image.Image) -> Image.Image:
    """Blur as if the patient had moved by 3% of the image height."""
    length = max(3, round(0.03 * image.height))
    blurred = ndimage.uniform_filter1d(np.asarray(image, np.float32), length, axis=0, mode="nearest")
    return Image.fromarray(blurred.round().astype(np.uint8))


def _add_shot_noise(image: Image.Image) -> Image.Image:
    """Add noise whose standard deviation is proportional to the square root of the grey value."""
    pixels = np.asarray(image, np.float32)
    noise = np.random.default_rng(0).standard_normal(pixels.shape, np.float32)
    return Image.fromarray(np.clip(pixels + np.sqrt(pixels) * noise * 1.2, 0, 255).astype(np.uint8))


def _compress(image: Image.Image, codec: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, codec, quality=quality)
    return Image.open(file).convert("L")


def _resample_through(image: Image.Image, side: int, order: int, change: Perturbation | None = None) -> Image.Image:
    """Scale to another size and back with splines, without anti-aliasing.

    Args:
        image: Image to resample.
        side: Height and width of the intermediate image, pixels.
        order: Order of the spline: 0 nearest, 1 linear, 3 cubic.
        change: Optional perturbation of the intermediate image.
    """
    resampled = _resize_with_spline(image, (side, side), order)
    return _resize_with_spline(change(resampled) if change else resampled, image.size, order)


def _resize_with_spline(image: Image.Image, size: tuple[int, int], order: int) -> Image.Image:
    factors = (size[1] / image.height, size[0] / image.width)
    resized = ndimage.zoom(np.asarray(image, np.float32), factors, order=order, mode="nearest", grid_mode=True)
    return Image.fromarray(np.clip(resized, 0, 255).round().astype(np.uint8))
