"""Sentences about audit, lungs and input region: figures with intervals, and what was not measured."""

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
    size, spectrum, framing, copies, masked = audit_sentences(AUDIT)

    assert f"reaches an AUC of {FORMATTED} on 70 validation images" in size
    assert f"reaches an AUC of {FORMATTED} on 80 validation images" in spectrum
    assert f"reaches an AUC of {FORMATTED} on 80 validation images" in framing
    assert "40 radiographs at their original size" in copies
    differences = "differs by 0.010 on average and by 0.123 at most"
    changed = "Number of copies on the other side of the decision threshold:"
    assert f"of the 224-pixel copy {differences}. {changed} 2." in copies
    assert f"of the 512-pixel copy {differences}. {changed} 0." in copies
    assert "0.990 (0.800-0.950) without masking" in masked
    assert "0.600 (0.800-0.950) with the lungs masked" in masked
    assert "0.970 (0.800-0.950) with everything but the lungs masked" in masked


def test_an_audit_without_framing_says_that_this_is_by_design():
    chance = {"n": 80, "auc": {"value": 0.5, "low": 0.5, "high": 0.5}}
    framing = audit_sentences(AUDIT | {"framing_alone": chance})[2]
    assert "reaches an AUC of 0.5 (chance) on 80 validation images, by design: cropping" in framing


def test_unmeasured_parts_are_named_and_the_others_stated():
    size, spectrum, _, copies, masked = audit_sentences(UNMEASURED)

    assert f"reaches an AUC of {FORMATTED} on 80" in spectrum
    for sentence in (size, copies, masked):
        assert sentence.endswith("was not measured.")


def test_a_release_for_two_populations_states_how_well_features_distinguish_them():
    by_label = {"NORMAL": {"n": 40, "auc": ESTIMATE}, "PNEUMONIA": {"n": 40, "auc": ESTIMATE | {"value": 0.7}}}
    for unmeasured in ({}, {"population_alone": None}):
        assert len(audit_sentences(AUDIT | unmeasured)) == 5

    *_, spectrum = audit_sentences(AUDIT | {"population_alone": {"spectrum": by_label}})

    assert "only the power spectrum" in spectrum
    assert f"{FORMATTED} among normal images and 0.700 (0.800-0.950) among images with pneumonia" in spectrum


def test_strata_table_has_test_first_and_names_classes_that_are_too_small():
    test, validation = strata_table(AUDIT)

    assert test == {
        "Split": "test",
        "Original width": "901-1200 px",
        "Images": "60",
        "With pneumonia": "30",
        "AUC": FORMATTED,
    }
    assert (validation["Split"], validation["AUC"]) == ("validation", "too few of one class")
    assert strata_table(UNMEASURED) == []


def test_segmentation_sentence_states_the_figures():
    assert segmentation_sentence(LUNGS) == (
        "On 75 validation images of 50 patients with manual lung masks, the mean Dice coefficient is 0.951; it is at "
        "least 0.911 for 95% of the images. The least accurate edge of the lung box is off by 3.0% of the image width "
        "or height on average, and by 7.0% at the 95th percentile. No lungs were found in 1 image."
    )
    assert segmentation_sentence(LUNGS | {"not_found": 0}).endswith(" Lungs were found in every image.")
    assert "edge" not in segmentation_sentence(LUNGS | {"box_error": None})
    assert segmentation_sentence(None) == "The quality of the lung segmentation was not measured."


@pytest.mark.parametrize("kind", RegionKind)
def test_every_input_region_is_described(kind):
    described = input_region_sentence({"kind": kind, "margin": 0.1, "intensity": "unchanged"})

    assert ("If no lungs are found" in described) == (kind is not RegionKind.WHOLE)
    assert ("10% of its width and height" in described) == (kind is not RegionKind.WHOLE)
    assert ("outside the lung fields is black" in described) == (kind is RegionKind.LUNGS_ALONE)
