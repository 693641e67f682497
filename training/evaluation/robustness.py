"""Stress validation: the validation patients as other people's software would have framed, scaled and stored them.

Training randomises framing, tone, sharpness and compression too. So that a run is not judged on what it was shown, each
shift here has a form that `training.data.augmentation` does not use: other curves, filters, codecs and scales.
"""

import io
import math
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter, ImageOps
from scipy import ndimage
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from dataset.index import LabelledImage
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.inference.release_loader import Release
from model.performance.release_data import predictions_of
from training.data.loading import load_images
from training.evaluation.calibration_metrics import calibration_metrics
from training.evaluation.split_metrics import conformal_metrics

Perturbation = Callable[[Image.Image], Image.Image]
Framing = Callable[[Image.Image, RelativeBox], Image.Image]
Logits = dict[str, np.ndarray]

MAX_MARGIN = 0.25  # of the lungs' width or height


def logits_under_perturbation(classifier: Classifier, records: Sequence[LabelledImage]) -> Logits:
    """Read the pictures of the records under every shift and framing; the logit of each picture by their names."""
    pictures = load_images(records, WORKING_SIDE, "pictures to shift")[..., 0]
    found = [classifier.segmenter.segment(picture.astype(np.float32)) for picture in pictures]
    films = [
        (Image.fromarray(p), lungs.box if lungs else WHOLE_IMAGE) for p, lungs in zip(pictures, found, strict=True)
    ]
    changes = {name: partial(_apply_to_logit, shift) for name, shift in perturbations().items()} | framings()
    with ThreadPoolExecutor(2) as pool:  # one shifts and resizes while a network has the other's picture
        return {
            name: np.array(list(pool.map(lambda film, change=change: _logit(classifier, change(*film)), films)))
            for name, change in tqdm(changes.items(), desc="reading under shifts", unit="shift", disable=None)
        }


def measure_robustness(logits: Logits, rows: pd.DataFrame, release: Release) -> dict:
    """How well shifted pictures are read.

    Args:
        logits: of `logits_under_perturbation`.
        rows: of the same pictures, label and patient.
        release: tells calibration, operating points and conformal limits.

    Returns:
        {"n", "mean_auc", "worst_auc", "shifts": {name: {"auc", "sensitivity", "specificity"}}} at the default operating
        point, and "calibration" and "conformal" of all shifts together.
    """
    threshold, target = release.operating_point().threshold, predictions_of(rows.assign(probability=0)).target
    measured = {}
    for name, of_pictures in logits.items():
        probability = release.calibration.probability(of_pictures)
        alarm = probability >= threshold
        measured[name] = {
            "auc": float(roc_auc_score(target, probability)),
            "sensitivity": float(alarm[target == 1].mean()),
            "specificity": float(1 - alarm[target == 0].mean()),
        }
    areas = [one["auc"] for one in measured.values()]
    shifted = [rows.assign(probability=release.calibration.probability(of)) for of in logits.values()]
    together = predictions_of(pd.concat(shifted, ignore_index=True))
    return {
        "n": len(target),
        "mean_auc": float(np.mean(areas)),
        "worst_auc": min(areas),
        "shifts": measured,
        "calibration": calibration_metrics(together, release.training_prevalence),
        "conformal": conformal_metrics(together, release),
    }


def framings() -> dict[str, Framing]:
    """Name to framing by the lungs' own box, which takes away what the original framing tells of the class.

    The same shift of every picture leaves that in: sick children's films are cropped closer above and below.
    """
    return {
        "framing: lungs, even margin": lambda picture, lungs: _frame(picture, lungs, np.full(4, 0.08)),
        "framing: lungs, uneven margins": lambda picture, lungs: _frame(picture, lungs, _margins(picture)),
    }


