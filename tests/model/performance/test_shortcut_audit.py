"""Sentences on audit, lungs and input region: figures with intervals, and what was not measured."""

import pytest

from model.inference.input_region import RegionKind
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, segmentation_sentence, strata_table

ESTIMATE = {"value": 0.9, "low": 0.8, "high": 0.95}
FORMATTED = "0.900 (0.800-0.950)"
COPY = {"mean_change": 0.01, "largest_change": 0.1234, "verdicts_changed": 2}
AUDIT = {
    "spectrum_alone": {"n": 80, "auc": ESTIMATE},
    "size_alone": {"n": 70, "auc": ESTIMATE},
    "framing_alone": {"n": 80, "auc": ESTIMATE},
    "size_strata": {
        "validation": [{"narrowest": 500, "widest": 900, "n": 50, "positives": 49, "auc": None}],
        "test": [{"narrowest": 901, "widest": 1200, "n": 60, "positives": 30, "auc": ESTIMATE}],
    },
    "scaled_copies": {"n": 40, "224": COPY, "512": COPY | {"verdicts_changed": 0}},
    "painted_over": {
        name: {"n": 80, "auc": ESTIMATE | {"value": value}}
        for name, value in (("nothing", 0.99), ("lungs", 0.6), ("outside", 0.97))
    },
}
UNMEASURED = AUDIT | {"size_alone": None, "size_strata": None, "scaled_copies": None, "painted_over": None}
LUNGS = {
    "n": 75,
    "patients": 50,
    "dice": {"mean": 0.951, "median": 0.96, "p05": 0.911},
    "box_error": {"mean": 0.03, "p95": 0.07},
    "not_found": 1,
}


def test_audit_sentences_state_the_figures():
    size_and_spectrum, framing, copies, masked = audit_sentences(AUDIT)

    assert f"reaches an AUC of {FORMATTED} on 70 validation pictures" in size_and_spectrum
    assert f"reaches {FORMATTED} on 80" in size_and_spectrum
    assert f"reaches {FORMATTED} on 80 validation pictures" in framing
    assert "40 films in original size" in copies
    assert "the 224 px copy by 0.010 on average and 0.123 at most (2 change the side of the threshold)" in copies
    assert "the 512 px copy by 0.010 on average and 0.123 at most (0 change the side of the threshold)" in copies
    assert "With the lungs painted over the reader's AUC is 0.600" in masked
    assert "everything but the lungs painted over it is 0.970" in masked
    assert "untouched 0.990" in masked


def test_unmeasured_parts_are_named_and_the_others_stated():
    size_and_spectrum, _, copies, masked = audit_sentences(UNMEASURED)

    assert "How much the size of the file tells was not measured" in size_and_spectrum
    assert f"reaches {FORMATTED} on 80" in size_and_spectrum
    assert "was not measured" in copies
    assert "was not measured" in masked


def test_strata_table_has_test_first_and_names_classes_that_are_too_small():
    test, validation = strata_table(AUDIT)

    assert test == {
        "Split": "test",
        "Original width": "901-1200 px",
        "Pictures": "60",
        "With pneumonia": "30",
        "AUC": FORMATTED,
    }
    assert (validation["Split"], validation["AUC"]) == ("validation", "too few of one class")
    assert strata_table(UNMEASURED) == []


def test_segmentation_sentence_states_the_figures():
    assert segmentation_sentence(LUNGS) == (
        "On 75 validation pictures of 50 patients whose lung fields people drew, Dice is 0.951 on average and at least "
        "0.911 in 95 % of them. The worst of the four edges of the lungs' box is off by 3.0 % of the picture's side "
        "on average, 7.0 % at the 95th percentile. No lungs were found in 1."
    )
    assert "edges" not in segmentation_sentence(LUNGS | {"box_error": None})
    assert segmentation_sentence(None) == "How well the lungs are found was not measured."


@pytest.mark.parametrize("kind", RegionKind)
def test_every_input_region_is_described(kind):
    described = input_region_sentence({"kind": kind, "margin": 0.1})

    assert ("no lungs are found" in described) == (kind is not RegionKind.WHOLE)
    assert ("10 % of its width and height" in described) == (kind is not RegionKind.WHOLE)
    assert ("black outside" in described) == (kind is RegionKind.LUNGS_ALONE)
