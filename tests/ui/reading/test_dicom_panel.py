"""DICOM on the reading page and on the command line: age, cautions, windows, details, scale; no patient data."""

import json

import numpy as np
import pytest

import ui.viewer.component
from model.batch import file_reader
from model.codes import Caution
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.dicom_files import BIRTH_DATE, PATIENT_ID, PATIENT_NAME, STUDY_DATE, dicom_file, without_file_meta
from tests.support.hostile_files import reason
from tests.support.model_cli import read
from tests.support.pages import (
    age_input,
    open_page,
    page_text,
    read_upload,
    session_table,
    session_uploads,
    upload,
    window_select,
)
from tests.support.synthetic import phantom
from ui.reading.caution_text import short_text
from ui.reading.dicom_panel import VALUE_COLUMN
from ui.reading.refusal_panel import NOT_READ_TEXT

pytestmark = pytest.mark.slow

STORED = (phantom() * 16).astype(np.uint16)
TWO_WINDOWS = {"WindowCenter": ["2048", "2560"], "WindowWidth": ["4096", "2880"]}
SECRETS = (PATIENT_NAME, "Doe", PATIENT_ID, BIRTH_DATE, STUDY_DATE, "1.2.826")


def chest_file(**tags: object) -> bytes:
    return dicom_file(STORED, **{"BitsStored": 12, "PatientBirthDate": BIRTH_DATE} | TWO_WINDOWS | tags)


def warnings_of(app) -> list[str]:
    return [warning.value for warning in app.warning]


def details_of(app) -> dict[str, str]:
    (table,) = app.table
    return table.value[VALUE_COLUMN].to_dict()


def test_a_file_without_extension_is_read_and_the_age_is_filled_in():
    app = upload(open_page(), "IM0001", chest_file())
    assert not app.exception
    assert not app.error
    assert app.metric
    assert age_input(app).value == 3  # from the two dates
    assert not app.warning


def test_an_age_outside_the_population_adds_a_caution_until_the_age_is_corrected():
    app = upload(open_page(), "IM0001", chest_file(PatientAge="040Y"))
    assert age_input(app).value == 40
    (warning,) = warnings_of(app)
    assert "patients aged 1 to 5 years" in warning
    assert list(session_table(app)["cautions"]) == [short_text(Caution.OUTSIDE_POPULATION)]
    age_input(app).set_value(4).run()
    assert not app.warning
    assert list(session_table(app)["cautions"]) == [""]


def test_cautions_of_the_file_are_shown_on_the_page_and_in_the_row():
    app = upload(open_page(), "IM0001", without_file_meta(chest_file(BurnedInAnnotation="YES")))
    cautions = (Caution.BURNED_IN_ANNOTATION, Caution.ENCODING_ASSUMED)
    assert warnings_of(app) == [render_codes([caution]) for caution in cautions]
    assert list(session_table(app)["cautions"]) == [", ".join(map(short_text, cautions))]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Modality": "CT"}, reason(MessageCode.OTHER_MODALITY, modality="CT")),
        ({"ViewPosition": "LL"}, reason(MessageCode.NON_FRONTAL_VIEW, view="lateral")),
        ({"PixelData": bytes(9)}, reason(MessageCode.FILE_DAMAGED)),
    ],
)
def test_a_refused_file_is_shown_with_the_reason(tags, expected):
    app = upload(open_page(), "IM0001", chest_file(**tags))
    assert not app.exception
    (error,) = app.error
    assert error.value == NOT_READ_TEXT.format(reason=expected)
    assert not app.metric


def test_another_window_replaces_the_row_and_keeps_the_age():
    app = upload(open_page(), "IM0001", chest_file())
    first = read_upload(app)
    age_input(app).set_value(5).run()
    assert window_select(app).options == ["Window, centre 2048, width 4096", "Window, centre 2560, width 2880"]
    window_select(app).select_index(1).run()

    second = read_upload(app)
    assert not app.exception
    assert second.finding.probability != first.finding.probability
    assert warnings_of(app) == [render_codes([Caution.NON_DEFAULT_WINDOW])]
    assert details_of(app)["Window"] == "Window, centre 2560, width 2880"
    assert age_input(app).value == 5
    assert list(session_table(app)["path"]) == ["IM0001"]
    app.run()
    assert read_upload(app) is second  # read once

    window_select(app).select_index(0).run()
    assert read_upload(app).finding.probability == first.finding.probability
    assert not app.warning


