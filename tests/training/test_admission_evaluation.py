"""Admission is learned and measured by `evaluate`, and carried by `release`."""

import json
from dataclasses import replace

import numpy as np
import pytest

import training.admission.fit
from dataset.index import load_index
from dataset.split import cut
from model.admission.classifier import ADMISSION, FINE, KINDS, Checks
from model.admission.features import measure, signs
from model.admission.gate import Gate
from model.inference.classifier import Reader
from model.inference.release_loader import load_release
from model.inference.similar_cases import LookAlikes
from tests.support.training import measure_little
from training.admission.fit import FOLDS, _bounded, _network, _out_of_fold, _Seen, fit_checks
from training.data.loading import read_radiograph
from training.evaluate import METRICS
from training.evaluation.admission_rates import UNMEASURED, measure_admission
from training.release.candidate import CANDIDATE
from training.release.publish import CARD

SIGNS = 12


@pytest.fixture(scope="module")
def rates(measured_run) -> dict:
    return json.loads((measured_run / CANDIDATE / METRICS).read_text())["admission"]


def test_a_release_carries_the_checks_that_evaluate_learned(measured_run, published):
    learned = (measured_run / CANDIDATE / ADMISSION).read_bytes()
    assert (published / ADMISSION).read_bytes() == learned
    assert ADMISSION in load_release(published).description["files"]


def test_rates_are_of_all_films_of_each_part_and_of_every_family(rates, tiny_set):
    parts = cut(load_index(tiny_set))
    assert rates["validation"]["refused"]["n"] == rates["shifted"]["cautioned"]["n"] == len(parts.validation)
    assert rates["mirrored"]["n"] == len(parts.validation)
    assert rates["test"]["refused"]["n"] == len(parts.test)
    assert rates["adults"] is None
    assert rates["negatives"]["upside down"]["accepted"]["n"] == 8
    assert rates["negatives"]["photographs"]["accepted"]["n"] == 2
    assert rates["negatives"]["upside down"]["remedied"]["n"] == 8
    assert rates["negatives"]["photographs"]["remedied"] is None


def test_what_nothing_was_measured_of_is_listed_with_none(rates):
    for family in UNMEASURED:
        assert rates["negatives"][family]["accepted"] == {"n": 0, "value": None, "low": None, "high": None}


def test_the_card_tells_the_rates(published, rates):
    card = (published / CARD).read_text()
    assert "## What it refuses to read" in card
    assert all(family in card for family in rates["negatives"])


def test_learning_anew_gives_the_same_checks(published, tiny_set, monkeypatch):
    measure_little(monkeypatch)
    release = load_release(published)
    again = fit_checks(Reader(release), LookAlikes.of(release), cut(load_index(tiny_set)))
    for name, array in vars(Checks.of(release)).items():
        np.testing.assert_allclose(getattr(again, name), array, rtol=1e-2, atol=1e-2, err_msg=name)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_no_more_of_the_validation_films_are_refused_than_may_be(published, tiny_set, monkeypatch, share):
    monkeypatch.setattr(training.admission.fit, "MOST_REFUSED", share)
    reader, records = Reader(load_release(published)), cut(load_index(tiny_set)).validation
    any_lungs = {"least_field": np.float32(-1), "least_apart": np.float32(-1), "most_level": np.float32(2)}
    nothing = replace(Checks.of(reader.release), least_fine=np.float32(2), **any_lungs)

    def refused(checks: Checks) -> int:
        looked = [reader.see(read_radiograph(record)) for record in records]
        return sum(not checks.admits(checks.probability(signs(seen, measure(seen)))) for seen in looked)

    assert refused(nothing) == len(records)
    assert refused(_bounded(nothing, reader, records)) <= share * len(records)
    lenient = replace(nothing, least_fine=np.float32(0))
    assert _bounded(lenient, reader, records).least_fine == 0


def test_films_of_adults_are_measured_where_they_are_given(published, tiny_set, tmp_path, monkeypatch):
    measure_little(monkeypatch)
    films = sorted((tiny_set / "test" / "NORMAL").iterdir())[:3]
    for film in films:
        (tmp_path / film.name).write_bytes(film.read_bytes())
    lines = [f"{film.name},NORMAL,{number},40,F,PA" for number, film in enumerate(films)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,patient,age_years,sex,view", *lines]))
    measured = measure_admission(Gate.of(Reader(load_release(published))), cut(load_index(tiny_set)), tmp_path)
    assert measured["adults"]["refused"]["n"] == 3


# --- the network and its threshold, on signs that are made up


def seen(rng: np.random.Generator, count: int = 40) -> _Seen:
    """Films around one place, each kind of wrong picture around another; two pictures of each source."""
    gathered = _Seen()
    for number, kind in enumerate(KINDS):
        for picture in range(count):
            row = rng.normal(0, 0.3, SIGNS)
            row[number] += 3
            gathered.signs.append(row.astype(np.float16))
            gathered.kinds.append(str(kind))
            gathered.sources.append(f"{kind} {picture // 2}")
            gathered.plain.append(kind == FINE)
    return gathered


def test_the_network_tells_kinds_apart_that_lie_apart():
    gathered = seen(np.random.default_rng(0), 200)
    rows, kinds = np.stack(gathered.signs).astype(np.float32), np.array(gathered.kinds)
    probability = _network(rows, kinds).probability(rows)
    assert probability.shape == (len(rows), len(KINDS))
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert [str(KINDS[n]) for n in probability.argmax(axis=1)] == gathered.kinds


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
            return np.tile(np.linspace(0.5, 0, len(KINDS)), (len(rows), 1))

    monkeypatch.setattr(training.admission.fit, "_network", Spy)
    fine = _out_of_fold(rows, np.array(gathered.kinds), gathered)
    assert len(fitted) == FOLDS
    assert set.union(*fitted) == set(gathered.sources)
    np.testing.assert_array_equal(fine, np.full(40, 0.5))  # of the films alone
