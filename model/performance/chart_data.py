"""Data frames for the charts of a release; the charts themselves compute nothing.

Column names are keys. The charts translate these keys.
"""

from typing import Any

import numpy as np
import pandas as pd

from model.codes import LABELS, SPLITS, Label, SplitName
from model.performance.binary_metrics import Predictions
from model.performance.schema import Confusion, OperatingPointMetrics
from model.translation import gettext as _

HISTOGRAM_BINS = 20  # each 5% wide


def operating_point_marks(measured: OperatingPointMetrics, selected: str) -> list[dict[str, Any]]:
    """Return the marks of the operating points on the curves; the selected one is last, so it is drawn on top.

    "position" is the position in the order of the release, for the legend.
    """
    marks = [
        {
            "operating_point": name,
            "threshold": f"{rates['threshold']:.4f}",
            "sensitivity": rates["sensitivity"]["value"],
            "specificity": rates["specificity"]["value"],
            "false_alarm_rate": 1 - rates["specificity"]["value"],
            "ppv": rates["precision"]["value"],
            "position": position,
            "is_selected": name == selected,
        }
        for position, (name, rates) in enumerate(measured["operating_points"].items())
    ]
    return sorted(marks, key=lambda mark: mark["is_selected"])


def confusion_cells(confusion: Confusion) -> list[dict[str, Any]]:
    """Return a row per cell of the confusion matrix; "share" is its share of the images with the same label.

    "outcome" is the key of the cell in `confusion`.
    """
    tp, fn, fp, tn = confusion["tp"], confusion["fn"], confusion["fp"], confusion["tn"]
    cells = (
        (Label.PNEUMONIA, Label.PNEUMONIA, tp, fn + tp, "tp"),
        (Label.PNEUMONIA, Label.NORMAL, fn, fn + tp, "fn"),
        (Label.NORMAL, Label.PNEUMONIA, fp, fp + tn, "fp"),
        (Label.NORMAL, Label.NORMAL, tn, fp + tn, "tn"),
    )
    return [
        {
            "label": label,
            "verdict": verdict,
            "images": count,
            "share": count / label_total if label_total else None,
            "outcome": outcome,
        }
        for label, verdict, count, label_total, outcome in cells
    ]


def histogram(predictions: Predictions, bins: int = HISTOGRAM_BINS) -> pd.DataFrame:
    """Count images by probability and class.

    Returns:
        One row per class and bin: label; low and high (edges of the bin, which includes the lower edge; the last bin
        includes both); images; signed_images (negative for normal images, to draw the classes back to back).
    """
    edges = np.arange(bins + 1) / bins
    tables = []
    for target, label in enumerate(LABELS):
        images = np.histogram(predictions.probability[predictions.target == target], edges)[0]
        signed = images if label is Label.PNEUMONIA else -images
        columns = {"label": label, "low": edges[:-1], "high": edges[1:], "images": images, "signed_images": signed}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def class_balance(rows: pd.DataFrame) -> pd.DataFrame:
    """Count images and patients by split and class.

    Args:
        rows: Rows of predictions.csv.

    Returns:
        One row per combination of split and class that occurs, normal first: split; label; images and patients (in
        that class); split_images (all images in the split); share (of the images in the split, 0-1); middle (centre of
        the class's section in a bar of length 1).
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
                        "split": split,
                        "label": label,
                        "images": len(class_rows),
                        "patients": class_rows["patient"].nunique(),
                        "split_images": len(split_rows),
                        "share": share,
                        "middle": section_start + share / 2,
                    }
                )
                section_start += share
    return pd.DataFrame(balance)


def learning_curves(history: pd.DataFrame) -> pd.DataFrame:
    """Convert the training history to learning curves.

    Args:
        history: Rows of history.csv, one per epoch.

    Returns:
        One row per epoch and split: epoch (from 1); split (training or validation); loss; auc; is_kept (whether the
        release has the weights of this epoch: the first with the lowest validation loss).
    """
    kept = history["val_loss"].idxmin()
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "epoch": history["epoch"] + 1,
                    "split": split,
                    "loss": history[f"{prefix}loss"],
                    "auc": history[f"{prefix}auc"],
                    "is_kept": history.index == kept,
                }
            )
            for split, prefix in ((SplitName.TRAINING, ""), (SplitName.VALIDATION, "val_"))
        ],
        ignore_index=True,
    )


def early_stopping_sentence(curves: pd.DataFrame, settings: dict[str, Any]) -> str:
    """Explain the checkpoint and early stopping, and their effect on this release.

    Args:
        curves: Result of `learning_curves`.
        settings: "epochs" and "patience", from "training" in model.json.
    """
    kept_epoch, epochs = int(curves.loc[curves["is_kept"], "epoch"].iloc[0]), int(curves["epoch"].max())
    numbers = {"kept": kept_epoch, "epochs": epochs, "maximum": settings["epochs"], "patience": settings["patience"]}
    if epochs < settings["epochs"]:
        return _(
            "**Checkpoint:** the weights from the epoch (one pass over the training images) with the lowest validation "
            "loss are kept, here epoch {kept} of {epochs}. **Early stopping:** training stops when the validation loss "
            "has not improved for {patience} epochs in a row. Here it stopped after {epochs} of at most {maximum} "
            "epochs."
        ).format(**numbers)
    return _(
        "**Checkpoint:** the weights from the epoch (one pass over the training images) with the lowest validation "
        "loss are kept, here epoch {kept} of {epochs}. **Early stopping:** training stops when the validation loss has "
        "not improved for {patience} epochs in a row. Training ran for all {epochs} epochs."
    ).format(**numbers)
