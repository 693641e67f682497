"""Limit of the check of opacity maps: the measurement that separates hits from misses best, at a rate of warnings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import HeatMapWarning
from model.explanation.reliability import HeatMapReliability
from training.calibration.heatmap_thresholds import TARGET_WARNING_RATE
from training.calibration.opacity_map_limits import CheckedMap, limits_of

shares = st.floats(0, 1)
checked_maps = st.lists(
    st.builds(
        CheckedMap,
        reliability=st.builds(
            HeatMapReliability, st.one_of(st.none(), shares), st.floats(-5, 5), st.floats(-1, 1), peak=shares
        ),
        is_hit=st.booleans(),
        patient=st.sampled_from("abcdef"),
    ),
    min_size=1,
    max_size=30,
)


def maps_with_peaks(hits: np.ndarray, misses: np.ndarray) -> list[CheckedMap]:
    """Return maps whose peaks are these values; the other measurements do not depend on hits and misses."""
    rng = np.random.default_rng(0)
    return [
        CheckedMap(HeatMapReliability(None, rng.normal(), rng.uniform(-1, 1), peak=peak), is_hit, f"{is_hit}{number}")
        for is_hit, peaks in ((True, hits), (False, misses))
        for number, peak in enumerate(peaks)
    ]


def test_the_measurement_that_separates_hits_from_misses_gets_the_limit():
    limits = limits_of(maps_with_peaks(np.linspace(0.5, 0.9, 41), np.linspace(0.4, 0.6, 21)))

    assert limits.peak == pytest.approx(0.54)  # four of the 41 hits are below
    assert (limits.inside_lungs, limits.effect, limits.agreement) == (None, None, None)
    assert limits.auc["peak"]["value"] > 0.85
    assert limits.auc["peak"]["n"] == 62
    assert limits.auc["inside_lungs"] == {"n": 0, "value": None, "low": None, "high": None}
    assert limits.rationale == (
        "Of 62 validation images with boxes of radiologists and a marked area, the hottest cell lies in a box in 41. "
        "Of 4 measurements, the highest probability on the map separates these best from the others (AUC "
        f"{limits.auc['peak']['value']:.2f}, 95% confidence interval {limits.auc['peak']['low']:.2f} to "
        f"{limits.auc['peak']['high']:.2f}, on the same images). The limit causes a warning for 10% of the maps that "
        "hit and 67% of those that miss."
    )


def test_measurements_no_better_than_chance_give_no_limit():
    assert limits_of(maps_with_peaks(np.linspace(0.4, 0.9, 30), np.linspace(0.4, 0.9, 30))) is None
    assert limits_of(maps_with_peaks(np.linspace(0.4, 0.9, 30), np.array([]))) is None
    assert limits_of([]) is None


@pytest.mark.slow
@given(checked=checked_maps)
def test_the_rate_of_warnings_for_hits_is_at_most_the_target(checked):
    limits = limits_of(checked)

    if limits:
        used = [name for name in HeatMapWarning if getattr(limits, name) is not None]
        assert len(used) == 1
        assert limits.auc[used[0]]["low"] > 0.5
        hits = [each for each in checked if each.is_hit]
        warned = sum(bool(limits.violations(each.reliability)) for each in hits)
        assert warned <= TARGET_WARNING_RATE * len(hits) + 1e-9
