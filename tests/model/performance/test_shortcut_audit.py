"""Figures in words: what was measured is said with its interval, what was not says so."""

import pytest

from model.inference.input_region import RegionKind
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, segmentation_sentence, strata_table

AREA = {"value": 0.9, "low": 0.8, "high": 0.95}
SHOWN = "0.900 (0.800-0.950)"
COPY = {"mean_change": 0.01, "largest_change": 0.1234, "verdicts_changed": 2}
AUDIT = {
    "spectrum_alone": {"n": 80, "auc": AREA},
    "size_alone": {"n": 70, "auc": AREA},
    "framing_alone": {"n": 80, "auc": AREA},
    "size_strata": {
        "validation": [{"narrowest": 500, "widest": 900, "n": 50, "positives": 49, "auc": None}],
        "test": [{"narrowest": 901, "widest": 1200, "n": 60, "positives": 30, "auc": AREA}],
    },
    "scaled_copies": {"n": 40, "224": COPY, "512": COPY | {"verdicts_changed": 0}},
    "painted_over": {
        name: {"n": 80, "auc": AREA | {"value": value}}
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


def test_the_audit_is_told_with_its_figures():
    without_lungs, framing, copies, painted = audit_sentences(AUDIT)

    assert f"reaches an AUC of {SHOWN} on 70 validation pictures" in without_lungs
    assert f"reaches {SHOWN} on 80" in without_lungs
    assert f"reaches {SHOWN} on 80 validation pictures" in framing
    assert "40 films in original size" in copies
    assert "the 224 px copy by 0.010 on average and 0.123 at most (2 change the side of the threshold)" in copies
    assert "the 512 px copy by 0.010 on average and 0.123 at most (0 change the side of the threshold)" in copies
    assert "With the lungs painted over the reader's AUC is 0.600" in painted
    assert "everything but the lungs painted over it is 0.970" in painted
    assert "untouched 0.990" in painted


def test_what_was_not_audited_says_so_and_what_was_is_still_told():
    without_lungs, _, copies, painted = audit_sentences(UNMEASURED)

    assert "How much the size of the file tells was not measured" in without_lungs
    assert f"reaches {SHOWN} on 80" in without_lungs
    assert "was not measured" in copies
    assert "was not measured" in painted


def test_strata_stand_test_first_and_say_where_a_class_is_too_small():
    test, validation = strata_table(AUDIT)

    assert test == {
        "Split": "test",
        "Original width": "901-1200 px",
        "Pictures": "60",
        "With pneumonia": "30",
        "AUC": SHOWN,
    }
    assert (validation["Split"], validation["AUC"]) == ("validation", "too few of one class")
    assert strata_table(UNMEASURED) == []


def test_how_well_lungs_are_found_is_told_for_held_out_people():
    assert segmentation_sentence(LUNGS) == (
        "On 75 validation pictures of 50 patients whose lung fields people drew, Dice is 0.951 on average and at least "
        "0.911 in 95 % of them. The worst of the four edges of the lungs' box is off by 3.0 % of the picture's side "
        "on average, 7.0 % at the 95th percentile. No lungs were found in 1."
    )
    assert "edges" not in segmentation_sentence(LUNGS | {"box_error": None})
    assert segmentation_sentence(None) == "How well the lungs are found was not measured."


@pytest.mark.parametrize("part", RegionKind)
def test_every_view_is_described(part):
    described = input_region_sentence({"part": part, "margin": 0.1})

    assert ("no lungs are found" in described) == (part is not RegionKind.WHOLE)
    assert ("10 % of its width and height" in described) == (part is not RegionKind.WHOLE)
    assert ("black outside" in described) == (part is RegionKind.LUNGS_ALONE)
