"""Catalogue of the explorer: rows, filters and sort orders."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.adults import Appearance
from dataset.explorer.catalogue import (
    Filter,
    Order,
    Outcome,
    build_catalogue,
    select,
    sort,
    unmeasured_catalogue,
)
from dataset.index import LabelledImage
from model.codes import SPLITS, Label, Population, SplitName
from model.imaging.geometry import RelativeBox
from model.inference.decision import ConformalLimits, OperatingPoint, Verdict

POINT = OperatingPoint("balanced", 0.5, "")
LIMITS = ConformalLimits(0.95, pneumonia_from=0.4, normal_up_to=0.45, rationale="")
CAUSES = {Label.NORMAL: ["none"], Label.PNEUMONIA: ["bacterial", "viral"]}


def table(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["file", "patient", "split", "cause", "probability"]).assign(
        label=lambda t: np.where(t["cause"] == "none", Label.NORMAL, Label.PNEUMONIA)
    )


PREDICTIONS = table(
    ("IM-0001-0001.jpeg", "IM-0001", SplitName.TEST, "none", 0.1),
    ("IM-0002-0001.jpeg", "IM-0002", SplitName.TEST, "none", 0.9),
    ("IM-0003-0001.jpeg", "IM-0003", SplitName.TRAINING, "none", 0.42),
    ("person1_bacteria_1.jpeg", "person1_bacteria", SplitName.TEST, "bacterial", 0.95),
    ("person1_virus_2.jpeg", "person1_virus", SplitName.TEST, "viral", 0.2),
    ("person12_virus_3.jpeg", "person12_virus", SplitName.VALIDATION, "viral", 0.7),
)


def record(file: str) -> LabelledImage:
    return LabelledImage(Path("/set") / file, "test", Label.NORMAL, "", "", "")


def rows(*files_on_disk: str) -> pd.DataFrame:
    return build_catalogue(PREDICTIONS, [record(file) for file in files_on_disk], POINT, LIMITS).rows


def files(rows: pd.DataFrame) -> list[str]:
    return rows["file"].tolist()


@pytest.fixture
def all_rows() -> pd.DataFrame:
    return rows("IM-0001-0001.jpeg")


def test_only_images_on_disk_have_a_path(all_rows):
    assert all_rows.loc["IM-0001-0001.jpeg", "path"] == Path("/set/IM-0001-0001.jpeg")
    assert all_rows["path"].isna().sum() == 5


def test_images_without_predictions_are_counted_and_left_out():
    catalogue = build_catalogue(PREDICTIONS, [record("IM-0001-0001.jpeg"), record("mine.png")], POINT, LIMITS)
    assert (catalogue.n_on_disk, catalogue.n_unknown, len(catalogue.rows)) == (1, 1, 6)
    assert "mine.png" not in catalogue.rows.index


def test_repeated_file_names_are_matched_by_relative_path():
    same_names = table(
        ("train/NORMAL/x.png", "x", SplitName.TRAINING, "none", 0.1),
        ("test/NORMAL/x.png", "x", SplitName.TEST, "none", 0.2),
    )
    records = [
        LabelledImage(Path(f"/set/{split}/NORMAL/x.png"), split, Label.NORMAL, "", "", "")
        for split in ("train", "test")
    ]
    catalogue = build_catalogue(same_names, records, POINT, LIMITS)
    assert catalogue.rows["path"].tolist() == [record.path for record in records]
    assert (catalogue.n_on_disk, catalogue.n_unknown) == (2, 0)


def test_outcome_and_verdict_depend_on_the_operating_point(all_rows):
    assert all_rows["outcome"].tolist() == [
        Outcome.CORRECT,
        Outcome.INCORRECT,
        Outcome.INDETERMINATE,
        Outcome.CORRECT,
        Outcome.INCORRECT,
        Outcome.CORRECT,
    ]
    assert all_rows["verdict"].tolist()[:3] == [Verdict.NORMAL, Verdict.PNEUMONIA, Verdict.INDETERMINATE]
    at_rule_out = build_catalogue(PREDICTIONS, [], OperatingPoint("rule-out", 0.05, ""), LIMITS).rows
    assert at_rule_out.loc["IM-0001-0001.jpeg", "outcome"] == Outcome.INDETERMINATE


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5]),
        (Filter(labels=(Label.NORMAL,)), [0, 1, 2]),
        (Filter(causes=("viral",)), [4, 5]),
        (Filter(causes=("viral", "bacterial"), splits=(SplitName.TEST,)), [3, 4]),
        (Filter(outcomes=(Outcome.INCORRECT,)), [1, 4]),
        (Filter(outcomes=(Outcome.INCORRECT, Outcome.INDETERMINATE), labels=(Label.NORMAL,)), [1, 2]),
        (Filter(probability=(0.2, 0.9)), [1, 2, 4, 5]),
        (Filter(patient="person1"), [3, 4]),
        (Filter(patient=" PERSON1_virus "), [4]),
        (Filter(patient="person"), []),
        (Filter(name="im-000"), [0, 1, 2]),
        (Filter(name="."), [0, 1, 2, 3, 4, 5]),
        (Filter(name="[0-9]"), []),
        (Filter(on_disk=True), [0]),
    ],
)
def test_an_image_must_meet_all_conditions_of_a_filter(all_rows, conditions, expected):
    assert files(select(all_rows, conditions)) == [PREDICTIONS["file"][n] for n in expected]


def adult(file: str, cause: Appearance, split: str = "train", **fields) -> LabelledImage:
    label = Label.NORMAL if cause is Appearance.NEGATIVE else Label.PNEUMONIA
    path = Path(f"/adults/{label.lower()}/{file}")
    return LabelledImage(path, split, label, f"of {file}", f"of {file}", cause, Population.ADULTS, **fields)


@pytest.fixture
def adults() -> list[LabelledImage]:
    return [
        adult("b.jpg", Appearance.TYPICAL, "test", opacities=(RelativeBox(0.1, 0.2, 0.3, 0.4),)),
        adult("a.jpg", Appearance.NEGATIVE, "test", opacities=(), lung_box=RelativeBox(0.25, 0.25, 0.75, 1.0)),
        adult("c.jpg", Appearance.ATYPICAL),
    ]


def test_images_without_results_have_labels_boxes_and_the_size_of_the_lungs(adults):
    catalogue = unmeasured_catalogue(adults, taken_names=())

    assert (catalogue.n_on_disk, catalogue.n_unknown) == (3, 0)
    assert files(catalogue.rows) == ["b.jpg", "a.jpg", "c.jpg"] == list(catalogue.rows.index)
    first, second, third = catalogue.rows.to_dict("records")
    assert (first["label"], first["cause"], first["split"]) == (Label.PNEUMONIA, Appearance.TYPICAL, SplitName.TEST)
    assert (first["population"], first["patient"]) == (Population.ADULTS, "of b.jpg")
    assert (first["path"], first["opacities"]) == (adults[0].path, adults[0].opacities)
    assert (second["lung_width"], second["lung_height"]) == (0.5, 0.75)
    assert np.isnan(third["lung_width"])
    assert third["split"] != SplitName.TEST
    assert all(row["verdict"] is row["outcome"] is None and np.isnan(row["probability"]) for row in (first, third))


def test_an_image_named_like_one_in_another_catalogue_is_named_by_its_path(adults):
    assert files(unmeasured_catalogue(adults, {"a.jpg"}).rows) == ["b.jpg", "adults/normal/a.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Filter(), ["b.jpg", "a.jpg", "c.jpg"]),
        (Filter(causes=(Appearance.TYPICAL, Appearance.ATYPICAL)), ["b.jpg", "c.jpg"]),
        (Filter(splits=(SplitName.TEST,), labels=(Label.NORMAL,)), ["a.jpg"]),
        (Filter(patient="OF C.jpg"), ["c.jpg"]),
        (Filter(probability=(0.0, 0.9)), []),
    ],
)
def test_images_without_results_are_filtered_by_what_is_known(adults, conditions, expected):
    assert files(select(unmeasured_catalogue(adults, ()).rows, conditions)) == expected


@st.composite
def catalogues(draw) -> pd.DataFrame:
    """Return up to thirty images with random class, cause, split and probability."""
    images = []
    for number in range(draw(st.integers(0, 30))):
        label = draw(st.sampled_from(list(CAUSES)))
        cause = draw(st.sampled_from(CAUSES[label]))
        split = draw(st.sampled_from(SPLITS))
        images.append((f"image{number:02}.png", f"p{number % 7}", split, cause, draw(st.floats(0, 1))))
    return build_catalogue(table(*images), [], POINT, LIMITS).rows


@pytest.mark.slow
@given(catalogues(), st.sampled_from(list(Order)), st.integers(0, 9))
def test_every_order_contains_each_image_once(rows, order, seed):
    assert sorted(files(sort(rows, order, seed))) == sorted(rows["file"])


@pytest.mark.slow
@given(catalogues())
def test_orders_by_probability_and_name(rows):
    assert sort(rows, Order.HIGHEST)["probability"].is_monotonic_decreasing
    assert sort(rows, Order.LOWEST)["probability"].is_monotonic_increasing
    assert files(sort(rows, Order.NAME)) == sorted(rows["file"])


@pytest.mark.slow
@given(catalogues())
def test_worst_order_lists_errors_first_by_distance(rows):
    by_error = sort(rows, Order.WORST)
    wrong = (by_error["outcome"] == Outcome.INCORRECT).to_numpy()
    distance = (by_error["probability"] - (by_error["label"] == Label.PNEUMONIA)).abs().to_numpy()
    assert not (np.diff(wrong.astype(int)) > 0).any()
    assert (np.diff(distance[wrong]) <= 0).all()
    assert (np.diff(distance[~wrong]) <= 0).all()


def test_random_order_depends_on_the_seed(all_rows):
    assert files(sort(all_rows, Order.RANDOM, 1)) == files(sort(all_rows, Order.RANDOM, 1))
    assert files(sort(all_rows, Order.RANDOM, 1)) != files(sort(all_rows, Order.RANDOM, 2))


def test_random_order_ignores_the_previous_order(all_rows):
    assert files(sort(all_rows[::-1], Order.RANDOM, 3)) == files(sort(all_rows, Order.RANDOM, 3))
