"""Text form of figures, the same on pages and in documents.

Probabilities that a clinician reads are formatted by `ui.formatting`.
"""

from model.performance.schema import Estimate

METRIC_NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision (PPV)",
    "f1": "F1",
}
SET_NAMES = {
    "test": "official test split",
    "validation": "validation",
    "shifted": "validation, as other software would show it",
    "stress_validation": "validation under shifts",
    "adults": "adults",
}


def format_estimate(estimate: Estimate) -> str:
    """Format a value with its 95% interval: "0.971 (0.955-0.984)", or "not defined"."""
    if estimate["value"] is None:
        return "not defined"
    separator = " to " if estimate["low"] < 0 else "-"  # a dash before a minus sign is unreadable
    return f"{estimate['value']:.3f} ({estimate['low']:.3f}{separator}{estimate['high']:.3f})"


def format_percent(share: float, decimals: int = 0, *, space: bool = True) -> str:
    """Format a share, 0-1, as a percentage: "3.1 %", or "3.1%" without the space."""
    return f"{100 * share:.{decimals}f}{' ' if space else ''}%"
