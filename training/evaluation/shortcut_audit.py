"""Shortcut audit: how well the class can be predicted without the lungs, and whether the classifier does so.

In the public data set, radiographs of healthy and ill children were acquired, cropped and stored differently. What a
model learns from these differences does not transfer to other hospitals. The audit measures how well features without
lung content predict the class, the AUC among files of similar size, the effect of rescaling on the probability, and the
AUC when the lungs are masked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import Label, Population
from model.errors import TrainingError
from model.imaging.decode import decode
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.input_region import RegionKind, dilated_lung_mask
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import Predictions, auc_with_ci
from model.performance.schema import SizedAuc, SizeStratum
from training.data.loading import load_images, read_prepared
from training.evaluation.population_shortcuts import population_shortcuts
from training.evaluation.shortcut_features import (
    ImageSizes,
    auc_from_framing,
    auc_from_sizes,
    auc_from_spectra,
    auc_of,
    read_original_sizes,
)

N_STRATA = 4
MIN_PER_CLASS = 10  # images of each class that a stratum needs for an AUC
MASK_GREY = 128.0  # the same for every image, because the mean grey value would reveal something about the masked lungs
SMALL_COPY = "224"  # key of the copy in the data set
RESCALED_SIDE = 512  # longer side, in pixels, of the second copy of an original

Masking = Callable[[np.ndarray, LungMask], np.ndarray]


@dataclass(frozen=True)
class AuxiliaryData:
    """Additional data for the evaluation. A measurement is skipped if its data are None.

    Attributes:
        masks: Folder with manual lung masks, each named <stem>.png.
        originals: Folder with some of the images at their original size, under the same names.
        original_sizes: CSV file with the columns file, width and height, for the originals.
        adults: Folder with radiographs of adults and labels.csv (see `training.evaluation.external_adults`).
        not_chest: Folder with images that are not frontal chest radiographs (see `training.admission.not_chest`).
    """

    masks: Path | None = None
    originals: Path | None = None
    original_sizes: Path | None = None
    adults: Path | None = None
    not_chest: Path | None = None


def shortcut_audit(
    classifier: Classifier,
    split: Split,
    predictions: pd.DataFrame,
    auxiliary: AuxiliaryData,
    decoder: ImageDecoder = decode_image,
) -> dict[str, Any]:
    """Audit a release on the validation split. The size strata are measured on every split that has predictions.

    Args:
        classifier: Classifier to audit.
        split: Images in each split.
        predictions: One row per image: file, patient, split, label, probability.
        auxiliary: Additional data.
        decoder: Decodes the images in the splits.

    Returns:
        See `model.performance.schema.ShortcutAudit`. AUCs have 95% intervals.
    """
    sizes = read_original_sizes(auxiliary.original_sizes) if auxiliary.original_sizes else None
    return {
        "spectrum_alone": auc_from_spectra(split, decoder),
        "size_alone": sizes and auc_from_sizes(split, sizes),
        "framing_alone": auc_from_framing(split, classifier, decoder),
        "size_strata": sizes and {name: _size_strata(rows, sizes) for name, rows in predictions.groupby("split")},
        "scaled_copies": auxiliary.originals
        and _scaled_copies(classifier, split.validation, auxiliary.originals, decoder),
        "painted_over": _masked_auc(classifier, split.validation, decoder),
        "population_alone": population_shortcuts(split, classifier, decoder),
    }


def _size_strata(rows: pd.DataFrame, sizes: ImageSizes) -> list[SizeStratum]:
    """Group the images into quartiles by the width of their originals, and return the AUC for each quartile."""
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
    """Compare the probability for each original with those for the data set's copy and for a copy with 512 pixels.

    Raises:
        TrainingError: The folder contains no original of a validation image.
    """
    originals = {path.name: path for path in sorted(folder.rglob("*.*"))}
    with_original = [record for record in records if record.path.name in originals]
    if not with_original:
        raise TrainingError(f"{folder} contains no original of a validation image.")
    threshold = classifier.release.populations[Population.CHILDREN].operating_point().threshold
    changes: dict[str, list[float]] = {SMALL_COPY: [], f"{RESCALED_SIDE}": []}
    verdicts_changed = dict.fromkeys(changes, 0)
    for record in tqdm(with_original, desc="shortcut audit: originals", unit="image", disable=None):
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
    """Return a copy whose longer side has RESCALED_SIDE pixels."""
    factor = RESCALED_SIDE / max(radiograph.height, radiograph.width)
    size = round(radiograph.width * factor), round(radiograph.height * factor)
    pixels = np.asarray(Image.fromarray(radiograph.pixels).resize(size, Image.Resampling.LANCZOS))
    return Radiograph(pixels.clip(0, 255), radiograph.source_format, radiograph.bits)


def _masked_auc(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder
) -> dict[str, SizedAuc] | None:
    """Return the AUC with nothing masked, with the lungs masked, and with everything but the lungs masked.

    Images without detected lungs are left out.

    Returns:
        AUC by masking. None if no lungs were found in any image, or if the input region itself masks everything outside
        the lungs, because the outline of that mask would reveal something about the lungs.
    """
    if classifier.release.input_region.kind is RegionKind.LUNGS_ALONE:
        return None
    maskings: dict[str, Masking] = {
        "nothing": lambda image, _: image,
        "lungs": _mask_lungs,
        "outside": _mask_outside,
    }
    region, side = classifier.release.input_region, classifier.release.side
    calibration = classifier.release.populations[Population.CHILDREN].calibration
    probabilities: dict[str, list[float]] = {name: [] for name in maskings}
    measured = []
    images = load_images(records, WORKING_SIDE, "shortcut audit: masked images", decoder)
    for record, image in zip(records, images, strict=True):
        working = image[..., 0].astype(np.float32)
        if not (lungs := classifier.segmenter.segment(working)):
            continue
        measured.append(record)
        for name, masking in maskings.items():  # the lung mask always comes from the unmasked image
            output = classifier.run_network(region.network_input(masking(working, lungs), lungs, side))
            probabilities[name].append(float(calibration.probability(output.logit)))
    if not measured:
        return None
    return {name: auc_of(measured, np.array(values)) for name, values in probabilities.items()}


def _mask_lungs(image: np.ndarray, lungs: LungMask) -> np.ndarray:
    """Mask the lung box. The outline of the lung fields themselves would reveal something about disease."""
    left, top, right, bottom = (round(edge) for edge in lungs.box.to_pixels(*image.shape))
    masked = image.copy()
    masked[top:bottom, left:right] = MASK_GREY
    return masked


def _mask_outside(image: np.ndarray, lungs: LungMask) -> np.ndarray:
    return np.where(dilated_lung_mask(lungs, *image.shape) > 0, image, MASK_GREY).astype(np.float32)
