"""The start page with a model for children and adults: whose decision threshold judges an image."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ui.resources
from model.codes import Caution, Population
from model.inference.decision import Calibration
from model.inference.finding import present
from model.inference.release_loader import Release, load_release
from model.sentences import render_codes
from tests.support.dicom_files import dicom_file
from tests.support.pages import age_input, by_label, open_page, read_upload, session_table, session_uploads, upload
from tests.support.populations import with_adults
from tests.support.synthetic import phantom
from ui.formatting import percent
from ui.reading.caution_text import short_text
from ui.reading.session_table import rows_csv
from ui.settings import POPULATION_LABEL, PREVALENCE_LABELS, SessionSettings

pytestmark = pytest.mark.slow

STORED = (phantom() * 16).astype(np.uint16)
AGE_UNKNOWN = render_codes([Caution.AGE_UNKNOWN])


@pytest.fixture
def release(monkeypatch) -> Release:
    """Let the pages use a release for children and adults."""
    both = with_adults(load_release(), calibration=Calibration(0.5, -1.0), training_prevalence=0.25)
    monkeypatch.setattr(ui.resources, "load_release", lambda _: both)
    return both


def population_control(app: AppTest) -> Any:
    return by_label(app.button_group, POPULATION_LABEL)


def judged_by(app: AppTest) -> str:
    """Return the population whose threshold was used, as the panel states it."""
    (text,) = [caption.value for caption in app.caption if caption.value.startswith("Judged by ")]
    return text.split("decision threshold for ")[1].split(":")[0]


def assert_judged_as(app: AppTest, population: Population, release: Release) -> None:
    expected = present(read_upload(app).finding, release, population=population)
    (metric,) = app.metric
    assert metric.value == percent(expected.probability)
    assert judged_by(app) == population


def test_an_image_of_unknown_age_is_judged_as_a_child_with_a_caution_until_the_user_chooses(release):
    app = upload(open_page())
    assert_judged_as(app, Population.CHILDREN, release)
    assert [warning.value for warning in app.warning] == [AGE_UNKNOWN]
    assert list(session_table(app)["cautions"]) == [short_text(Caution.AGE_UNKNOWN)]

    population_control(app).set_value("adults").run()
    assert_judged_as(app, Population.ADULTS, release)
    assert not app.warning
    assert "of every 100 adults X-rayed have pneumonia, as in the" in " ".join(c.value for c in app.caption)


def test_the_choice_is_kept_for_the_session(release):
    app = upload(open_page())
    population_control(app).set_value("adults").run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert population_control(app).value == "adults"
    assert_judged_as(app, Population.ADULTS, release)
    upload(app, "next.png")
    assert_judged_as(app, Population.ADULTS, release)


def test_an_age_overrides_the_choice(release):
    app = upload(open_page(), "IM0001", dicom_file(STORED, BitsStored=12, PatientAge="040Y"))
    assert_judged_as(app, Population.ADULTS, release)
    population_control(app).set_value("children").run()
    assert_judged_as(app, Population.ADULTS, release)
    age_input(app).set_value(3).run()
    assert_judged_as(app, Population.CHILDREN, release)
    assert not app.warning


@pytest.mark.usefixtures("release")
def test_each_population_has_its_own_prevalence():
    app = upload(open_page())
    by_label(app.number_input, PREVALENCE_LABELS[Population.ADULTS]).set_value(10).run()
    assert "75 of every 100 children X-rayed" in " ".join(c.value for c in app.caption)
    population_control(app).set_value("adults").run()
    assert "10 of every 100 adults X-rayed" in " ".join(c.value for c in app.caption)


def test_the_download_states_the_population_of_every_patient(release):
    app = upload(upload(open_page(), "unknown.png"), "IM0001", dicom_file(STORED, BitsStored=12, PatientAge="040Y"))
    settings = SessionSettings(release, "balanced", dict.fromkeys(release.populations, 0.2))
    lines = rows_csv(session_uploads(app), settings).splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines] == ["population", "adults", "unknown"]


def test_a_model_for_children_only_asks_for_no_population():
    app = upload(open_page())
    assert POPULATION_LABEL not in [group.label for group in app.button_group]
    assert PREVALENCE_LABELS[Population.ADULTS] not in [number.label for number in app.number_input]
    assert not app.warning
