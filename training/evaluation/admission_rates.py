"""Error rates of the admission check: admissible images that it refuses, and inadmissible images that it accepts."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.admission.decision import AdmissionDecision, Decision
from model.admission.gate import AdmissionGate
from model.codes import Caution, SplitName
from model.imaging.decode import decode
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import NegativeRates, RefusalRates
from training.admission.corrupted_radiographs import NegativeExample, corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.loading import load_images, read_prepared
from training.evaluation.external_adults import load_adult_images
from training.evaluation.robustness import perturbations

N_CORRUPTED = 300  # maximum number of validation images that are corrupted
N_PER_FAMILY = 150  # images in each other family, from generators and sources that the check was not fitted on
# For these families, no samples are available under a licence that allows everyone to repeat the measurement.
UNMEASURED_FAMILIES = ("lateral chest radiographs", "radiographs of other body parts", "CT slices of patients")

Judged = list[tuple[NegativeExample, AdmissionDecision]]


def admission_rates(
    gate: AdmissionGate, split: Split, adults: Path | None, decoder: ImageDecoder = decode_image
) -> dict[str, Any]:
    """Measure the admission check.

    Args:
        gate: Gate to measure.
        split: Images in each split.
        adults: Folder with radiographs of adults; None if they are not measured.
        decoder: Decodes the images in the splits.

    Returns:
        See `model.performance.schema.AdmissionMetrics`. "shifted" contains the rates for validation images that were
        each perturbed in one way. "mirrored" is the share of mirrored validation images that get the caution for
        mirrored images. "adults" is null if no folder is given.
    """
    images = load_images(split.validation, WORKING_SIDE, "admission: validation images", decoder)[..., 0]
    patient = _patients(split.validation)
    mirrored = [
        _examine(gate, image[:, ::-1])
        for image in tqdm(images, "admission: mirrored images", unit="image", disable=None)
    ]
    return {
        SplitName.VALIDATION: refusal_rates(_examine_records(gate, split.validation, decoder), patient),
        "shifted": refusal_rates([_examine(gate, image) for image in _perturb(images)], patient),
        SplitName.TEST: refusal_rates(_examine_records(gate, split.test, decoder), _patients(split.test)),
        "adults": _adult_rates(gate, adults) if adults else None,
        "mirrored": mean_with_ci(np.array([Caution.MIRRORED in decision.cautions for decision in mirrored]), patient),
        "negatives": _negative_rates(gate, images, split.validation),
    }


def refusal_rates(decisions: Sequence[AdmissionDecision], patient: np.ndarray) -> RefusalRates:
    """Return how often acceptable images are refused or read with a caution.

    Args:
        decisions: Decision on each image.
        patient: Patient of each image, (n,).
    """
    outcomes = np.array([decision.decision for decision in decisions])
    codes = Counter(code for decision in decisions for code in (*decision.refusals, *decision.cautions))
    return {
        "refused": mean_with_ci(outcomes == Decision.REFUSE, patient),
        "cautioned": mean_with_ci(outcomes == Decision.CAUTION, patient),
        "codes": {str(code): count for code, count in sorted(codes.items())},
    }


def _negative_rates(
    gate: AdmissionGate, images: np.ndarray, records: Sequence[LabelledImage]
) -> dict[str, NegativeRates]:
    """Return the rates for each family of inadmissible images; n is 0 for UNMEASURED_FAMILIES."""
    judged_by_family: dict[str, Judged] = {}
    for example in tqdm(_negative_examples(gate, images, records), "admission: negatives", unit="image", disable=None):
        judged_by_family.setdefault(example.family, []).append((example, _examine(gate, example.image)))
    for family in UNMEASURED_FAMILIES:
        judged_by_family[family] = []
    return {family: _family_rates(judged) for family, judged in judged_by_family.items()}


def _family_rates(judged: Judged) -> NegativeRates:
    """Return how often images are accepted, refused for the correct reason, and offered the correct correction."""
    sources = np.array([example.source for example, _ in judged])

    def rate(values: list[bool]) -> Any:
        return mean_with_ci(np.array(values, bool), sources)

    correctable = any(example.correction for example, _ in judged)
    corrected = [example.correction == decision.correction for example, decision in judged]
    return {
        "accepted": rate([not decision.refusals for _, decision in judged]),
        "named": rate([example.reason in decision.refusals for example, decision in judged]),
        "corrected": rate(corrected) if correctable else None,
    }


def _negative_examples(
    gate: AdmissionGate, images: np.ndarray, records: Sequence[LabelledImage]
) -> Iterator[NegativeExample]:
    rng = np.random.default_rng(1)
    for index in rng.permutation(len(images))[:N_CORRUPTED]:
        lungs = gate.classifier.segmenter.segment(images[index].astype(np.float32))
        yield from corrupted_versions(images[index], lungs, records[index].patient, rng)
    yield from out_of_distribution_images(held_out=True, count=N_PER_FAMILY, rng=rng)


def _perturb(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each image after one perturbation from `training.evaluation.robustness`; the perturbations take turns."""
    for image, perturbation in zip(images, itertools.cycle(perturbations().values()), strict=False):
        yield np.asarray(perturbation(Image.fromarray(image)))


def _examine_records(
    gate: AdmissionGate, records: Sequence[LabelledImage], decoder: ImageDecoder
) -> list[AdmissionDecision]:
    """Decode and examine labelled images."""
    progress = tqdm(records, "admission: radiographs", unit="image", disable=None)
    return [gate.examine_batch([read_prepared(record, decoder)])[0].admission for record in progress]


def _adult_rates(gate: AdmissionGate, folder: Path) -> RefusalRates:
    table = load_adult_images(folder)
    progress = tqdm(table["path"], "admission: adult radiographs", unit="image", disable=None)
    decisions = [gate.examine(decode(path.read_bytes())).admission for path in progress]
    return refusal_rates(decisions, table["patient"].to_numpy(str))


def _patients(records: Sequence[LabelledImage]) -> np.ndarray:
    return np.array([record.patient for record in records])


def _examine(gate: AdmissionGate, image: np.ndarray) -> AdmissionDecision:
    """Examine an array, uint8 (any height, any width)."""
    return gate.examine(Radiograph(np.ascontiguousarray(image, np.float32), "PNG", 8)).admission
