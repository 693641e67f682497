"""The opacity map on the reading page: text alternatives, cautions, check and download."""

import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import ui.reading.heatmap_check
from model.codes import Caution, HeatMapWarning
from model.explanation.heatmap import MapKind
from model.inference.decision import ConformalLimits
from model.inference.finding import Finding
from model.sentences import render_codes
from tests.support.gates import with_opacity_map
from tests.support.heatmap_checks import use_limits
from tests.support.pages import open_page, read_upload, session_uploads, upload
from tests.support.populations import default_settings
from ui.reading.finding_panel import NO_OPACITY_TEXT, alt_text, finding_overlay
from ui.reading.heatmap_check import OPACITY_PASSED_TEXT, OPACITY_UNRELIABLE_TEXT, OPACITY_WARNING_TEXTS
from ui.viewer.component import ViewerMap
from ui.viewer.finding_maps import viewer_maps

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("positive_evidence")]


def presented(app: AppTest) -> Finding:
    return read_upload(app).presented(default_settings())


def open_with_map(monkeypatch: pytest.MonkeyPatch, peak: float, warnings: tuple[HeatMapWarning, ...] = ()) -> AppTest:
    """Upload an image whose opacity map has this peak; the check of the map gives these warnings."""
    with_opacity_map(monkeypatch, peak)
    use_limits(monkeypatch, {"peak": 0.6, "rationale": "By hand.", "auc": {}})
    monkeypatch.setattr(ui.reading.heatmap_check, "reliability_warnings", lambda *_: warnings)
    app = upload(open_page())
    assert not app.exception
    return app


def test_both_maps_are_sent_and_the_opacity_map_is_first(monkeypatch):
    app = open_with_map(monkeypatch, 0.9)

    maps = viewer_maps(read_upload(app).finding)
    assert [(each.kind, each.contour) for each in maps] == [("opacity_map", 0.5), ("grad_cam", None)]
    assert "The opacity map marks an area." in alt_text(presented(app))


def test_without_an_opacity_map_the_viewer_has_the_heat_map_alone():
    (only,) = viewer_maps(read_upload(upload(open_page())).finding)
    assert isinstance(only, ViewerMap)
    assert (only.kind, only.contour) == ("heat_map", None)


def test_an_empty_map_is_stated_and_contradicts_a_positive_score(monkeypatch):
    app = open_with_map(monkeypatch, 0.1)
    finding = presented(app)

    warnings, infos = ([each.value for each in kind] for kind in (app.warning, app.info))
    is_positive = finding.probability >= finding.operating_point.threshold
    assert (render_codes((Caution.NO_FOCAL_OPACITY,)) in warnings) == is_positive
    assert (NO_OPACITY_TEXT in infos) == (not is_positive)
    assert "The opacity map marks no area." in alt_text(finding)
    assert not [each.value for each in app.caption if each.value == OPACITY_PASSED_TEXT]  # nothing to check


def test_a_marked_area_contradicts_a_negative_verdict(monkeypatch):
    negative = ConformalLimits(0.9, 1.0, 1.0, "by hand")
    monkeypatch.setattr("model.inference.release_loader._conformal_limits", lambda _: negative)
    app = open_with_map(monkeypatch, 0.9)
    finding = presented(app)
    assert (Caution.OPACITY_WITHOUT_SCORE in finding.cautions) == (finding.verdict == "NORMAL")


def test_the_check_names_the_opacity_map(monkeypatch):
    passed = open_with_map(monkeypatch, 0.9)
    assert OPACITY_PASSED_TEXT in [each.value for each in passed.caption]

    warned = open_with_map(monkeypatch, 0.9, (HeatMapWarning.PEAK,))
    expected = OPACITY_UNRELIABLE_TEXT.format(reasons=OPACITY_WARNING_TEXTS[HeatMapWarning.PEAK])
    assert expected in [each.value for each in warned.warning]


def test_the_downloaded_overlay_shows_the_chosen_map(monkeypatch):
    app = open_with_map(monkeypatch, 0.9)
    current = read_upload(app)

    def comment(kind: str | None) -> str:
        png = finding_overlay(
            session_uploads(app), current.file.upload_id, current.image.preview, default_settings(), kind
        )
        return Image.open(io.BytesIO(png)).text["Comment"]

    assert comment(None) == comment(MapKind.OPACITY_MAP) != comment(MapKind.GRAD_CAM)
    assert comment("unknown") == comment(None)
