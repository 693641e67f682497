"""DICOM on the reading page and in the shell: age, cautions, windows, details, scale; nothing that names a patient."""

import json

import numpy as np
import pytest

import ui.viewer.component
from tests.support.dicom_files import BORN, FILMED, IDENTIFIER, PATIENT, radiograph, without_meta
from tests.support.model_cli import read
from tests.support.pages import no_cache_of_another_test, opened, upload, words  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom

STORED = (phantom() * 16).astype(np.uint16)
TWO_WINDOWS = {"WindowCenter": ["2048", "2560"], "WindowWidth": ["4096", "2880"]}
SECRETS = (PATIENT, "Doe", IDENTIFIER, BORN, FILMED, "1.2.826")


def film(**tags: object) -> bytes:
    return radiograph(STORED, **{"BitsStored": 12, "PatientBirthDate": BORN} | TWO_WINDOWS | tags)


def warnings_of(app) -> list[str]:
    return [warning.value.split("**")[1] for warning in app.warning]


def details_of(app) -> dict[str, str]:
    (table,) = app.table
    return table.value["As the file tells"].to_dict()


def test_a_file_without_extension_is_read_and_its_age_filled_in():
    app = upload(opened(), "IM0001", film())
    assert not app.exception
    assert not app.error
    assert app.metric
    assert app.number_input[-1].value == 3  # from the two dates
    assert not app.warning


def test_an_age_outside_the_population_is_a_caution_until_somebody_corrects_it():
    app = upload(opened(), "IM0001", film(PatientAge="040Y"))
    assert app.number_input[-1].value == 40
    assert warnings_of(app) == ["This reader is made for children of 1 to 5 years."]
    assert list(app.dataframe[0].value["cautions"]) == ["not of the age it is made for"]
    app.number_input[-1].set_value(4).run()
    assert not app.warning
    assert list(app.dataframe[0].value["cautions"]) == [""]


def test_what_the_file_gives_rise_to_is_said_on_the_page_and_in_the_row():
    app = upload(opened(), "IM0001", without_meta(film(BurnedInAnnotation="YES")))
    assert warnings_of(app) == ["Text is burned into this picture,", "This file does not say how it is encoded."]
    assert list(app.dataframe[0].value["cautions"]) == ["text burned into the picture, encoding assumed"]


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"Modality": "CT"}, "**Not read.** This is a CT image, as the file says, which is not read."),
        ({"ViewPosition": "LL"}, "**Not read.** This is a lateral film, as the file says, which is not read."),
        ({"PixelData": bytes(9)}, "**Not read.** This picture is damaged or incomplete, so it is not read."),
    ],
)
def test_a_refused_file_is_told_why(tags, sentence):
    app = upload(opened(), "IM0001", film(**tags))
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith(sentence)
    assert not app.metric


def test_another_window_reads_the_film_again_in_place_of_its_row_and_keeps_the_age_that_was_said():
    app = upload(opened(), "IM0001", film())
    first = app.session_state["current_reading"]
    app.number_input[-1].set_value(5).run()
    (choice,) = app.selectbox
    assert choice.label == "Window of the file"
    assert choice.options == ["Window, centre 2048, width 4096", "Window, centre 2560, width 2880"]
    choice.select_index(1).run()

    second = app.session_state["current_reading"]
    assert not app.exception
    assert second.finding.probability != first.finding.probability
    assert warnings_of(app) == ["Read through another window than the first of the file,"]
    assert details_of(app)["Shown through"] == "Window, centre 2560, width 2880"
    assert app.number_input[-1].value == 5
    assert list(app.dataframe[0].value["path"]) == ["IM0001"]
    app.run()
    assert app.session_state["current_reading"] is second  # read once

    app.selectbox[0].select_index(0).run()
    assert app.session_state["current_reading"].finding.probability == first.finding.probability
    assert not app.warning


def test_on_return_to_the_page_the_window_stays_and_cannot_be_changed_without_the_file():
    app = upload(opened(), "IM0001", film())
    app.selectbox[0].select_index(1).run()
    app.switch_page("pages/About.py").run()
    app.switch_page("app.py").run()
    assert app.selectbox[0].value == 1
    assert app.selectbox[0].disabled
    assert warnings_of(app) == ["Read through another window than the first of the file,"]


def test_the_next_file_starts_with_its_own_first_window():
    app = upload(opened(), "IM0001", film())
    app.selectbox[0].select_index(1).run()
    upload(app, "IM0002", film())
    assert app.selectbox[0].value == 0
    assert not app.warning


def test_details_are_technical_and_nothing_on_the_page_or_kept_names_the_patient_or_a_date():
    tags = {"ImagerPixelSpacing": ["0.2", "0.2"], "KVP": "70", "ReferringPhysicianName": "Hibbert"}
    app = upload(opened(), "IM0001", film(**tags))
    assert details_of(app) == {
        "Modality": "DX",
        "Body part": "CHEST",
        "View position": "AP",
        "Shown through": "Window, centre 2048, width 4096",
        "Columns x rows": "400 x 300",
        "Height x width of a pixel": "0.2 x 0.2 mm at the detector",
        "Stored as": "MONOCHROME2, 12 of 16 bits, unsigned",
        "Transfer syntax": "Explicit VR Little Endian",
        "Tube voltage": "70 kV",
    }
    kept = repr([vars(one) for one in (app.session_state["current_reading"], *app.session_state["readings"])])
    for secret in (*SECRETS, "Hibbert"):
        assert secret not in words(app)
        assert secret not in repr(details_of(app))
        assert secret not in kept


def test_a_picture_that_is_no_clinical_file_has_neither_details_nor_windows_nor_scale(monkeypatch):
    seen = []
    monkeypatch.setattr(ui.viewer.component, "radiograph_viewer", lambda *_, **named: seen.append(named["scale"]))
    app = upload(opened())
    assert seen == [None]
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
def test_the_viewer_is_told_how_wide_the_film_is(monkeypatch, tags, scale):
    seen = []
    monkeypatch.setattr(ui.viewer.component, "radiograph_viewer", lambda *_, **named: seen.append(named["scale"]))
    upload(opened(), "IM0001", film(**tags))
    assert seen == [scale]


# --- in the shell


def test_the_shell_reads_dicom_like_the_rest_with_its_cautions(tmp_path, capsys):
    files = {
        "a": film(PatientAge="040Y"),
        "b.dcm": without_meta(film(BurnedInAnnotation="YES")),
        "c": film(Modality="MR"),
        "d.dcm": film()[:2000],
        "e": film(),
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


def test_a_film_that_is_refused_through_one_window_can_be_seen_through_another():
    narrow = {"WindowCenter": ["400", "2048"], "WindowWidth": ["100", "4096"]}
    app = upload(opened(), "IM0001", film(**narrow))
    assert app.error[0].value.startswith("**Not read.**")
    app.selectbox[0].set_value(1).run()
    assert not app.error
    assert app.metric