def test_after_a_visit_to_another_page_the_window_is_kept_and_disabled():
    app = upload(open_page(), "IM0001", chest_file())
    window_select(app).select_index(1).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert window_select(app).value == 1
    assert window_select(app).disabled
    assert warnings_of(app) == [render_codes([Caution.NON_DEFAULT_WINDOW])]


def test_the_next_file_starts_with_its_first_window():
    app = upload(open_page(), "IM0001", chest_file())
    window_select(app).select_index(1).run()
    upload(app, "IM0002", chest_file())
    assert window_select(app).value == 0
    assert not app.warning


def test_neither_page_nor_session_holds_patient_data_or_dates():
    tags = {"ImagerPixelSpacing": ["0.2", "0.2"], "KVP": "70", "ReferringPhysicianName": "Hibbert"}
    app = upload(open_page(), "IM0001", chest_file(**tags))
    assert details_of(app) == {
        "Modality": "DX",
        "Body part": "CHEST",
        "View position": "AP",
        "Window": "Window, centre 2048, width 4096",
        "Height x width": "300 x 400 pixels",
        "Pixel height x width": "0.2 x 0.2 mm at the detector",
        "Stored as": "MONOCHROME2, 12 of 16 bits, unsigned",
        "Transfer syntax": "Explicit VR Little Endian",
        "Tube voltage": "70 kV",
    }
    kept = repr([vars(upload) for upload in session_uploads(app)])
    for secret in (*SECRETS, "Hibbert"):
        assert secret not in page_text(app)
        assert secret not in repr(details_of(app))
        assert secret not in kept


def test_an_image_that_is_not_dicom_has_no_details_window_or_scale(monkeypatch):
    scales = []
    monkeypatch.setattr(ui.viewer.component, "show_radiograph", lambda *_, scale, **__: scales.append(scale))
    app = upload(open_page())
    assert scales == [None]
    assert not app.selectbox
    assert not app.table


@pytest.mark.parametrize(
    ("tags", "scale"),
    [
        ({"PixelSpacing": ["0.3", "0.2"]}, ui.viewer.component.ScaleBar(80, "")),
        ({"ImagerPixelSpacing": ["0.3", "0.2"]}, ui.viewer.component.ScaleBar(80, "at the detector")),
        ({}, None),
    ],
)
def test_the_viewer_receives_the_width_of_the_radiograph(monkeypatch, tags, scale):
    scales = []
    monkeypatch.setattr(ui.viewer.component, "show_radiograph", lambda *_, scale, **__: scales.append(scale))
    upload(open_page(), "IM0001", chest_file(**tags))
    assert scales == [scale]


# --- on the command line


def test_the_command_line_reads_dicom_with_its_cautions(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(file_reader, "reliability_warnings", lambda *_: ())
    files = {
        "a": chest_file(PatientAge="040Y"),
        "b.dcm": without_file_meta(chest_file(BurnedInAnnotation="YES")),
        "c": chest_file(Modality="MR"),
        "d.dcm": chest_file()[:2000],
        "e": chest_file(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    status, rows = read(capsys, tmp_path, "--heatmaps", tmp_path.parent / "maps")

    assert status == 3
    assert [row["cautions"] for row in rows] == [
        ["outside_population"],
        ["burned_in_annotation", "encoding_assumed"],
        [],
        [],
        [],
    ]
    assert [row["reason_code"] for row in rows] == ["", "", "wrong_modality", "unreadable", ""]
    assert rows[0]["probability"] == rows[4]["probability"]
    assert (tmp_path.parent / "maps" / "a.png").is_file()
    for secret in SECRETS:
        assert secret not in json.dumps([row | {"path": ""} for row in rows])


def test_a_file_refused_with_the_first_window_can_be_read_with_another():
    narrow = {"WindowCenter": ["400", "2048"], "WindowWidth": ["100", "4096"]}
    app = upload(open_page(), "IM0001", chest_file(**narrow))
    assert app.error
    window_select(app).set_value(1).run()
    assert not app.error
    assert app.metric
