"""Error rates of the admission check: admissible images that it refuses, and inadmissible images that it accepts."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.admission.decision import AdmissionDecision, Decision
from model.admission.gate import AdmissionGate
from model.codes import POPULATIONS, Caution, Population, SplitName
from model.imaging.decode import decode
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import NegativeRates, RefusalRates
from training.admission.corrupted_radiographs import NegativeExample, corrupted_versions
from training.admission.not_chest import NotChestImage
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.loading import load_images, read_prepared
from training.evaluation.external_adults import load_adult_images
from training.evaluation.robustness import perturbations

N_CORRUPTED = 300  # maximum number of validation images that are corrupted
N_PER_FAMILY = 150  # images in each other family, from generators and sources that the check was not fitted on
# For these families, no samples are available under a licence that allows everyone to repeat the measurement.
# Lateral radiographs and CT slices of patients are measured if a folder with real images is given.
UNMEASURED_FAMILIES = ("lateral chest radiographs", "radiographs of other body parts", "CT slices of patients")


@dataclass(frozen=True)
class Outcome:
    """How the check decided about an image that must not be read.

    Attributes:
        family, source: See `NegativeExample`.
        is_accepted: Whether the image is read.
        is_named: Whether it is refused for the expected reason.
        is_corrected: Whether the expected correction is offered; None if the image cannot be corrected.
    """

    family: str
    source: str
    is_accepted: bool
    is_named: bool
    is_corrected: bool | None

    @classmethod
    def of(cls, example: NegativeExample, decision: AdmissionDecision) -> Self:
        """Compare a decision with what is expected."""
        return cls(
            family=example.family,
            source=example.source,
            is_accepted=not decision.refusals,
            is_named=example.reason in decision.refusals,
            is_corrected=example.correction == decision.correction if example.correction else None,
        )


def admission_rates(
    gate: AdmissionGate,
    split: Split,
    adults: Path | None = None,
    not_chest: Sequence[NotChestImage] = (),
    decoder: ImageDecoder = decode_image,
) -> dict[str, Any]:
    """Measure the admission check.

    Args:
        gate: Gate to measure.
        split: Images in each split.
        adults: Folder with radiographs of adults; None if they are not measured.
        not_chest: Real images that are not frontal chest radiographs, which the check was not fitted on; may be empty.
        decoder: Decodes the images in the splits.

    Returns:
        See `model.performance.schema.AdmissionMetrics`. "shifted" contains the rates for validation images that were
        each perturbed in one way. "mirrored" is the share of mirrored validation images that get the caution for
        mirrored images. "adults" is null if no folder is given, "not_chest" if there are no such images.
    """
    images = load_images(split.validation, WORKING_SIDE, "admission: validation images", decoder)[..., 0]
    patient = _patients(split.validation)
    mirrored = [
        _examine(gate, image[:, ::-1])
        for image in tqdm(images, "admission: mirrored images", unit="image", disable=None)
    ]
    measured = {
        SplitName.VALIDATION: (split.validation, _examine_records(gate, split.validation, decoder)),
        "shifted": (split.validation, [_examine(gate, image) for image in _perturb(images)]),
        SplitName.TEST: (split.test, _examine_records(gate, split.test, decoder)),
    }
    real = _examine_real_images(gate, not_chest)
    outcomes = [*_examine_negatives(gate, images, split.validation), *real]
    return {
        **{name: refusal_rates(decisions, _patients(records)) for name, (records, decisions) in measured.items()},
        "adults": _adult_rates(gate, adults) if adults else None,
        "mirrored": mean_with_ci(np.array([Caution.MIRRORED in decision.cautions for decision in mirrored]), patient),
        "negatives": _rates_by_family(outcomes),
        "populations": {
            population: {name: _population_rates(population, *part) for name, part in measured.items()}
            for population in POPULATIONS
            if any(record.population is population for record in split.validation)
        },
        "not_chest": _family_rates(real) if real else None,
    }


def _population_rates(
    population: Population, records: Sequence[LabelledImage], decisions: Sequence[AdmissionDecision]
) -> RefusalRates:
    """Return the rates for the images of one population."""
    is_member = [record.population is population for record in records]
    members = list(itertools.compress(records, is_member))
    return refusal_rates(list(itertools.compress(decisions, is_member)), _patients(members))


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


def _examine_negatives(gate: AdmissionGate, images: np.ndarray, records: Sequence[LabelledImage]) -> list[Outcome]:
    """Examine corrupted radiographs and synthetic and sample images."""
    examples = _negative_examples(gate, images, records)
    progress = tqdm(examples, "admission: negatives", unit="image", disable=None)
    return [Outcome.of(example, _examine(gate, example.image)) for example in progress]


def _examine_real_images(gate: AdmissionGate, not_chest: Sequence[NotChestImage]) -> list[Outcome]:
    """Examine real images that are not frontal chest radiographs."""
    outcomes = []
    for image in tqdm(not_chest, "admission: real other images", unit="image", disable=None):
        radiograph = image.read()
        example = NegativeExample(radiograph.pixels, image.family, image.reason, image.patient)
        outcomes.append(Outcome.of(example, gate.examine(radiograph).admission))
    return outcomes


def _rates_by_family(outcomes: Sequence[Outcome]) -> dict[str, NegativeRates]:
    """Return the rates for each family of inadmissible images; n is 0 for UNMEASURED_FAMILIES without images."""
    by_family: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_family.setdefault(outcome.family, []).append(outcome)
    by_family |= {family: [] for family in UNMEASURED_FAMILIES if family not in by_family}
    return {family: _family_rates(members) for family, members in by_family.items()}


def _family_rates(outcomes: Sequence[Outcome]) -> NegativeRates:
    """Return how often images are accepted, refused for the correct reason, and offered the correct correction."""
    sources = np.array([outcome.source for outcome in outcomes])
    corrected = [outcome.is_corrected for outcome in outcomes if outcome.is_corrected is not None]
    return {
        "accepted": mean_with_ci(np.array([outcome.is_accepted for outcome in outcomes], bool), sources),
        "named": mean_with_ci(np.array([outcome.is_named for outcome in outcomes], bool), sources),
        "corrected": mean_with_ci(np.array(corrected), sources) if corrected else None,
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
