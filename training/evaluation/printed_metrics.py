"""Metrics as `python -m training evaluate` prints them."""

from typing import Any

from model.performance.population import MeasuredPopulation
from model.performance.schema import ReleaseMetrics


def metrics_text(metrics: ReleaseMetrics) -> str:
    """Return the metrics of each population and split, one per line."""
    lines = [*_split_lines(metrics)]
    if robustness := metrics.get("stress_validation"):
        perturbations = robustness["shifts"]
        lines.append(f"validation under {len(perturbations)} perturbations: mean AUC {robustness['mean_auc']:.4f}")
        lines += [f"  {name:<40} {measured['auc']:.4f}" for name, measured in perturbations.items()]
    for name, measured_population in metrics.get("populations", {}).items():
        lines += ["", f"{name}:", *_split_lines(measured_population)]
    return "\n".join(lines)


def _split_lines(measured: MeasuredPopulation) -> list[str]:
    """Return the metrics of each split of a population, one per line."""
    point_name = measured["operating_point"]["name"]
    lines = [f"Operating point: {point_name}. 95% confidence intervals by patient."]
    for split_name, of_split in measured["splits"].items():
        at_point = of_split["operating_points"][point_name]
        lines.append(f"{split_name}: n = {of_split['n']}, {of_split['patients']} patients, {at_point['confusion']}")
        values: dict[str, Any] = {**of_split, **at_point}
        estimates = {name: value for name, value in values.items() if isinstance(value, dict) and value.get("value")}
        lines += [f"  {name:<12} {e['value']:.4f} ({e['low']:.4f} to {e['high']:.4f})" for name, e in estimates.items()]
    return lines