def perturbations() -> dict[str, Perturbation]:
    """Name to shift; each takes and gives a grey 8-bit picture and always does the same to the same picture."""
    return {
        "framing: wider, on black": lambda picture: _pad(picture, 0.15),
        "framing: off centre": lambda picture: _crop(picture, (0.12, 0.0, 1.0, 0.9)),
        "framing: tight": lambda picture: _crop(picture, (0.1, 0.08, 0.9, 0.92)),
        "tone: S-curve": lambda picture: picture.point(_curve(lambda x: 1 / (1 + np.exp(-8 * (x - 0.5))))),
        "tone: logarithm": lambda picture: picture.point(_curve(lambda x: np.log1p(9 * x) / np.log(10))),
        "tone: equalised": ImageOps.equalize,
        "tone: narrow": lambda picture: picture.point(_curve(lambda x: 0.3 + 0.35 * x)),
        "blur: box": lambda picture: picture.filter(ImageFilter.BoxBlur(1.5)),
        "blur: motion": _motion_blur,
        "sharpened: Laplace": lambda picture: picture.filter(
            ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 5, -1, 0, -1, 0), 1)
        ),
        "noise: speckle": _speckle,
        "compressed: JPEG 15": lambda picture: _store(picture, "JPEG", quality=15),
        "compressed: WebP 20": lambda picture: _store(picture, "WEBP", quality=20),
        "scaled: 80 px, nearest": lambda picture: _through(picture, 80, 0),
        "scaled: 80 px, cubic spline": lambda picture: _through(picture, 80, 3),
        "scaled: 112 px, area": lambda picture: picture.reduce(2).resize(picture.size, Image.Resampling.HAMMING),
        "scaled: 700 px, linear": lambda picture: _through(picture, 700, 1),
        "scaled: 700 px, cubic spline, sharpened": lambda picture: _through(
            picture, 700, 3, lambda large: large.filter(ImageFilter.EDGE_ENHANCE)
        ),
    }


def _logit(classifier: Classifier, picture: Image.Image) -> float:
    working = np.asarray(picture, np.float32)
    return classifier.classify(
        classifier.release.view.network_input(working, classifier.segmenter.segment(working), classifier.release.side)
    ).logit


def _apply_to_logit(shift: Perturbation, picture: Image.Image, lungs: RelativeBox) -> Image.Image:  # noqa: ARG001 (a framing's signature)
    return shift(picture)


def _frame(picture: Image.Image, lungs: RelativeBox, margins: np.ndarray) -> Image.Image:
    """The lungs with a margin on the left, top, right and bottom; beyond the picture its border goes on."""
    across, down = lungs.right - lungs.left, lungs.bottom - lungs.top
    left, top, right, bottom = margins * [across, down, across, down]
    wanted = RelativeBox(lungs.left - left, lungs.top - top, lungs.right + right, lungs.bottom + bottom)
    border = math.ceil(MAX_MARGIN * max(picture.size))
    edges = np.add(wanted.to_pixels(picture.height, picture.width), border)
    wider = Image.fromarray(np.pad(np.asarray(picture), border, mode="edge"))
    return wider.resize(picture.size, Image.Resampling.HAMMING, tuple(edges))


def _margins(picture: Image.Image) -> np.ndarray:
    """Four margins, drawn by the picture itself, so that it is always framed alike."""
    return np.random.default_rng(zlib.crc32(picture.tobytes())).uniform(0, MAX_MARGIN, size=4)


def _curve(tone: Callable[[np.ndarray], np.ndarray]) -> list[int]:
    """A look-up table of 256 greys from a curve over 0-1."""
    return np.clip(255 * tone(np.arange(256) / 255), 0, 255).round().astype(int).tolist()


def _pad(picture: Image.Image, share: float) -> Image.Image:
    border = round(share * picture.width)
    return ImageOps.expand(picture, border, fill=0).resize(picture.size, Image.Resampling.HAMMING)


def _crop(picture: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    width, height = picture.size
    edges = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return picture.resize(picture.size, Image.Resampling.HAMMING, edges)


def _motion_blur(picture: Image.Image) -> Image.Image:
    """The patient moved by about three hundredths of the height."""
    length = max(3, round(0.03 * picture.height))
    blurred = ndimage.uniform_filter1d(np.asarray(picture, np.float32), length, axis=0, mode="nearest")
    return Image.fromarray(blurred.round().astype(np.uint8))


def _speckle(picture: Image.Image) -> Image.Image:
    """Noise that grows with the grey value, as few photons make it."""
    pixels = np.asarray(picture, np.float32)
    grain = np.random.default_rng(0).standard_normal(pixels.shape, np.float32)
    return Image.fromarray(np.clip(pixels + np.sqrt(pixels) * grain * 1.2, 0, 255).astype(np.uint8))


def _store(picture: Image.Image, codec: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, codec, quality=quality)
    return Image.open(file).convert("L")


def _through(picture: Image.Image, side: int, order: int, between: Perturbation | None = None) -> Image.Image:
    """Scale to another size and back by splines that do not average (order 0 nearest, 1 linear, 3 cubic)."""
    scaled = _spline(picture, (side, side), order)
    return _spline(between(scaled) if between else scaled, picture.size, order)


def _spline(picture: Image.Image, size: tuple[int, int], order: int) -> Image.Image:
    factors = (size[1] / picture.height, size[0] / picture.width)
    scaled = ndimage.zoom(np.asarray(picture, np.float32), factors, order=order, mode="nearest", grid_mode=True)
    return Image.fromarray(np.clip(scaled, 0, 255).round().astype(np.uint8))
