"""How the index of similar cases is made, and how alike they are measured to be."""

import numpy as np
import pytest

from dataset.quality.features import ImageInventory
from model.inference.similar_cases import NEIGHBOURS_SHOWN, normalise
from tests.support.inventories import survey_of
from training.evaluation.similar_cases import similar_case_agreement
from training.release.similar_case_index import PRINCIPAL_AXES, build_index


def clusters(trained: list[dict], measured: list[dict], places: list[int]) -> ImageInventory:
    """Training and test pictures, each at one of a few places far apart, with a little scatter."""
    pictures = [one | {"split": "training"} for one in trained] + [one | {"split": "test"} for one in measured]
    scatter = np.random.default_rng(1).uniform(0, 0.02, (len(places), 8))
    return survey_of(pictures, embeddings=(np.eye(8)[places] + scatter).astype(np.float32))


NORMAL, VIRAL = {"label": "NORMAL"}, {"label": "PNEUMONIA"}
BACTERIAL = {"label": "PNEUMONIA", "cause": "bacterial"}
TRAINED = [NORMAL] * 6 + [VIRAL] * 6 + [BACTERIAL] * 6
AT = [0] * 6 + [1] * 6 + [2] * 6


# --- making


def test_the_index_holds_the_training_pictures_and_no_other():
    splits = ["training", "validation", "test", "training"]
    of = survey_of(
        [{"split": split, "patient": f"person{n}_virus", "group": f"person{n}"} for n, split in enumerate(splits)]
    )

    index = build_index(of)

    assert index.files.tolist() == ["0.jpeg", "3.jpeg"]
    assert index.patients.tolist() == ["person0_virus", "person3_virus"]
    assert index.groups.tolist() == ["person0", "person3"]
    assert (index.labels.tolist(), index.causes.tolist()) == (["NORMAL"] * 2, ["none"] * 2)
    np.testing.assert_array_equal(index.fingerprints, of.fingerprints[[0, 3]])
    assert all(getattr(index, name).dtype.kind == "U" for name in ("files", "labels", "causes", "patients", "groups"))


def test_the_axes_kept_are_those_along_which_pictures_differ_most():
    embeddings = np.random.default_rng(0).gamma(0.7, size=(300, PRINCIPAL_AXES + 72)).astype(np.float32)
    index = build_index(survey_of([{}] * 300, embeddings=embeddings))

    axes = index.axes.astype(float)
    np.testing.assert_allclose(axes.T @ axes, np.eye(PRINCIPAL_AXES), atol=2e-3)
    places = normalise(embeddings)
    most = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)[:PRINCIPAL_AXES]
    np.testing.assert_allclose(np.linalg.norm(index.codes * index.scale, axis=0), most, rtol=0.01)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_pictures_that_do_not_differ_make_an_index_too(count):
    of = survey_of([{}] * count, embeddings=np.ones((count, 6), np.float32))
    index = build_index(of)

    np.testing.assert_allclose(index.distances(np.ones(6, np.float32)), 0, atol=1e-6)
    assert index.typical_distance == pytest.approx(0, abs=1e-6)


def test_the_typical_distance_is_the_median_over_pairs():
    embeddings = np.random.default_rng(3).gamma(0.7, size=(200, 40)).astype(np.float32)
    index = build_index(survey_of([{}] * 200, embeddings=embeddings))

    places = normalise(embeddings)
    assert index.typical_distance.dtype == np.float32
    assert index.typical_distance == pytest.approx(np.median(1 - places @ places.T), abs=0.01)


def test_the_same_survey_makes_the_same_index():
    of = survey_of([{}] * 50, embeddings=np.random.default_rng(3).gamma(0.7, size=(50, 40)).astype(np.float32))
    first, second = build_index(of), build_index(of)

    for name in first.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


# --- measuring


def test_shares_are_counted_among_the_nearest_of_each_picture():
    of = clusters(TRAINED, [NORMAL, VIRAL, BACTERIAL, VIRAL], [*AT, 0, 1, 2, 0])

    measured = similar_case_agreement(build_index(of), of, "test")

    assert (measured["count"], measured["split"]) == (NEIGHBOURS_SHOWN, "test")
    assert (measured["same_class"]["n"], measured["same_class"]["value"]) == (4, 3 / 4)
    assert (measured["same_cause"]["n"], measured["same_cause"]["value"]) == (4, 3 / 4)
    assert {label: (one["n"], one["value"]) for label, one in measured["by_class"].items()} == {
        "NORMAL": (1, 1),
        "PNEUMONIA": (3, pytest.approx(2 / 3)),
    }
    assert all(of["low"] <= of["value"] <= of["high"] for of in (measured["same_class"], measured["same_cause"]))


def test_the_cause_may_differ_where_the_class_is_the_same():
    of = clusters([VIRAL] * 4 + [BACTERIAL], [BACTERIAL], [0] * 6)

    measured = similar_case_agreement(build_index(of), of, "test")

    assert (measured["same_class"]["value"], measured["same_cause"]["value"]) == (
        1,
        pytest.approx(1 / NEIGHBOURS_SHOWN),
    )


def test_training_pictures_of_the_patients_own_group_do_not_count():
    own = [NORMAL | {"patient": "IM-1", "group": "IM-1"}] * 6
    of = clusters([*own, *[VIRAL] * 6], [own[0]], [0] * 6 + [1] * 6 + [0])

    assert similar_case_agreement(build_index(of), of, "test")["same_class"]["value"] == 0


def test_the_interval_is_over_patients():
    """Forty pictures of two patients, who disagree, tell little more than two pictures."""
    of = clusters(TRAINED, [NORMAL | {"patient": f"IM-{n % 2}"} for n in range(40)], [*AT, *([0, 1] * 20)])

    same_class = similar_case_agreement(build_index(of), of, "test")["same_class"]

    assert same_class == {"n": 40, "value": 0.5, "low": 0.0, "high": 1.0}
