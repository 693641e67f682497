"""Construction of the index of similar cases, and measurement of how well similar cases agree."""

import numpy as np
import pytest

from dataset.quality.features import ImageInventory
from model.codes import SPLITS, Label, Population, SplitName
from model.inference.similar_cases import NEIGHBOURS_SHOWN, normalise
from tests.support.inventories import make_inventory
from training.evaluation.similar_cases import similar_case_agreement
from training.release.similar_case_index import PRINCIPAL_AXES, build_index

pytestmark = pytest.mark.slow


def make_clusters(training: list[dict], test: list[dict], clusters: list[int]) -> ImageInventory:
    """Return an inventory of training and test images in a few clusters that are far apart."""
    images = [columns | {"split": SplitName.TRAINING} for columns in training]
    images += [columns | {"split": SplitName.TEST} for columns in test]
    noise = np.random.default_rng(1).uniform(0, 0.02, (len(clusters), 8))
    return make_inventory(images, embeddings=(np.eye(8)[clusters] + noise).astype(np.float32))


NORMAL, VIRAL = {"label": Label.NORMAL}, {"label": Label.PNEUMONIA}
BACTERIAL = {"label": Label.PNEUMONIA, "cause": "bacterial"}
TRAINING = [NORMAL] * 6 + [VIRAL] * 6 + [BACTERIAL] * 6
CLUSTERS = [0] * 6 + [1] * 6 + [2] * 6


# --- building


def test_the_index_contains_only_the_training_images():
    splits = [*SPLITS, SplitName.TRAINING]
    inventory = make_inventory(
        [{"split": split, "patient": f"person{n}_virus", "group": f"person{n}"} for n, split in enumerate(splits)]
    )

    index = build_index(inventory)

    assert index.files.tolist() == ["0.jpeg", "3.jpeg"]
    assert index.patients.tolist() == ["person0_virus", "person3_virus"]
    assert index.groups.tolist() == ["person0", "person3"]
    assert (index.labels.tolist(), index.causes.tolist()) == ([Label.NORMAL] * 2, ["none"] * 2)
    np.testing.assert_array_equal(index.fingerprints, inventory.fingerprints[[0, 3]])
    assert all(getattr(index, name).dtype.kind == "U" for name in ("files", "labels", "causes", "patients", "groups"))


def test_adults_are_not_among_the_similar_cases():
    inventory = make_inventory([{}, {"population": Population.ADULTS}, {}])

    assert build_index(inventory).files.tolist() == ["0.jpeg", "2.jpeg"]


def test_the_axes_are_those_with_the_largest_variance():
    embeddings = np.random.default_rng(0).gamma(0.7, size=(300, PRINCIPAL_AXES + 72)).astype(np.float32)
    index = build_index(make_inventory([{}] * 300, embeddings=embeddings))

    axes = index.axes.astype(float)
    np.testing.assert_allclose(axes.T @ axes, np.eye(PRINCIPAL_AXES), atol=2e-3)
    unit = normalise(embeddings)
    largest = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)[:PRINCIPAL_AXES]
    np.testing.assert_allclose(np.linalg.norm(index.codes * index.scale, axis=0), largest, rtol=0.01)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_index_can_consist_of_a_few_identical_images(count):
    inventory = make_inventory([{}] * count, embeddings=np.ones((count, 6), np.float32))
    index = build_index(inventory)

    np.testing.assert_allclose(index.distances(np.ones(6, np.float32)), 0, atol=1e-6)
    assert index.typical_distance == pytest.approx(0, abs=1e-6)


def test_the_typical_distance_is_the_median_over_pairs():
    embeddings = np.random.default_rng(3).gamma(0.7, size=(200, 40)).astype(np.float32)
    index = build_index(make_inventory([{}] * 200, embeddings=embeddings))

    unit = normalise(embeddings)
    assert index.typical_distance.dtype == np.float32
    assert index.typical_distance == pytest.approx(np.median(1 - unit @ unit.T), abs=0.01)


def test_the_same_inventory_gives_the_same_index():
    inventory = make_inventory(
        [{}] * 50, embeddings=np.random.default_rng(3).gamma(0.7, size=(50, 40)).astype(np.float32)
    )
    first, second = build_index(inventory), build_index(inventory)

    for name in first.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


# --- measuring


def test_agreement_is_the_share_among_the_nearest_neighbours_of_each_image():
    inventory = make_clusters(TRAINING, [NORMAL, VIRAL, BACTERIAL, VIRAL], [*CLUSTERS, 0, 1, 2, 0])

    measured = similar_case_agreement(build_index(inventory), inventory, SplitName.TEST)

    assert (measured["count"], measured["split"]) == (NEIGHBOURS_SHOWN, SplitName.TEST)
    assert (measured["same_class"]["n"], measured["same_class"]["value"]) == (4, 3 / 4)
    assert (measured["same_cause"]["n"], measured["same_cause"]["value"]) == (4, 3 / 4)
    assert {label: (share["n"], share["value"]) for label, share in measured["by_class"].items()} == {
        Label.NORMAL: (1, 1),
        Label.PNEUMONIA: (3, pytest.approx(2 / 3)),
    }
    assert all(
        share["low"] <= share["value"] <= share["high"] for share in (measured["same_class"], measured["same_cause"])
    )


def test_the_cause_may_differ_if_the_class_is_the_same():
    inventory = make_clusters([VIRAL] * 4 + [BACTERIAL], [BACTERIAL], [0] * 6)

    measured = similar_case_agreement(build_index(inventory), inventory, SplitName.TEST)

    assert (measured["same_class"]["value"], measured["same_cause"]["value"]) == (
        1,
        pytest.approx(1 / NEIGHBOURS_SHOWN),
    )


def test_training_images_of_the_patients_own_group_do_not_count():
    own = [NORMAL | {"patient": "IM-1", "group": "IM-1"}] * 6
    inventory = make_clusters([*own, *[VIRAL] * 6], [own[0]], [0] * 6 + [1] * 6 + [0])

    assert similar_case_agreement(build_index(inventory), inventory, SplitName.TEST)["same_class"]["value"] == 0


def test_the_interval_is_over_patients():
    """Forty images from two patients with opposite results have the same interval as two images."""
    inventory = make_clusters(
        TRAINING, [NORMAL | {"patient": f"IM-{n % 2}"} for n in range(40)], [*CLUSTERS, *([0, 1] * 20)]
    )

    same_class = similar_case_agreement(build_index(inventory), inventory, SplitName.TEST)["same_class"]

    assert same_class == {"n": 40, "value": 0.5, "low": 0.0, "high": 1.0}
