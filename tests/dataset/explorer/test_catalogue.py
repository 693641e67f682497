"""The explorer's table: what is known of each picture, which are selected, and in which order they come."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.explorer.catalogue import Filter, Order, Outcome, build_catalogue, select, sort
from dataset.index import LabelledImage
from model.inference.decision import ConformalLimits, OperatingPoint

POINT = OperatingPoint("balanced", 0.5, "")
LIMITS = ConformalLimits(0.95, least_pneumonia=0.4, most_normal=0.45, chosen="")
CAUSES = {"NORMAL": ["none"], "PNEUMONIA": ["bacterial", "viral"]}


def table(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["file", "patient", "split", "cause", "probability"]).assign(
        label=lambda t: np.where(t["cause"] == "none", "NORMAL", "PNEUMONIA")
    )


PREDICTIONS = table(
    ("IM-0001-0001.jpeg", "IM-0001", "test", "none", 0.1),
    ("IM-0002-0001.jpeg", "IM-0002", "test", "none", 0.9),
    ("IM-0003-0001.jpeg", "IM-0003", "training", "none", 0.42),
    ("person1_bacteria_1.jpeg", "person1_bacteria", "test", "bacterial", 0.95),
    ("person1_virus_2.jpeg", "person1_virus", "test", "viral", 0.2),
    ("person12_virus_3.jpeg", "person12_virus", "validation", "viral", 0.7),
)


def record(file: str) -> LabelledImage:
    return LabelledImage(Path("/set") / file, "test", "NORMAL", "", "", "")


def rows(*here: str) -> pd.DataFrame:
    return build_catalogue(PREDICTIONS, [record(file) for file in here], POINT, LIMITS).rows


def files(found: pd.DataFrame) -> list[str]:
    return found["file"].tolist()


@pytest.fixture
def everything() -> pd.DataFrame:
    return rows("IM-0001-0001.jpeg")


def test_a_picture_that_is_here_has_its_path_and_others_have_none(everything):
    assert everything.loc["IM-0001-0001.jpeg", "path"] == Path("/set/IM-0001-0001.jpeg")
    assert everything["path"].isna().sum() == 5


def test_pictures_that_the_release_does_not_know_are_counted_and_left_out():
    found = build_catalogue(PREDICTIONS, [record("IM-0001-0001.jpeg"), record("mine.png")], POINT, LIMITS)
    assert (found.here, found.unknown, len(found.rows)) == (1, 1, 6)
    assert "mine.png" not in found.rows.index


def test_files_of_one_name_are_found_by_their_place():
    twins = table(("train/NORMAL/x.png", "x", "training", "none", 0.1), ("test/NORMAL/x.png", "x", "test", "none", 0.2))
    records = [
        LabelledImage(Path(f"/set/{split}/NORMAL/x.png"), split, "NORMAL", "", "", "") for split in ("train", "test")
    ]
    found = build_catalogue(twins, records, POINT, LIMITS)
    assert found.rows["path"].tolist() == [record.path for record in records]
    assert (found.here, found.unknown) == (2, 0)


def test_an_outcome_is_right_wrong_or_indeterminate_at_the_operating_point(everything):
    assert everything["outcome"].tolist() == ["right", "wrong", "indeterminate", "right", "wrong", "right"]
    assert everything["verdict"].tolist()[:3] == ["NORMAL", "PNEUMONIA", "INDETERMINATE"]
    elsewhere = build_catalogue(PREDICTIONS, [], OperatingPoint("rule-out", 0.05, ""), LIMITS).rows
    assert elsewhere.loc["IM-0001-0001.jpeg", "outcome"] == "indeterminate"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5]),
        (Filter(labels=("NORMAL",)), [0, 1, 2]),
        (Filter(causes=("viral",)), [4, 5]),
        (Filter(causes=("viral", "bacterial"), splits=("test",)), [3, 4]),
        (Filter(outcomes=("wrong",)), [1, 4]),
        (Filter(outcomes=("wrong", "indeterminate"), labels=("NORMAL",)), [1, 2]),
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
def test_filters_keep_what_is_asked_for_and_combine(everything, wanted, found):
    assert files(select(everything, wanted)) == [PREDICTIONS["file"][n] for n in found]


@st.composite
def catalogues(draw) -> pd.DataFrame:
    """Up to thirty pictures of any class, cause, split and probability."""
    made = []
    for number in range(draw(st.integers(0, 30))):
        label = draw(st.sampled_from(list(CAUSES)))
        cause = draw(st.sampled_from(CAUSES[label]))
        split = draw(st.sampled_from(["training", "validation", "test"]))
        made.append((f"film{number:02}.png", f"p{number % 7}", split, cause, draw(st.floats(0, 1))))
    return build_catalogue(table(*made), [], POINT, LIMITS).rows


@given(catalogues(), st.sampled_from(list(Order)), st.integers(0, 9))
def test_an_order_keeps_every_picture_once(rows, order, seed):
    assert sorted(files(sort(rows, order, seed))) == sorted(rows["file"])


@given(catalogues())
def test_orders_by_probability_and_name_are_sorted(rows):
    assert sort(rows, Order.HIGHEST)["probability"].is_monotonic_decreasing
    assert sort(rows, Order.LOWEST)["probability"].is_monotonic_increasing
    assert files(sort(rows, Order.NAME)) == sorted(rows["file"])


@given(catalogues())
def test_the_most_confident_error_comes_first_and_errors_before_all_else(rows):
    found = sort(rows, Order.WORST)
    wrong = (found["outcome"] == Outcome.WRONG).to_numpy()
    errors = (found["probability"] - (found["label"] == "PNEUMONIA")).abs().to_numpy()
    assert not (np.diff(wrong.astype(int)) > 0).any()
    assert (np.diff(errors[wrong]) <= 0).all()
    assert (np.diff(errors[~wrong]) <= 0).all()


def test_a_seed_gives_its_order_again_and_another_seed_another(everything):
    assert files(sort(everything, Order.RANDOM, 1)) == files(sort(everything, Order.RANDOM, 1))
    assert files(sort(everything, Order.RANDOM, 1)) != files(sort(everything, Order.RANDOM, 2))


def test_the_random_order_does_not_depend_on_how_the_rows_lay_before(everything):
    assert files(sort(everything[::-1], Order.RANDOM, 3)) == files(sort(everything, Order.RANDOM, 3))
