"""DICOM files and real radiographs in a real browser, compared with the command line; no patient data is shown."""

import numpy as np
import pytest
from playwright.sync_api import expect

from dataset.index import dataset_root, load_index
from model.codes import LABELS, Caution
from model.sentences import render_codes
from tests.support.browser import IDLE, READY, pixels_of, upload_file
from tests.support.dicom_files import BIRTH_DATE, PATIENT_ID, PATIENT_NAME, dicom_file
from tests.support.dicom_samples import samples_folder
from tests.support.landing_page import all_rows, command_line_csv, download_by, select_option
from ui.reading.age_control import AGE_LABEL
from ui.reading.caution_text import short_text
from ui.reading.dicom_panel import WINDOW_LABEL
from ui.reading.finding_panel import DOWNLOAD_RESULT
from ui.reading.session_table import TABLE_TITLE

pytestmark = pytest.mark.slow


@pytest.mark.browser
def test_a_dicom_file_is_read_with_the_selected_window_without_patient_data(tab, tmp_path, server):
    windows = {"WindowCenter": ["128", "160"], "WindowWidth": ["256", "180"]}
    tags = windows | {"PatientAge": "009Y", "PatientBirthDate": BIRTH_DATE}
    (tmp_path / "IM0001").write_bytes(dicom_file(**tags, BurnedInAnnotation="YES", ImagerPixelSpacing=["0.5", "0.5"]))
    upload_file(tab, tmp_path / "IM0001", 1)
    tab.wait_for_selector(READY)
    alt = tab.locator("canvas.radiograph").get_attribute("aria-label")
    cautions = [short_text(caution) for caution in (Caution.BURNED_IN_ANNOTATION, Caution.OUTSIDE_POPULATION)]
    assert alt.endswith(f"Caution: {cautions[0]}. Caution: {cautions[1]}.")
    assert tab.get_by_role("spinbutton", name=AGE_LABEL).input_value() == "9"
    first = pixels_of(tab)
    assert download_by(tab, DOWNLOAD_RESULT)[1].decode() == command_line_csv(tmp_path, "IM0001")

    select_option(tab, WINDOW_LABEL, "Window, centre 160, width 180")
    tab.get_by_text(render_codes([Caution.NON_DEFAULT_WINDOW])).wait_for()
    tab.wait_for_selector(IDLE)
    tab.wait_for_selector(READY)
    assert np.abs(pixels_of(tab) - first).max() > 50
    expect(tab.get_by_text(TABLE_TITLE.format(count=1))).to_have_count(1)

    tab.get_by_text("File details").click()
    tab.get_by_text("Explicit VR Little Endian").wait_for()
    text = tab.locator("body").inner_text() + server.log.read_text()
    assert not [secret for secret in (PATIENT_NAME, "Doe", PATIENT_ID, BIRTH_DATE, "2019") if secret in text]


@pytest.mark.browser
@pytest.mark.dicom_samples
def test_real_dicom_files_give_the_same_rows_in_the_browser_and_on_the_command_line(tab):
    files = sorted(path for folder in ("chest", "not_chest") for path in (samples_folder("dicom") / folder).iterdir())
    assert len(files) >= 9
    for number, file in enumerate(files, start=1):
        upload_file(tab, file, number)
        refused = int(file.parent.name == "not_chest")
        expect(tab.get_by_test_id("stAlert").filter(has_text="Not read")).to_have_count(refused)
    header, *rows = all_rows(tab, len(files))[1].decode().splitlines()

    expected = [command_line_csv(path.parent, path.name).splitlines() for path in files]
    assert [header, *rows[::-1]] == [expected[0][0], *(row for _, row in expected)]


@pytest.mark.browser
@pytest.mark.dataset
def test_ten_real_radiographs_give_the_same_rows_in_the_browser_and_on_the_command_line(tab):
    test_images = [image for image in load_index(dataset_root().resolve()) if image.split == "test"]
    files = [image.path for label in LABELS for image in [i for i in test_images if i.label == label][::40][:5]]
    assert len(files) == 10
    for number, file in enumerate(files, start=1):
        upload_file(tab, file, number)
    rows = all_rows(tab, 10)[1].decode().splitlines()

    expected = [
        command_line_csv(half[0].parent, *(file.name for file in half)).splitlines() for half in (files[:5], files[5:])
    ]
    assert rows[0] == expected[0][0] == expected[1][0]
    assert rows[1:] == [*expected[0][1:], *expected[1][1:]][::-1]  # newest first
    assert len(set(rows)) == 11
