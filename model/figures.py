"""How figures of metrics.json are named and written, the same on pages and in documents."""

METRIC_NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision (PPV)",
    "f1": "F1",
}


def with_interval(metric: dict[str, float | None]) -> str:
    """A figure with its 95 % interval, "0.971 (0.955-0.984)"; one that is not defined says so."""
    if metric["value"] is None:
        return "not defined"
    return f"{metric['value']:.3f} ({metric['low']:.3f}-{metric['high']:.3f})"
