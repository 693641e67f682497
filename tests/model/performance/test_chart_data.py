"""Data of the charts and the sentences next to them, against manual counts."""

import numpy as np
import pandas as pd
import pytest

from model.performance.binary_metrics import Predictions, rates_with_ci
from model.performance.chart_data import (
    class_balance,
    confusion_cells,
    early_stopping_sentence,
    histogram,
    learning_curves,
    operating_point_marks,
)

PREDICTIONS = Predictions(
    target=np.array([0, 0, 0, 1, 1, 1, 1]),
    probability=np.array([0.0, 0.05, 0.7, 0.4, 0.95, 0.96, 1.0]),
    patient=np.array(list("abcdefg")),
)


def history(*losses: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": range(len(losses)),
            "accuracy": 0.9,
            "auc": 0.95,
            "loss": 1.0,
            "val_accuracy": 0.8,
            "val_auc": 0.85,
            "val_loss": losses,
        }
    )


# --- operating points


def test_selected_point_is_drawn_last_and_the_others_keep_their_order():
    measured = {"operating_points": {f"at {t}": rates_with_ci(PREDICTIONS, t) for t in (0.3, 0.5, 0.97)}}
    marks = operating_point_marks(measured, "at 0.3")
    assert [mark["operating_point"] for mark in marks] == ["at 0.5", "at 0.97", "at 0.3"]
    assert [mark["position"] for mark in marks] == [1, 2, 0]
    assert [mark["is_selected"] for mark in marks] == [False, False, True]


def test_mark_has_the_rates_of_its_point():
    measured = {"operating_points": {"one": rates_with_ci(PREDICTIONS, 0.5)}}
    (mark,) = operating_point_marks(measured, "one")
    assert mark["sensitivity"] == 3 / 4
    assert mark["specificity"] == 2 / 3
    assert mark["false_alarm_rate"] == pytest.approx(1 / 3)
    assert mark["ppv"] == 3 / 4


def test_confusion_cells_have_counts_and_shares():
    confusion = {"tp": 9, "fn": 1, "fp": 4, "tn": 16}
    cells = {cell["outcome"]: cell for cell in confusion_cells(confusion)}
    assert {outcome: cell["images"] for outcome, cell in cells.items()} == confusion
    assert {outcome: cell["share"] for outcome, cell in cells.items()} == {"tp": 0.9, "fn": 0.1, "fp": 0.2, "tn": 0.8}
    assert (cells["fn"]["label"], cells["fn"]["verdict"]) == ("PNEUMONIA", "NORMAL")
    assert (cells["fp"]["label"], cells["fp"]["verdict"]) == ("NORMAL", "PNEUMONIA")


def test_class_without_images_has_no_shares():
    cells = confusion_cells({"tp": 0, "fn": 0, "fp": 1, "tn": 1})
    assert [cell["share"] for cell in cells] == [None, None, 0.5, 0.5]


# --- histogram


def test_histogram_counts_every_image_once_including_0_and_1():
    bins = histogram(PREDICTIONS, bins=10)
    images = bins.pivot_table(index="low", columns="label", values="images").astype(int)
    assert list(images["NORMAL"]) == [2, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert list(images["PNEUMONIA"]) == [0, 0, 0, 0, 1, 0, 0, 0, 0, 3]


def test_counts_of_normal_images_are_negative_for_drawing():
    bins = histogram(PREDICTIONS)
    normal = bins["label"] == "NORMAL"
    assert (bins["signed_images"][normal] == -bins["images"][normal]).all()
    assert (bins["signed_images"][~normal] == bins["images"][~normal]).all()
    assert np.allclose(bins["high"] - bins["low"], 0.05)


# --- training


def test_class_balance_counts_images_and_patients_of_each_split():
    predictions = pd.DataFrame(
        [
            ("training", "NORMAL", "a"),
            ("training", "PNEUMONIA", "b"),
            ("training", "PNEUMONIA", "b"),
            ("training", "PNEUMONIA", "c"),
            ("test", "PNEUMONIA", "d"),
        ],
        columns=["split", "label", "patient"],
    )
    balance = class_balance(predictions)
    assert balance.to_dict("records") == [
        {
            "split": "training",
            "label": "NORMAL",
            "images": 1,
            "patients": 1,
            "split_images": 4,
            "share": 0.25,
            "middle": 0.125,
        },
        {
            "split": "training",
            "label": "PNEUMONIA",
            "images": 3,
            "patients": 2,
            "split_images": 4,
            "share": 0.75,
            "middle": 0.625,
        },
        {
            "split": "test",
            "label": "PNEUMONIA",
            "images": 1,
            "patients": 1,
            "split_images": 1,
            "share": 1.0,
            "middle": 0.5,
        },
    ]


def test_kept_epoch_is_the_first_with_the_lowest_validation_loss():
    curves = learning_curves(history(0.5, 0.2, 0.3, 0.2))
    assert set(curves.loc[curves["is_kept"], "epoch"]) == {2}
    assert list(curves["epoch"]) == [1, 2, 3, 4, 1, 2, 3, 4]


def test_training_and_validation_have_separate_curves():
    curves = learning_curves(history(0.5, 0.2)).set_index("split")
    assert list(curves.loc["training", "loss"]) == [1.0, 1.0]
    assert list(curves.loc["validation", "loss"]) == [0.5, 0.2]
    assert set(curves.loc["training", "auc"]) == {0.95}
    assert set(curves.loc["validation", "auc"]) == {0.85}


def test_sentence_of_a_run_that_stopped_early():
    sentence = early_stopping_sentence(learning_curves(history(0.5, 0.2, 0.3, 0.4)), {"epochs": 10, "patience": 2})
    assert "here epoch 2 of 4." in sentence
    assert sentence.endswith("not improved for 2 epochs in a row. Here it stopped after 4 of at most 10 epochs.")


def test_sentence_of_a_run_that_completed_all_epochs():
    sentence = early_stopping_sentence(learning_curves(history(0.5, 0.4)), {"epochs": 2, "patience": 5})
    assert "here epoch 2 of 2." in sentence
    assert sentence.endswith("Training ran for all 2 epochs.")
