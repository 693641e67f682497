"""What the charts draw, and what is said beside them, is counted rightly."""

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

SCORES = Predictions(
    target=np.array([0, 0, 0, 1, 1, 1, 1]),
    probability=np.array([0.0, 0.05, 0.7, 0.4, 0.95, 0.96, 1.0]),
    patient=np.array(list("abcdefg")),
)
RATES = {"sensitivity": {"value": 0.9}, "specificity": {"value": 0.8}}
PREDICTIVE = {
    "ppv": {"value": 0.5294, "low": 0.4, "high": 0.6},
    "npv": {"value": 0.9697, "low": 0.9, "high": 0.99},
}


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


def test_the_chosen_point_is_drawn_last_and_the_others_keep_their_order():
    measured = {"operating_points": {f"at {t}": rates_with_ci(SCORES, t) for t in (0.3, 0.5, 0.97)}}
    marks = operating_point_marks(measured, "at 0.3")
    assert [mark["Operating point"] for mark in marks] == ["at 0.5", "at 0.97", "at 0.3"]
    assert [mark["Place"] for mark in marks] == [1, 2, 0]
    assert [mark["Chosen"] for mark in marks] == [False, False, True]


def test_a_mark_stands_where_its_rates_are():
    measured = {"operating_points": {"one": rates_with_ci(SCORES, 0.5)}}
    (mark,) = operating_point_marks(measured, "one")
    assert mark["Sensitivity"] == 3 / 4
    assert mark["Specificity"] == 2 / 3
    assert mark["False alarm rate"] == pytest.approx(1 / 3)
    assert mark["PPV"] == 3 / 4


def test_the_cells_of_the_confusion_matrix_are_named_for_what_became_of_the_films():
    cells = {cell["Words"]: cell for cell in confusion_cells({"tp": 9, "fn": 1, "fp": 4, "tn": 16})}
    found, missed, alarms, left = (cells[words] for words in ("found", "missed", "false alarms", "rightly left alone"))
    assert [cell["Films"] for cell in (found, missed, alarms, left)] == [9, 1, 4, 16]
    assert [cell["Share"] for cell in (found, missed, alarms, left)] == [0.9, 0.1, 0.2, 0.8]
    assert (missed["Film"], missed["Reader"]) == ("PNEUMONIA", "NORMAL")
    assert (alarms["Film"], alarms["Reader"]) == ("NORMAL", "PNEUMONIA")


def test_a_class_without_films_has_no_shares():
    cells = confusion_cells({"tp": 0, "fn": 0, "fp": 1, "tn": 1})
    assert [cell["Share"] for cell in cells] == [None, None, 0.5, 0.5]


# --- histogram


def test_the_histogram_counts_every_film_of_either_class_once_0_and_1_too():
    bins = histogram(SCORES, bins=10)
    films = bins.pivot_table(index="low", columns="Class", values="Films").astype(int)
    assert list(films["NORMAL"]) == [2, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert list(films["PNEUMONIA"]) == [0, 0, 0, 0, 1, 0, 0, 0, 0, 3]


def test_the_classes_stand_back_to_back():
    bins = histogram(SCORES)
    normal = bins["Class"] == "NORMAL"
    assert (bins["signed"][normal] == -bins["Films"][normal]).all()
    assert (bins["signed"][~normal] == bins["Films"][~normal]).all()
    assert np.allclose(bins["high"] - bins["low"], 0.05)


# --- training


def test_class_balance_counts_films_and_patients_of_each_part():
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
            "Split": "training",
            "Class": "NORMAL",
            "Films": 1,
            "Patients": 1,
            "All films": 4,
            "Share": 0.25,
            "Middle": 0.125,
        },
        {
            "Split": "training",
            "Class": "PNEUMONIA",
            "Films": 3,
            "Patients": 2,
            "All films": 4,
            "Share": 0.75,
            "Middle": 0.625,
        },
        {"Split": "test", "Class": "PNEUMONIA", "Films": 1, "Patients": 1, "All films": 1, "Share": 1.0, "Middle": 0.5},
    ]


def test_the_epoch_that_was_kept_is_the_first_of_the_lowest_validation_loss():
    curves = learning_curves(history(0.5, 0.2, 0.3, 0.2))
    assert set(curves.loc[curves["Kept"], "Epoch"]) == {2}
    assert list(curves["Epoch"]) == [1, 2, 3, 4, 1, 2, 3, 4]


def test_training_and_validation_keep_their_own_figures():
    curves = learning_curves(history(0.5, 0.2)).set_index("Pictures")
    assert list(curves.loc["training", "Loss"]) == [1.0, 1.0]
    assert list(curves.loc["validation", "Loss"]) == [0.5, 0.2]
    assert set(curves.loc["training", "AUC"]) == {0.95}
    assert set(curves.loc["validation", "AUC"]) == {0.85}


def test_a_run_that_stopped_early_says_so():
    said = early_stopping_sentence(learning_curves(history(0.5, 0.2, 0.3, 0.4)), {"epochs": 10, "patience": 2})
    assert "here epoch 2 of 4" in said
    assert "not improved for 2 epochs in a row; here it ended early, after 4 of 10 epochs." in said


def test_a_run_that_went_through_says_so():
    said = early_stopping_sentence(learning_curves(history(0.5, 0.4)), {"epochs": 2, "patience": 5})
    assert "here epoch 2 of 2" in said
    assert said.endswith("here it went through all 2.")
