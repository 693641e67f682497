"""Admission is learned and measured by `evaluate`, and carried by `release`."""

import json
from dataclasses import replace

import numpy as np
import pytest

import training.admission.fit
from dataset.index import load_index
from dataset.split import split_for_training
from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier
from model.admission.features import extract_features, image_measures
from model.admission.gate import AdmissionGate
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from tests.support.training import measure_little
from training.admission.fit import FOLDS, FeatureCollector, _cap_refusal_rate, _fit_network, _out_of_fold, fit_admission
from training.data.loading import read_radiograph
from training.evaluation.admission_rates import UNMEASURED_FAMILIES, admission_rates
from training.release.candidate import CANDIDATE

SIGNS = 12


@pytest.fixture(scope="module")
def rates(measured_run) -> dict:
    return json.loads((measured_run / CANDIDATE / ReleaseFile.METRICS).read_text())["admission"]


def test_a_release_carries_the_checks_that_evaluate_learned(measured_run, published):
    learned = (measured_run / CANDIDATE / ReleaseFile.ADMISSION).read_bytes()
    assert (published / ReleaseFile.ADMISSION).read_bytes() == learned
    assert ReleaseFile.ADMISSION in load_release(published).description["files"]


def test_rates_are_of_all_films_of_each_part_and_of_every_family(rates, tiny_set):
    parts = split_for_training(load_index(tiny_set))
    assert rates["validation"]["refused"]["n"] == rates["shifted"]["cautioned"]["n"] == len(parts.validation)
    assert rates["mirrored"]["n"] == len(parts.validation)
    assert rates["test"]["refused"]["n"] == len(parts.test)
    assert rates["adults"] is None
    assert rates["negatives"]["upside down"]["accepted"]["n"] == 8
    assert rates["negatives"]["photographs"]["accepted"]["n"] == 2
    assert rates["negatives"]["upside down"]["remedied"]["n"] == 8
    assert rates["negatives"]["photographs"]["remedied"] is None


def test_what_nothing_was_measured_of_is_listed_with_none(rates):
    for family in UNMEASURED_FAMILIES:
        assert rates["negatives"][family]["accepted"] == {"n": 0, "value": None, "low": None, "high": None}


def test_the_card_tells_the_rates(published, rates):
    card = (published / ReleaseFile.CARD).read_text()
    assert "## What it refuses to read" in card
    assert all(family in card for family in rates["negatives"])


def test_learning_anew_gives_the_same_checks(published, tiny_set, monkeypatch):
    measure_little(monkeypatch)
    release = load_release(published)
    again = fit_admission(
        Classifier(release), SimilarCaseIndex.from_release(release), split_for_training(load_index(tiny_set))
    )
    for name, array in vars(AdmissionClassifier.from_release(release)).items():
        np.testing.assert_allclose(getattr(again, name), array, rtol=1e-2, atol=1e-2, err_msg=name)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_no_more_of_the_validation_films_are_refused_than_may_be(published, tiny_set, monkeypatch, share):
    monkeypatch.setattr(training.admission.fit, "MAX_VALIDATION_REFUSAL_RATE", share)
    classifier, records = Classifier(load_release(published)), split_for_training(load_index(tiny_set)).validation
    any_lungs = {"least_field": np.float32(-1), "least_apart": np.float32(-1), "most_level": np.float32(2)}
    nothing = replace(AdmissionClassifier.from_release(classifier.release), least_fine=np.float32(2), **any_lungs)

    def refused(checks: AdmissionClassifier) -> int:
        looked = [classifier.infer(read_radiograph(record)) for record in records]
        return sum(
            not checks.is_admissible(checks.probability(extract_features(seen, image_measures(seen))))
            for seen in looked
        )

    assert refused(nothing) == len(records)
    assert refused(_cap_refusal_rate(nothing, classifier, records)) <= share * len(records)
    lenient = replace(nothing, least_fine=np.float32(0))
    assert _cap_refusal_rate(lenient, classifier, records).least_fine == 0


def test_films_of_adults_are_measured_where_they_are_given(published, tiny_set, tmp_path, monkeypatch):
    measure_little(monkeypatch)
    films = sorted((tiny_set / "test" / "NORMAL").iterdir())[:3]
    for film in films:
        (tmp_path / film.name).write_bytes(film.read_bytes())
    lines = [f"{film.name},NORMAL,{number},40,F,PA" for number, film in enumerate(films)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,patient,age_years,sex,view", *lines]))
    measured = admission_rates(
        AdmissionGate.from_classifier(Classifier(load_release(published))),
        split_for_training(load_index(tiny_set)),
        tmp_path,
    )
    assert measured["adults"]["refused"]["n"] == 3


# --- the network and its threshold, on signs that are made up


def seen(rng: np.random.Generator, count: int = 40) -> FeatureCollector:
    """Films around one place, each kind of wrong picture around another; two pictures of each source."""
    gathered = FeatureCollector()
    for number, kind in enumerate(ADMISSION_CLASSES):
        for picture in range(count):
            row = rng.normal(0, 0.3, SIGNS)
            row[number] += 3
            gathered.signs.append(row.astype(np.float16))
            gathered.kinds.append(str(kind))
            gathered.sources.append(f"{kind} {picture // 2}")
            gathered.plain.append(kind == ADMISSIBLE)
    return gathered


def test_the_network_tells_kinds_apart_that_lie_apart():
    gathered = seen(np.random.default_rng(0), 200)
    rows, kinds = np.stack(gathered.signs).astype(np.float32), np.array(gathered.kinds)
    probability = _fit_network(rows, kinds).probability(rows)
    assert probability.shape == (len(rows), len(ADMISSION_CLASSES))
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert [str(ADMISSION_CLASSES[n]) for n in probability.argmax(axis=1)] == gathered.kinds


def test_the_threshold_comes_from_networks_that_have_not_seen_the_patient(monkeypatch):
    gathered, fitted = seen(np.random.default_rng(0)), []
    rows = np.stack(gathered.signs).astype(np.float32)
    source = dict(zip((row.tobytes() for row in rows), gathered.sources, strict=True))

    def sources(of: np.ndarray) -> set[str]:
        return {source[row.tobytes()] for row in of}

    class Spy:
        def __init__(self, rows, kinds):  # noqa: ARG002
            self.of = sources(rows)
            fitted.append(self.of)

        def probability(self, rows):
            assert not self.of & sources(rows)
            return np.tile(np.linspace(0.5, 0, len(ADMISSION_CLASSES)), (len(rows), 1))

    monkeypatch.setattr(training.admission.fit, "_fit_network", Spy)
    fine = _out_of_fold(rows, np.array(gathered.kinds), gathered)
    assert len(fitted) == FOLDS
    assert set.union(*fitted) == set(gathered.sources)
    np.testing.assert_array_equal(fine, np.full(40, 0.5))  # of the films alone
