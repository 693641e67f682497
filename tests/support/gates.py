"""Admission gates that admit or refuse as a test requires, and radiographs to examine."""

from dataclasses import fields, replace
from typing import Self

import numpy as np
import pytest

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier, TwoLayerNetwork
from model.admission.decision import AdmissionDecision
from model.admission.features import ASYMMETRY_SIDE, feature_count
from model.admission.gate import AdmissionGate
from model.codes import RefusalReason
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from tests.support.synthetic import synthetic_radiograph


class OpenGate(AdmissionGate):
    """Gate that admits every image without a caution."""

    @classmethod
    def from_classifier(cls, classifier: Classifier) -> Self:
        return cls(classifier, admission_classifier=None, index=SimilarCaseIndex.from_release(classifier.release))

    def _refusals(self, *_):
        return (), None

    def _cautions(self, *_):
        return ()


class ShutGate(OpenGate):
    """Gate that refuses every image as cropped."""

    def _refusals(self, *_):
        return (RefusalReason.CROPPED,), None


def admission_classifier(classifier: Classifier, kind: str = ADMISSIBLE, **limits: float) -> AdmissionClassifier:
    """Return an admission classifier that assigns every image to one class, with limits that no image violates."""
    n_units = 3
    network = TwoLayerNetwork(
        hidden_weights=np.zeros((feature_count(classifier.release), n_units), np.float16),
        hidden_bias=np.zeros(n_units, np.float32),
        output_weights=np.zeros((n_units, len(ADMISSION_CLASSES)), np.float32),
        output_bias=np.array([5 * (name == kind) for name in ADMISSION_CLASSES], np.float32),
    )
    permissive = {
        "max_mirror_score": 1e9,
        "min_admissible_probability": 0.5,
        "min_second_lung_area": -1,
        "min_lung_distance": -1,
        "max_lung_offset": 2,
        "min_detail": -1,
        "max_detail": 1e9,
        "max_neighbour_distance": 3,
    }
    arrays = {name: np.asarray(value, np.float32) for name, value in (permissive | limits).items()}
    mirror_weights = np.ones(ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2, np.float32)
    return AdmissionClassifier(network, mirror_weights=mirror_weights, **arrays)


def with_class(gate: AdmissionGate, kind: RefusalReason) -> AdmissionGate:
    """Return the gate with a classifier that assigns every image to this class."""
    return replace(gate, admission_classifier=admission_classifier(gate.classifier, kind))


def with_limits(gate: AdmissionGate, **limits: float) -> AdmissionGate:
    """Return the gate with other limits, given by field names of AdmissionClassifier."""
    assert limits.keys() <= {field.name for field in fields(AdmissionClassifier)}
    return replace(gate, admission_classifier=admission_classifier(gate.classifier, **limits))


def asymmetric_radiograph(height: int = 300, width: int = 400, colourfulness: float = 0.0) -> Radiograph:
    """Return two lungs, brighter on one side and at one end, so that all rotations and mirror images differ."""
    ramp = np.linspace(0, 30, width, dtype=np.float32) + np.linspace(0, 20, height, dtype=np.float32)[:, np.newaxis]
    return Radiograph(synthetic_radiograph(height, width) + ramp, "PNG", 8, colourfulness=colourfulness)


def admission(gate: AdmissionGate, radiograph: Radiograph) -> AdmissionDecision:
    """Return the decision of a gate on a radiograph."""
    return gate.examine(radiograph).admission


def with_heat(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """Give every finding a heat map with the same value everywhere."""
    original = getattr(Classifier.finding_from, "original", Classifier.finding_from)

    def finding_from(classifier, inference):
        finding = original(classifier, inference)
        return replace(finding, heat_map=np.full_like(finding.heat_map, value))

    finding_from.original = original
    monkeypatch.setattr(Classifier, "finding_from", finding_from)


def with_opacity_map(monkeypatch: pytest.MonkeyPatch, peak: float, contour: float = 0.5) -> None:
    """Give every finding an opacity map with one opacity of this probability, as if the release had such maps."""
    original = Classifier.finding_from

    def finding_from(classifier, inference):
        opacity_map = np.full((12, 12), 0.02, np.float32)
        opacity_map[6:8, 3:5] = peak
        return replace(original(classifier, inference), opacity_map=opacity_map, opacity_contour=contour)

    monkeypatch.setattr(Classifier, "finding_from", finding_from)
