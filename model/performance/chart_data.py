"""Data frames for the charts of a release; the charts themselves compute nothing."""

from typing import Any

import numpy as np
import pandas as pd

from model.codes import LABELS, SPLITS, Label
from model.performance.binary_metrics import Predictions
from model.performance.schema import Confusion, OperatingPointMetrics

HISTOGRAM_BINS = 20  # each 5% wide


def operating_point_marks(measured: OperatingPointMetrics, selected: str) -> list[dict[str, Any]]:
    """Make the marks of the operating points on the curves; the selected one comes last and is drawn above the others.

    "Place" is the position in the release's own order, for the legend.
    """
    marks = [
        {
            "Operating point": name,
            "Threshold": f"{rates['threshold']:.4f}",
            "Sensitivity": rates["sensitivity"]["value"],
            "Specificity": rates["specificity"]["value"],
            "False alarm rate": 1 - rates["specificity"]["value"],
            "PPV": rates["precision"]["value"],
            "Place": position,
            "Chosen": name == selected,
        }
        for position, (name, rates) in enumerate(measured["operating_points"].items())
    ]
    return sorted(marks, key=lambda mark: mark["Chosen"])


def confusion_cells(confusion: Confusion) -> list[dict[str, Any]]:
    """Make a row per cell of the confusion matrix; "Share" is the share of the images with that label."""
    tp, fn, fp, tn = confusion["tp"], confusion["fn"], confusion["fp"], confusion["tn"]
    cells = (
        (Label.PNEUMONIA, Label.PNEUMONIA, tp, fn + tp, "found"),
        (Label.PNEUMONIA, Label.NORMAL, fn, fn + tp, "missed"),
        (Label.NORMAL, Label.PNEUMONIA, fp, fp + tn, "false alarms"),
        (Label.NORMAL, Label.NORMAL, tn, fp + tn, "rightly left alone"),
    )
    return [
        {
            "Film": label,
            "Reader": verdict,
            "Films": count,
            "Share": count / label_total if label_total else None,
            "Words": cell_name,
        }
        for label, verdict, count, label_total, cell_name in cells
    ]


def histogram(predictions: Predictions, bins: int = HISTOGRAM_BINS) -> pd.DataFrame:
    """Count images by probability and class.

    Returns:
        One row per class and bin: Class; low and high (edges of the bin; the lower edge belongs to it, and in the last
        bin both do); Films; signed (Films, negative for normal images, so that the classes are drawn back to back).
    """
    edges = np.arange(bins + 1) / bins
    tables = []
    for target, label in enumerate(LABELS):
        images = np.histogram(predictions.probability[predictions.target == target], edges)[0]
        signed = images if label is Label.PNEUMONIA else -images
        tables.append(
            pd.DataFrame({"Class": label, "low": edges[:-1], "high": edges[1:], "Films": images, "signed": signed})
        )
    return pd.concat(tables, ignore_index=True)


def class_balance(rows: pd.DataFrame) -> pd.DataFrame:
    """Count images and patients by split and class.

    Args:
        rows: Rows of predictions.csv.

    Returns:
        One row per split and class that occur, normal first: Split; Class; Films and Patients (of that class); All
        films (of the split); Share (of the split's images, 0-1); Middle (centre of the class's section of a bar of
        length 1).
    """
    balance = []
    for split in SPLITS:
        split_rows = rows[rows["split"] == split]
        section_start = 0.0
        for label in LABELS:
            class_rows = split_rows[split_rows["label"] == label]
            if len(class_rows):
                share = len(class_rows) / len(split_rows)
                balance.append(
                    {
                        "Split": split,
                        "Class": label,
                        "Films": len(class_rows),
                        "Patients": class_rows["patient"].nunique(),
                        "All films": len(split_rows),
                        "Share": share,
                        "Middle": section_start + share / 2,
                    }
                )
                section_start += share
    return pd.DataFrame(balance)


def learning_curves(history: pd.DataFrame) -> pd.DataFrame:
    """Make the learning curves.

    Args:
        history: Rows of history.csv, one per epoch.

    Returns:
        One row per epoch and set: Epoch (from 1); Pictures ("training" or "validation"); Loss; AUC; Kept (whether the
        release has the weights of this epoch: the first with the lowest validation loss).
    """
    kept = history["val_loss"].idxmin()
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "Epoch": history["epoch"] + 1,
                    "Pictures": set_name,
                    "Loss": history[f"{prefix}loss"],
                    "AUC": history[f"{prefix}auc"],
                    "Kept": history.index == kept,
                }
            )
            for set_name, prefix in (("training", ""), ("validation", "val_"))
        ],
        ignore_index=True,
    )


def early_stopping_sentence(curves: pd.DataFrame, settings: dict[str, Any]) -> str:
    """Explain checkpoint and early stopping, and their effect on this release.

    Args:
        curves: Of `learning_curves`.
        settings: "epochs" and "patience", from "training" in model.json.
    """
    kept_epoch, epochs = int(curves.loc[curves["Kept"], "Epoch"].iloc[0]), int(curves["Epoch"].max())
    outcome = (
        f"here it ended early, after {epochs} of {settings['epochs']} epochs"
        if epochs < settings["epochs"]
        else f"here it went through all {epochs}"
    )
    return (
        "**Checkpoint:** of all epochs (passes over the training pictures), the weights of the one with the lowest "
        f"loss on the validation pictures are kept, here epoch {kept_epoch} of {epochs}. **Early stopping:** training "
        f"ends as soon as that loss has not improved for {settings['patience']} epochs in a row; {outcome}."
    )
