"""What charts of a release draw, counted from its tables; no chart counts for itself."""

from typing import Any

import numpy as np
import pandas as pd

from model.codes import LABELS
from model.performance.binary_metrics import Predictions

HISTOGRAM_BINS = 20  # of the histogram, 5 % wide
SPLITS = ("training", "validation", "test")


def operating_point_marks(measured: dict[str, Any], chosen: str) -> list[dict[str, Any]]:
    """Where the operating points stand on the curves, the chosen one last, so that it is drawn above the others.

    Place is that in the release's own order, for the legend.
    """
    marks = [
        {
            "Operating point": name,
            "Threshold": f"{at['threshold']:.4f}",
            "Sensitivity": at["sensitivity"]["value"],
            "Specificity": at["specificity"]["value"],
            "False alarm rate": 1 - at["specificity"]["value"],
            "PPV": at["precision"]["value"],
            "Place": place,
            "Chosen": name == chosen,
        }
        for place, (name, at) in enumerate(measured["operating_points"].items())
    ]
    return sorted(marks, key=lambda mark: mark["Chosen"])


def confusion_cells(confusion: dict[str, int]) -> list[dict[str, Any]]:
    """The confusion matrix, a row per cell; Share is of the films of that class."""
    tp, fn, fp, tn = (confusion[name] for name in ("tp", "fn", "fp", "tn"))
    cells = (
        ("PNEUMONIA", "PNEUMONIA", tp, fn + tp, "found"),
        ("PNEUMONIA", "NORMAL", fn, fn + tp, "missed"),
        ("NORMAL", "PNEUMONIA", fp, fp + tn, "false alarms"),
        ("NORMAL", "NORMAL", tn, fp + tn, "rightly left alone"),
    )
    return [
        {"Film": film, "Reader": classifier, "Films": films, "Share": films / of if of else None, "Words": words}
        for film, classifier, films, of, words in cells
    ]


def histogram(scores: Predictions, bins: int = HISTOGRAM_BINS) -> pd.DataFrame:
    """Films by probability and class.

    Columns: Class; low, high, edges of the bin, the lower one in it and of the last bin both; Films; signed, the same
    below 0 for normal films, so that the classes can be drawn back to back.
    """
    edges = np.arange(bins + 1) / bins
    tables = []
    for target, label in enumerate(LABELS):
        films = np.histogram(scores.probability[scores.target == target], edges)[0]
        signed = films if label == "PNEUMONIA" else -films
        tables.append(
            pd.DataFrame({"Class": label, "low": edges[:-1], "high": edges[1:], "Films": films, "signed": signed})
        )
    return pd.concat(tables, ignore_index=True)


def class_balance(predictions: pd.DataFrame) -> pd.DataFrame:
    """A row per split and class, normal first.

    Columns: Split, Class, Films, Patients, both of that class; All films, of the split; Share, of the split's films,
    0-1; Middle, of the class's part of a bar of 0-1 that is cut by these shares.
    """
    rows = []
    for split in SPLITS:
        of_split = predictions[predictions["split"] == split]
        begins = 0.0
        for label in LABELS:
            of = of_split[of_split["label"] == label]
            if len(of):
                share = len(of) / len(of_split)
                rows.append(
                    {
                        "Split": split,
                        "Class": label,
                        "Films": len(of),
                        "Patients": of["patient"].nunique(),
                        "All films": len(of_split),
                        "Share": share,
                        "Middle": begins + share / 2,
                    }
                )
                begins += share
    return pd.DataFrame(rows)


def learning_curves(history: pd.DataFrame) -> pd.DataFrame:
    """A row per epoch, counted from 1, and set of pictures: Epoch, Pictures, Loss, AUC, Kept.

    Kept is true of the epoch whose weights the release has: the first of the lowest validation loss.
    """
    kept = history["val_loss"].idxmin()
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "Epoch": history["epoch"] + 1,
                    "Pictures": pictures,
                    "Loss": history[f"{prefix}loss"],
                    "AUC": history[f"{prefix}auc"],
                    "Kept": history.index == kept,
                }
            )
            for pictures, prefix in (("training", ""), ("validation", "val_"))
        ],
        ignore_index=True,
    )


def early_stopping_sentence(history: pd.DataFrame, settings: dict[str, Any]) -> str:
    """Checkpoint and early stopping in two sentences, and what they did here.

    Args:
        history: of `learning_curves`.
        settings: epochs and patience, of "training" in model.json.
    """
    kept, ran = int(history.loc[history["Kept"], "Epoch"].iloc[0]), int(history["Epoch"].max())
    end = (
        f"here it ended early, after {ran} of {settings['epochs']} epochs"
        if ran < settings["epochs"]
        else f"here it went through all {ran}"
    )
    return (
        "**Checkpoint:** of all epochs (passes over the training pictures), the weights of the one with the lowest "
        f"loss on the validation pictures are kept, here epoch {kept} of {ran}. **Early stopping:** training ends as "
        f"soon as that loss has not improved for {settings['patience']} epochs in a row; {end}."
    )
