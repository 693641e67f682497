"""How often the admission check refuses what it should read, and accepts what it should refuse."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.index import LabelledImage
from dataset.split import Split
from model.admission.decision import AdmissionDecision, Decision
from model.admission.gate import AdmissionGate
from model.codes import Caution
from model.imaging.decode import decode
from model.imaging.preprocessing import WORKING_SIDE
from model.imaging.radiograph import Radiograph
from model.performance.binary_metrics import mean_with_ci
from training.admission.corrupted_films import NegativeExample, corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.loading import load_images, read_radiograph
from training.evaluation.external_adults import load_adult_images
from training.evaluation.robustness import perturbations

N_CORRUPTED = 300  # validation films, at most, that wrong ones are made of
N_PER_FAMILY = 150  # pictures of each other family, of makings and sources that the check was not fitted on
# What no samples could be had of under a licence that lets everybody measure again.
UNMEASURED_FAMILIES = ("side views of the chest", "radiographs of other parts of the body", "CT slices of patients")


def admission_rates(gate: AdmissionGate, parts: Split, adults: Path | None) -> dict:
    """Every rate of the check; nothing is chosen by them.

    Returns:
        "validation", "test" and, null without their folder, "adults": see `_rates`; so are "shifted", validation films
        as other software would have shown them, one shift each; "mirrored": the share of mirrored validation films that
        meet the caution; "negatives": see `_negatives`.
    """
    films = load_images(parts.validation, WORKING_SIDE, "validation films to admit")[..., 0]
    patients = _patients(parts.validation)
    mirrored = [_admission(gate, film[:, ::-1]) for film in tqdm(films, "mirrored films", disable=None)]
    return {
        "validation": _rates(_of_records(gate, parts.validation), patients),
        "shifted": _rates([_admission(gate, film) for film in _shifted(films)], patients),
        "test": _rates(_of_records(gate, parts.test), _patients(parts.test)),
        "adults": _of_adults(gate, adults) if adults else None,
        "mirrored": mean_with_ci(np.array([Caution.MIRRORED in one.cautions for one in mirrored]), patients),
        "negatives": _negatives(gate, films, parts.validation),
    }


def _rates(admissions: Sequence[AdmissionDecision], patients: np.ndarray) -> dict:
    """Of pictures that may be read: "refused" and "cautioned", shares with interval and n; how many per code."""
    decisions = np.array([one.decision for one in admissions])
    codes = Counter(code for one in admissions for code in (*one.refusals, *one.cautions))
    return {
        "refused": mean_with_ci(decisions == Decision.REFUSE, patients),
        "cautioned": mean_with_ci(decisions == Decision.CAUTION, patients),
        "codes": {str(code): count for code, count in sorted(codes.items())},
    }


def _negatives(gate: AdmissionGate, films: np.ndarray, records: Sequence[LabelledImage]) -> dict:
    """Of pictures that must not be read, by family, shares with interval and n.

    Returns:
        Per family "accepted"; "named", refused as what they are; "remedied", offered the step that puts them right,
        null where none would. Families that nothing was measured of have n 0.
    """
    judged: dict[str, list[tuple[NegativeExample, AdmissionDecision]]] = {}
    for wrong in tqdm(_wrong(gate, films, records), "pictures to refuse", unit="picture", disable=None):
        judged.setdefault(wrong.family, []).append((wrong, _admission(gate, wrong.picture)))
    return {family: _family(of) for family, of in judged.items()} | {
        family: _family([]) for family in UNMEASURED_FAMILIES
    }


def _family(judged: Sequence[tuple[NegativeExample, AdmissionDecision]]) -> dict:
    sources = np.array([wrong.source for wrong, _ in judged])
    found = {
        "accepted": [not admission.refusals for _, admission in judged],
        "named": [wrong.code in admission.refusals for wrong, admission in judged],
        "remedied": [wrong.correction == admission.correction for wrong, admission in judged],
    }
    shares = {name: mean_with_ci(np.array(of, bool), sources) for name, of in found.items()}
    return shares | ({} if any(wrong.correction for wrong, _ in judged) else {"remedied": None})


def _wrong(gate: AdmissionGate, films: np.ndarray, records: Sequence[LabelledImage]) -> Iterator[NegativeExample]:
    rng = np.random.default_rng(1)
    for number in rng.permutation(len(films))[:N_CORRUPTED]:
        lungs = gate.classifier.segmenter.segment(films[number].astype(np.float32))
        yield from corrupted_versions(films[number], lungs, records[number].patient, rng)
    yield from out_of_distribution_images(True, N_PER_FAMILY, rng)


def _shifted(films: np.ndarray) -> Iterator[np.ndarray]:
    """Each film under one of the shifts of `training.evaluation.robustness`, which take turns."""
    for film, shift in zip(films, itertools.cycle(perturbations().values()), strict=False):
        yield np.asarray(shift(Image.fromarray(film)))


def _of_records(gate: AdmissionGate, records: Sequence[LabelledImage]) -> list[AdmissionDecision]:
    """Of the files themselves, decoded as a reading decodes them."""
    shown = tqdm(records, "films to admit", unit="film", disable=None)
    return [gate.examine(read_radiograph(record)).admission for record in shown]


def _of_adults(gate: AdmissionGate, folder: Path) -> dict:
    table = load_adult_images(folder)
    shown = tqdm(table["path"], "films of adults to admit", unit="film", disable=None)
    admissions = [gate.examine(decode(path.read_bytes())).admission for path in shown]
    return _rates(admissions, table["patient"].to_numpy(str))


def _patients(records: Sequence[LabelledImage]) -> np.ndarray:
    return np.array([record.patient for record in records])


def _admission(gate: AdmissionGate, picture: np.ndarray) -> AdmissionDecision:
    """Of a picture, uint8 (any height, any width)."""
    return gate.examine(Radiograph(np.ascontiguousarray(picture, np.float32), "PNG", 8)).admission
