"""Metrics of a population other than children, measured with its own decision rules in one pass over its images."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from dataset.images import decode_image
from dataset.index import LabelledImage, unique_names
from dataset.split import Split
from model.admission.decision import AdmissionDecision
from model.admission.gate import AdmissionGate
from model.codes import Label, Population, SplitName
from model.inference.classifier import Classifier
from model.inference.decision import DecisionRules
from model.performance.binary_metrics import auc_with_ci
from model.performance.release_data import predictions_of
from model.performance.schema import PopulationMetrics, Ranking
from training.data.loading import read_decoded
from training.evaluation.admission_rates import refusal_rates
from training.evaluation.split_metrics import APPEARANCES, TYPICAL, split_metrics
from training.evaluation.tone import measure_tone

MEASURED_SPLITS = (SplitName.VALIDATION, SplitName.TEST)
Decisions = dict[str, list[AdmissionDecision]]


def measure_population(
    classifier: Classifier, population: Population, split: Split, names: Sequence[str]
) -> tuple[PopulationMetrics, pd.DataFrame]:
    """Read the validation and test images of a population, and measure them.

    Args:
        classifier: Classifier of the release.
        population: Population whose decision rules apply.
        split: Its images.
        names: Splits to measure, at least one of MEASURED_SPLITS. Training images are not measured.

    Returns:
        The metrics, and one row per image: file, patient, split, label, cause, probability, intensity, contrast, width
        and height, as in `dataset.quality.features.ImageInventory`.

    Raises:
        TrainingError: An image cannot be read.
    """
    rules = classifier.release.populations[population]
    parts = {name: records for name, records in split.parts().items() if name in names and name in MEASURED_SPLITS}
    rows, decisions = _read_images(AdmissionGate.from_classifier(classifier), rules, parts)
    metrics = _metrics(rows, decisions, rules)
    if SplitName.VALIDATION in parts:
        metrics["tone"] = measure_tone(classifier, rules, split.validation)
    return metrics, rows


def _read_images(
    gate: AdmissionGate, rules: DecisionRules, parts: Mapping[str, Sequence[LabelledImage]]
) -> tuple[pd.DataFrame, Decisions]:
    """Examine and read all images. Images that the gate refuses are read nevertheless."""
    names = iter(unique_names([record for records in parts.values() for record in records]))
    rows: list[dict[str, Any]] = []
    decisions: Decisions = {name: [] for name in parts}
    for split, records in parts.items():
        for record in tqdm(records, f"further population: {split} images", unit="image", disable=None):
            image = read_decoded(record, decode_image)
            result = gate.examine_batch([image.prepared])[0]
            working = image.prepared.working
            decisions[split].append(result.admission)
            rows.append(
                {
                    "file": next(names),
                    "patient": record.patient,
                    "split": split,
                    "label": record.label,
                    "cause": record.cause,
                    "probability": float(rules.calibration.probability(result.inference.output.logit)),
                    "intensity": float(working.mean()),
                    "contrast": float(working.std()),
                    "width": image.width,
                    "height": image.height,
                }
            )
    return pd.DataFrame(rows), decisions


def _metrics(rows: pd.DataFrame, decisions: Decisions, rules: DecisionRules) -> PopulationMetrics:
    point, rows_by_split = rules.operating_point(), {name: rows[rows["split"] == name] for name in decisions}
    return {
        "operating_point": {"name": point.name, "threshold": point.threshold},
        "splits": {name: split_metrics(members, rules, APPEARANCES) for name, members in rows_by_split.items()},
        "typical": {name: ranking_of_typical(members) for name, members in rows_by_split.items()},
        "admission": {
            name: refusal_rates(decisions[name], members["patient"].to_numpy(str))
            for name, members in rows_by_split.items()
        },
    }


def ranking_of_typical(rows: pd.DataFrame) -> Ranking:
    """Rank images with the typical appearance of pneumonia against normal images; others are left out.

    Args:
        rows: One row per image: label, cause, probability, patient.
    """
    is_clear = (rows["label"] == Label.NORMAL) | (rows["cause"] == TYPICAL)
    return auc_with_ci(predictions_of(rows[is_clear]))
