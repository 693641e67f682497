"""Shortcut audit: how much of the class shows without any lung, and whether the reader lives on that.

In the public set healthy and sick children were filmed, cropped and stored differently. What a model learns from that
is worth nothing elsewhere. So, beside the accuracy: what can be told without lungs, how the reader does among files of
alike size, what scaling a film does to it, and what is left of it when the lungs are painted over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from dataset.index import LabelledImage
from dataset.split import Split
from model.errors import DatasetError
from model.imaging.decode import decode
from model.imaging.geometry import WHOLE_IMAGE
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.input_region import RegionKind, dilated_lung_mask
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import Predictions, auc_with_ci
from training.data.loading import load_images, targets

N_STRATA = 4
MIN_PER_CLASS = 10  # pictures of each class that a stratum needs for an AUC
MASK_GREY = 128.0  # the same for every picture: its own mean grey would tell of the lungs that it hides
RESCALED_SIDE = 512  # pixels of the longer side of the second copy of a full-size film

Masking = Callable[[np.ndarray, LungMask], np.ndarray]


@dataclass(frozen=True)
class AuxiliaryData:
    """What the audit needs beside the labelled set; what is None is not measured.

    masks: folder of lung fields drawn by people, <stem>.png each.
    full_size: folder of some of the pictures in their original size, under the same names.
    sizes: CSV of file, width and height of the originals.
    adults: folder of films of adults with labels.csv, see `training.evaluation.external_adults`.
    """

    masks: Path | None = None
    full_size: Path | None = None
    sizes: Path | None = None
    adults: Path | None = None


def shortcut_audit(classifier: Classifier, parts: Split, predictions: pd.DataFrame, extras: AuxiliaryData) -> dict:
    """Audit a release on validation, and within strata on every split that was predicted.

    Returns:
        spectrum_alone, size_alone, framing_alone: AUC of models that see nothing else; size_strata: per split, n,
        positives and AUC of the reader within quarters by the original's width; scaled_copies: change of probability of
        full-size films against smaller copies; painted_over: AUC with lungs, or all else, painted over. AUCs have 95 %
        intervals.
    """
    sizes = read_original_sizes(extras.sizes) if extras.sizes else None
    return {
        "spectrum_alone": _auc_from_features(parts, lambda _: True, _spectra, _linear()),
        "size_alone": sizes
        and _auc_from_features(parts, lambda r: r.path.name in sizes, lambda of: _shapes(of, sizes), _trees()),
        "framing_alone": _auc_from_features(parts, lambda _: True, partial(_framing, classifier), _trees()),
        "size_strata": sizes and {name: _strata(rows, sizes) for name, rows in predictions.groupby("split")},
        "scaled_copies": extras.full_size and _scaled_copies(classifier, parts.validation, extras.full_size),
        "painted_over": _masked_auc(classifier, parts.validation),
    }


def _auc_from_features(parts: Split, usable: Callable[[LabelledImage], bool], features: Callable, model) -> dict:
    """AUC on validation of a model that was fitted on the training patients and sees these features alone."""
    training, validation = ([r for r in part if usable(r)] for part in (parts.training, parts.validation))
    model.fit(features(training), targets(training)[:, 0])
    return _auc(validation, model.predict_proba(features(validation))[:, 1])


def _auc(records: Sequence[LabelledImage], probability: np.ndarray) -> dict:
    patients = np.array([record.patient for record in records])
    scores = Predictions(targets(records)[:, 0].astype(int), probability, patients)
    return {"n": len(records), "auc": auc_with_ci(scores)["auc"]}


def _linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def _trees():
    return HistGradientBoostingClassifier(random_state=0)


def _spectra(records: Sequence[LabelledImage]) -> np.ndarray:
    """Logarithm of the power at each distance from the spectrum's centre: float (n, WORKING_SIDE / 2)."""
    pictures = load_images(records, WORKING_SIDE, "spectra")[..., 0]
    frequency = np.fft.fftfreq(WORKING_SIDE, 1 / WORKING_SIDE)
    ring = np.hypot(*np.meshgrid(frequency, frequency)).round().astype(int).ravel()
    count = np.bincount(ring)
    power = (np.abs(np.fft.fft2(picture - picture.mean())).ravel() ** 2 for picture in pictures)
    radial = np.stack([np.bincount(ring, one) / count for one in power])
    return np.log(radial[:, 1 : WORKING_SIDE // 2 + 1] + 1e-6)


def _framing(classifier: Classifier, records: Sequence[LabelledImage]) -> np.ndarray:
    """How much of the view's margin there is on each side of the lungs, as shares of their box: float (n, 4).

    Where a film was cropped close, some of it is missing; that is all that the view's frame tells of the film's own.
    """
    rows = []
    for picture in load_images(records, WORKING_SIDE, "framing")[..., 0]:
        lungs = classifier.segmenter.segment(picture.astype(np.float32))
        seen, box = classifier.release.view.box(lungs), lungs.box if lungs else WHOLE_IMAGE
        across, down = box.right - box.left, box.bottom - box.top
        left, right = (box.left - seen.left) / across, (seen.right - box.right) / across
        rows.append((left, right, (box.top - seen.top) / down, (seen.bottom - box.bottom) / down))
    return np.round(rows, 6)  # the last digits of equal margins differ with the box, and trees would read it from them


def read_original_sizes(path: Path) -> dict[str, tuple[int, int]]:
    """File name to width and height of the original, pixels.

    Raises:
        DatasetError: the table cannot be read.
    """
    try:
        table = pd.read_csv(path).astype({"width": int, "height": int})
        return {
            name: (width, height) for name, width, height in table[["file", "width", "height"]].itertuples(index=False)
        }
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{path} cannot be used. --sizes takes a CSV with file, width and height.") from error


def _shapes(records: Sequence[LabelledImage], sizes: dict[str, tuple[int, int]]) -> np.ndarray:
    shapes = np.array([sizes[record.path.name] for record in records], float)
    return np.column_stack([shapes, shapes[:, 0] / shapes[:, 1]])


def _strata(rows: pd.DataFrame, sizes: dict[str, tuple[int, int]]) -> list[dict]:
    """The reader's AUC within each quarter of a split's pictures by the original's width."""
    rows = rows[rows["file"].isin(sizes)]
    width = rows["file"].map(lambda name: sizes[name][0])
    measured = []
    for _, members in rows.groupby(pd.qcut(width, N_STRATA, duplicates="drop"), observed=True):
        target = (members["label"] == "PNEUMONIA").to_numpy(int)
        enough = MIN_PER_CLASS <= target.sum() <= len(target) - MIN_PER_CLASS
        scores = Predictions(target, members["probability"].to_numpy(), members["patient"].to_numpy(str))
        measured.append(
            {
                "narrowest": int(width[members.index].min()),
                "widest": int(width[members.index].max()),
                "n": len(members),
                "positives": int(target.sum()),
                "auc": auc_with_ci(scores)["auc"] if enough else None,
            }
        )
    return measured


def _scaled_copies(classifier: Classifier, records: Sequence[LabelledImage], folder: Path) -> dict:
    """How far the probability of a full-size film lies from those of the set's small copy and of a copy of 512."""
    films = {path.name: path for path in sorted(folder.rglob("*.*"))}
    known = [record for record in records if record.path.name in films]
    if not known:
        raise DatasetError(f"{folder} holds no film that is also a validation picture.")
    changes, threshold = {"224": [], f"{RESCALED_SIDE}": []}, classifier.release.operating_point().threshold
    turned = dict.fromkeys(changes, 0)
    for record in tqdm(known, desc="full-size films", unit="film", disable=None):
        film = decode(films[record.path.name].read_bytes())
        full = classifier.read(film).probability
        for name, copy in (("224", decode(record.path.read_bytes())), (f"{RESCALED_SIDE}", _smaller(film))):
            probability = classifier.read(copy).probability
            changes[name].append(abs(probability - full))
            turned[name] += (probability >= threshold) != (full >= threshold)
    return {
        "n": len(known),
        **{
            name: {"mean_change": float(np.mean(of)), "largest_change": max(of), "verdicts_changed": turned[name]}
            for name, of in changes.items()
        },
    }


def _smaller(film: Radiograph) -> Radiograph:
    share = RESCALED_SIDE / max(film.height, film.width)
    side = round(film.width * share), round(film.height * share)
    pixels = np.asarray(Image.fromarray(film.pixels).resize(side, Image.Resampling.LANCZOS))
    return Radiograph(pixels.clip(0, 255), film.source_format, film.bits)


def _masked_auc(classifier: Classifier, records: Sequence[LabelledImage]) -> dict | None:
    """AUC of pictures in which the lungs, or all but the lungs, are painted in one grey.

    Of the pictures in which lungs are found; None where there are none, and where the view itself blackens what is
    outside them: the outline that it draws would tell of the lungs.
    """
    if classifier.release.view.part is RegionKind.LUNGS_ALONE:
        return None
    painters: dict[str, Masking] = {
        "nothing": lambda picture, _: picture,
        "lungs": _no_lungs,
        "outside": _no_outside,
    }
    probability: dict[str, list[float]] = {name: [] for name in painters}
    read = []
    for record, picture in zip(records, load_images(records, WORKING_SIDE, "pictures to paint"), strict=True):
        working = picture[..., 0].astype(np.float32)
        if not (lungs := classifier.segmenter.segment(working)):
            continue
        read.append(record)
        for name, paint in painters.items():  # the lungs keep the place where they were found
            seen = classifier.release.view.network_input(paint(working, lungs), lungs, classifier.release.side)
            probability[name].append(classifier.release.calibration.probability(classifier.classify(seen).logit))
    if not read:
        return None
    return {name: _auc(read, np.array(values)) for name, values in probability.items()}


def _no_lungs(picture: np.ndarray, lungs: LungMask) -> np.ndarray:
    """The box of the lungs painted over, not their fields, whose outline would tell of disease."""
    left, top, right, bottom = (round(edge) for edge in lungs.box.to_pixels(*picture.shape))
    painted = picture.copy()
    painted[top:bottom, left:right] = MASK_GREY
    return painted


def _no_outside(picture: np.ndarray, lungs: LungMask) -> np.ndarray:
    return np.where(dilated_lung_mask(lungs, *picture.shape) > 0, picture, MASK_GREY).astype(np.float32)
