"""Decision rules for tests, and releases with changed rules."""

from dataclasses import replace
from typing import Any

from model.codes import Population
from model.inference.decision import Calibration, ConformalLimits, DecisionRules, OperatingPoint
from model.inference.release_loader import Release, load_release
from ui.settings import SessionSettings


def decision_rules(*points: OperatingPoint, **changes: Any) -> DecisionRules:
    """Return rules with these operating points, the first of which is the default, and no calibration.

    From 0.4, PNEUMONIA is plausible; up to 0.6, NORMAL is. In between, both are.
    """
    values = {
        "calibration": Calibration(1.0, 0.0),
        "conformal": ConformalLimits(0.9, 0.4, 0.6, "by hand"),
        "training_prevalence": 0.7,
        "years": (1, 5),
    }
    return DecisionRules(
        operating_points=points, default_operating_point=points[0].name if points else "", **values | changes
    )


def children_rules(release: Release) -> DecisionRules:
    """Return the rules for children."""
    return release.populations[Population.CHILDREN]


def with_children_rules(release: Release, **changes: Any) -> Release:
    """Return a release with changed rules for children."""
    rules = replace(children_rules(release), **changes)
    return replace(release, populations={**release.populations, Population.CHILDREN: rules})


def with_adults(release: Release, **changes: Any) -> Release:
    """Return a release for children and adults. Unless changed, adults have the rules for children but their ages."""
    rules = replace(children_rules(release), **({"years": (18, 120)} | changes))
    return replace(release, populations={**release.populations, Population.ADULTS: rules})


def default_settings() -> SessionSettings:
    """Return the settings of a new session: the default operating point and the training prevalence of children."""
    release = load_release()
    rules = children_rules(release)
    return SessionSettings(release, rules.default_operating_point, {Population.CHILDREN: rules.training_prevalence})
