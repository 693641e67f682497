"""Shortcut audit: how well the class can be predicted without lungs, and whether the classifier does so.

In the public data set, radiographs of healthy and ill children were taken, cropped and stored differently. What a model
learns from that does not transfer to other hospitals. The audit therefore measures what can be predicted without lungs,
how the classifier does among files of similar size, how scaling changes its probability, and what remains if the lungs
are masked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import Label
from model.errors import DatasetError
from model.imaging.decode import decode
from model.imaging.geometry import WHOLE_IMAGE
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.input_region import RegionKind, dilated_lung_mask
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import Predictions, auc_with_ci
from model.performance.schema import SizedAuc, SizeStratum
from training.data.loading import load_images, read_prepared, targets

N_STRATA = 4
MIN_PER_CLASS = 10  # images of each class that a stratum needs for an AUC
MASK_GREY = 128.0  # the same for every image: the mean grey of an image would say something about the masked lungs
SMALL_COPY = "224"  # key of the copy in the data set
RESCALED_SIDE = 512  # pixels of the longer side of the second copy of an original

Masking = Callable[[np.ndarray, LungMask], np.ndarray]
FeatureExtractor = Callable[[Sequence[LabelledImage]], np.ndarray]
ImageSizes = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class AuxiliaryData:
    """Further data sets for the evaluation; what is None is not measured.

    Attributes:
        masks: Folder of manual lung masks, <stem>.png each.
        originals: Folder of some of the images in original size, under the same names.
        original_sizes: CSV with file, width and height of the originals.
        adults: Folder of adult radiographs with labels.csv, see `training.evaluation.external_adults`.
    """

    masks: Path | None = None
    originals: Path | None = None
    original_sizes: Path | None = None
    adults: Path | None = None


def shortcut_audit(
    classifier: Classifier,
    split: Split,
    predictions: pd.DataFrame,
    auxiliary: AuxiliaryData,
    decoder: ImageDecoder = decode_image,
) -> dict[str, Any]:
    """Audit a release on the validation split; the size strata are measured on every split with predictions.

    Args:
        classifier: Classifier to audit.
        split: Images of each split.
        predictions: One row per image: file, patient, split, label, probability.
        auxiliary: Further data sets.
        decoder: Decodes the images of the splits.

    Returns:
        See `model.performance.schema.ShortcutAudit`. AUCs have 95% intervals.
    """
    sizes = read_original_sizes(auxiliary.original_sizes) if auxiliary.original_sizes else None
    return {
        "spectrum_alone": _auc_from_features(split, partial(_power_spectra, decoder), _linear_model()),
        "size_alone": sizes and _auc_from_sizes(split, sizes),
        "framing_alone": _auc_from_features(split, partial(_framing, classifier, decoder), _tree_model()),
        "size_strata": sizes and {name: _size_strata(rows, sizes) for name, rows in predictions.groupby("split")},
        "scaled_copies": auxiliary.originals
        and _scaled_copies(classifier, split.validation, auxiliary.originals, decoder),
        "painted_over": _masked_auc(classifier, split.validation, decoder),
    }


def _auc_from_sizes(split: Split, sizes: ImageSizes) -> SizedAuc:
    def has_size(record: LabelledImage) -> bool:
        return record.path.name in sizes

    with_size = Split(
        list(filter(has_size, split.training)), list(filter(has_size, split.validation)), list(split.test)
    )
    return _auc_from_features(with_size, lambda records: _size_features(records, sizes), _tree_model())


def _auc_from_features(split: Split, extract_features: FeatureExtractor, model: ClassifierMixin) -> SizedAuc:
    """Return the AUC on validation of a model that is fitted on training and sees these features alone."""
    model.fit(extract_features(split.training), targets(split.training)[:, 0])
    return _auc(split.validation, model.predict_proba(extract_features(split.validation))[:, 1])


def _auc(records: Sequence[LabelledImage], probability: np.ndarray) -> SizedAuc:
    patient = np.array([record.patient for record in records])
    predictions = Predictions(targets(records)[:, 0].astype(int), probability, patient)
    return {"n": len(records), "auc": auc_with_ci(predictions)["auc"]}


def _linear_model() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def _tree_model() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(random_state=0)


def _power_spectra(decoder: ImageDecoder, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the log power at each distance from the centre of the spectrum: float (n, WORKING_SIDE / 2)."""
    images = load_images(records, WORKING_SIDE, "spectra", decoder)[..., 0]
    frequency = np.fft.fftfreq(WORKING_SIDE, 1 / WORKING_SIDE)
    ring = np.hypot(*np.meshgrid(frequency, frequency)).round().astype(int).ravel()
    count = np.bincount(ring)
    powers = (np.abs(np.fft.fft2(image - image.mean())).ravel() ** 2 for image in images)
    radial = np.stack([np.bincount(ring, power) / count for power in powers])
    spectra: np.ndarray = np.log(radial[:, 1 : WORKING_SIDE // 2 + 1] + 1e-6)
    return spectra


def _framing(classifier: Classifier, decoder: ImageDecoder, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the margin of the input region on each side of the lungs, as a share of their box: float (n, 4).

    If a radiograph was cropped closely, part of the margin is missing. The frame of the input region says nothing else
    about the frame of the radiograph.
    """
    rows = []
    for image in load_images(records, WORKING_SIDE, "framing", decoder)[..., 0]:
        lungs = classifier.segmenter.segment(image.astype(np.float32))
        region, box = classifier.release.input_region.box(lungs), lungs.box if lungs else WHOLE_IMAGE
        width, height = box.right - box.left, box.bottom - box.top
        left, right = (box.left - region.left) / width, (region.right - box.right) / width
        rows.append((left, right, (box.top - region.top) / height, (region.bottom - box.bottom) / height))
    return np.round(rows, 6)  # rounding errors of equal margins depend on the box, and trees would learn from them


def read_original_sizes(path: Path) -> ImageSizes:
    """Return width and height of the originals, in pixels, by file name.

    Raises:
        DatasetError: The table cannot be used.
    """
    try:
        table = pd.read_csv(path).astype({"width": int, "height": int})
        rows = table[["file", "width", "height"]].itertuples(index=False)
        return {name: (width, height) for name, width, height in rows}
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{path} cannot be used. --original-sizes takes a CSV with file, width and height."
        ) from error


def _size_features(records: Sequence[LabelledImage], sizes: ImageSizes) -> np.ndarray:
    """Return width, height and aspect ratio of the originals: float (n, 3)."""
    width_and_height = np.array([sizes[record.path.name] for record in records], float)
    return np.column_stack([width_and_height, width_and_height[:, 0] / width_and_height[:, 1]])


def _size_strata(rows: pd.DataFrame, sizes: ImageSizes) -> list[SizeStratum]:
    """Return the AUC within each quarter of the images of a split by the width of the original."""
    rows = rows[rows["file"].isin(sizes)]
    width = rows["file"].map(lambda name: sizes[name][0])
    strata: list[SizeStratum] = []
    for _, members in rows.groupby(pd.qcut(width, N_STRATA, duplicates="drop"), observed=True):
        target = (members["label"] == Label.PNEUMONIA).to_numpy(int)
        has_both_classes = MIN_PER_CLASS <= target.sum() <= len(target) - MIN_PER_CLASS
        predictions = Predictions(target, members["probability"].to_numpy(), members["patient"].to_numpy(str))
        strata.append(
            {
                "narrowest": int(width[members.index].min()),
                "widest": int(width[members.index].max()),
                "n": len(members),
                "positives": int(target.sum()),
                "auc": auc_with_ci(predictions)["auc"] if has_both_classes else None,
            }
        )
    return strata


def _scaled_copies(
    classifier: Classifier, records: Sequence[LabelledImage], folder: Path, decoder: ImageDecoder
) -> dict[str, Any]:
    """Compare the probability of originals with that of the copy in the data set and of a copy of 512 pixels."""
    originals = {path.name: path for path in sorted(folder.rglob("*.*"))}
    with_original = [record for record in records if record.path.name in originals]
    if not with_original:
        raise DatasetError(f"{folder} holds no film that is also a validation picture.")
    threshold = classifier.release.operating_point().threshold
    changes: dict[str, list[float]] = {SMALL_COPY: [], f"{RESCALED_SIDE}": []}
    verdicts_changed = dict.fromkeys(changes, 0)
    for record in tqdm(with_original, desc="full-size films", unit="film", disable=None):
        original = decode(originals[record.path.name].read_bytes())
        original_probability = classifier.read(original).probability
        small_copy = Radiograph(read_prepared(record, decoder).working, original.source_format, original.bits)
        copies = {SMALL_COPY: small_copy, f"{RESCALED_SIDE}": _rescale(original)}
        for name, copy in copies.items():
            probability = classifier.read(copy).probability
            changes[name].append(abs(probability - original_probability))
            verdicts_changed[name] += (probability >= threshold) != (original_probability >= threshold)
    return {
        "n": len(with_original),
        **{
            name: {
                "mean_change": float(np.mean(values)),
                "largest_change": max(values),
                "verdicts_changed": verdicts_changed[name],
            }
            for name, values in changes.items()
        },
    }


def _rescale(radiograph: Radiograph) -> Radiograph:
    """Return a copy whose longer side is RESCALED_SIDE."""
    factor = RESCALED_SIDE / max(radiograph.height, radiograph.width)
    size = round(radiograph.width * factor), round(radiograph.height * factor)
    pixels = np.asarray(Image.fromarray(radiograph.pixels).resize(size, Image.Resampling.LANCZOS))
    return Radiograph(pixels.clip(0, 255), radiograph.source_format, radiograph.bits)


def _masked_auc(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder
) -> dict[str, SizedAuc] | None:
    """Return the AUC with nothing masked, with the lungs masked, and with all but the lungs masked.

    Only images in which lungs are found count.

    Returns:
        Name of the masking -> AUC; None if there are no such images, or if the input region itself masks everything
        outside the lungs: the outline of that mask would say something about the lungs.
    """
    if classifier.release.input_region.kind is RegionKind.LUNGS_ALONE:
        return None
    maskings: dict[str, Masking] = {
        "nothing": lambda image, _: image,
        "lungs": _mask_lungs,
        "outside": _mask_outside,
    }
    region, side = classifier.release.input_region, classifier.release.side
    probabilities: dict[str, list[float]] = {name: [] for name in maskings}
    measured = []
    images = load_images(records, WORKING_SIDE, "pictures to paint", decoder)
    for record, image in zip(records, images, strict=True):
        working = image[..., 0].astype(np.float32)
        if not (lungs := classifier.segmenter.segment(working)):
            continue
        measured.append(record)
        for name, masking in maskings.items():  # the lung mask is always that of the unmasked image
            output = classifier.classify(region.network_input(masking(working, lungs), lungs, side))
            probabilities[name].append(float(classifier.release.calibration.probability(output.logit)))
    if not measured:
        return None
    return {name: _auc(measured, np.array(values)) for name, values in probabilities.items()}


def _mask_lungs(image: np.ndarray, lungs: LungMask) -> np.ndarray:
    """Mask the box of the lungs, not the lung fields: the outline of the fields would say something about disease."""
    left, top, right, bottom = (round(edge) for edge in lungs.box.to_pixels(*image.shape))
    masked = image.copy()
    masked[top:bottom, left:right] = MASK_GREY
    return masked


def _mask_outside(image: np.ndarray, lungs: LungMask) -> np.ndarray:
    return np.where(dilated_lung_mask(lungs, *image.shape) > 0, image, MASK_GREY).astype(np.float32)
