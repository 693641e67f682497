"""How estimates are written on pages and in documents."""

METRIC_NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision (PPV)",
    "f1": "F1",
}


def format_estimate(metric: dict[str, float | None]) -> str:
    """A figure with its 95 % interval, "0.971 (0.955-0.984)"; one that is not defined says so."""
    if metric["value"] is None:
        return "not defined"
    to = " to " if metric["low"] < 0 else "-"  # a minus beside a dash cannot be read
    return f"{metric['value']:.3f} ({metric['low']:.3f}{to}{metric['high']:.3f})"
