"""Test cases shared by the heat-map metrics: images with their inference results and heat-map checks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.explanation.reliability import HeatMapReliability, measure_class_activation_map, measure_reliability
from model.inference.classifier import Classifier, Inference
from model.inference.decision import Verdict
from training.data.loading import read_prepared


@dataclass(frozen=True, eq=False)
class HeatMapCase:
    """One image with its inference results.

    Attributes:
        record: The labelled image.
        inference: Outputs of the networks.
        network_input: float32 (1, side, side, 1), 0-255.
        verdict: Verdict at the default operating point.
        reliability: Checks of the map that is shown first; None if it shows nothing to check.
        class_activation: Checks of the class-activation map; None if there is no positive evidence to check. It is the
            map that is shown first if the release has no opacity map.
    """

    record: LabelledImage
    inference: Inference
    network_input: np.ndarray
    verdict: Verdict
    reliability: HeatMapReliability | None
    class_activation: HeatMapReliability | None

    @property
    def heat(self) -> np.ndarray:
        """The class-activation map, float32 (rows, columns), in logits."""
        return self.inference.output.class_activation_map

    @property
    def is_correct(self) -> bool | None:
        """Whether the verdict matches the label; None if the verdict is indeterminate."""
        return None if self.verdict is Verdict.INDETERMINATE else str(self.verdict) == str(self.record.label)


def build_cases(
    classifier: Classifier, records: Sequence[LabelledImage], description: str, decoder: ImageDecoder = decode_image
) -> list[HeatMapCase]:
    """Classify images and check each heat map.

    Args:
        classifier: Classifier to measure.
        records: Images.
        description: Label for the progress bar.
        decoder: Decodes the images.
    """
    region, side = classifier.release.input_region, classifier.release.side
    cases = []
    for record in tqdm(records, desc=description, unit="image", disable=None):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        network_input = region.network_input(inference.working, inference.lungs, side)
        verdict = classifier.finding_from(inference).verdict
        reliability = class_activation = measure_reliability(classifier, inference)
        if inference.output.opacity_map is not None:
            class_activation = measure_class_activation_map(classifier, inference)
        cases.append(HeatMapCase(record, inference, network_input, verdict, reliability, class_activation))
    return cases


def patients_of(cases: Sequence[HeatMapCase]) -> np.ndarray:
    """Return the patient of each case, str (n,)."""
    return np.array([case.record.patient for case in cases], str)
