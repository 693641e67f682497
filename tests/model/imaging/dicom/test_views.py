"""Lateral, oblique and decubitus views by their view position, view code or orientation."""

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from model.errors import LateralView
from model.imaging.dicom.read import read_dicom
from model.imaging.dicom.views import non_frontal_view
from model.messages import Message, MessageCode
from tests.support.dicom_files import dicom_file, read_metadata

FRONTAL_CODES = ("399348003", "R-10206", "272479007", "R-40888", "399033003", "R-10202")


def refusal(**tags: object) -> tuple[type[LateralView], Message]:
    with pytest.raises(LateralView) as raised:
        read_dicom(dicom_file(**tags), 0)
    (message,) = raised.value.messages
    return type(raised.value), message


LATERAL = (LateralView, Message(MessageCode.NON_FRONTAL_VIEW, {"view": "lateral"}))
OBLIQUE = (LateralView, Message(MessageCode.NON_FRONTAL_VIEW, {"view": "oblique"}))


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LAT", "LEFT LATERAL", "RIGHT_LATERAL", "PA LATERAL", "L LAT"])
def test_lateral_views_are_refused(view):
    assert refusal(ViewPosition=view) == LATERAL


@pytest.mark.parametrize(
    "view", ["RLO", "LLO", "LAO", "RAO", "LPO", "RPO", "OBL", "OBLIQUE", "AP OBLIQUE", "PA_OBLIQUE"]
)
def test_oblique_views_are_refused(view):
    assert refusal(ViewPosition=view) == OBLIQUE


@pytest.mark.parametrize(
    "rows_and_columns", [["A", "F"], ["P", "F"], ["PL", "FA"], ["AFR", "FP"], ["a", "f"], ["F", "A"]]
)
def test_rows_or_columns_that_run_from_front_to_back_mean_a_lateral_view(rows_and_columns):
    assert refusal(ViewPosition=None, PatientOrientation=rows_and_columns) == LATERAL


@pytest.mark.parametrize(
    "orientation",
    [
        *(["L", "F"], ["R", "F"], ["LA", "FP"], ["R", "P"], ["F", "L"]),
        *(["H", ""], ["", "A"], ["AP", "F"], ["PA", "F"], ["A", "F", "F"], ["ANN", "F"], "A", "P", "PA", "", None),
    ],
)
def test_other_missing_and_invalid_orientations_are_accepted(orientation):
    assert read_metadata(PatientOrientation=orientation).view_position == "AP"


def view_code(meaning: str = "view", value: str = "399033003") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return Sequence([item])


@pytest.mark.parametrize("value", ["399067008", "R-102CD", "399198007", "R-10232", "399173006", "R-10236"])
@pytest.mark.parametrize("meaning", ["", "antero-posterior", "radiografia"])
def test_a_lateral_view_is_recognised_by_its_code_whatever_its_meaning(value, meaning):
    assert refusal(ViewPosition=None, ViewCodeSequence=view_code(meaning, value)) == LATERAL


@pytest.mark.parametrize("value", ["399135007", "R-10220", "399182000", "R-102C1"])
def test_an_oblique_view_is_recognised_by_its_code(value):
    assert refusal(ViewPosition=None, ViewCodeSequence=view_code("view", value)) == OBLIQUE


def test_every_code_of_the_standard_for_a_lateral_or_oblique_view_is_known():
    for code in (getattr(codes.cid4010, name) for name in codes.cid4010.dir()):
        dataset = Dataset()
        dataset.ViewCodeSequence = view_code("view", code.value)
        meaning = code.meaning.lower()
        is_lateral = "lateral" in meaning or meaning == "sagittal"
        assert non_frontal_view(dataset) == ("oblique" if "oblique" in meaning else "lateral" if is_lateral else "")


@pytest.mark.parametrize(
    "meaning", ["Lateral projection", "left lateral", "Profil gauche", "seitlich", "側面", "側位像"]
)
def test_a_lateral_view_is_recognised_by_the_meaning_of_a_code(meaning):
    tags = {"SpecificCharacterSet": "ISO_IR 192", "ViewPosition": None, "ViewCodeSequence": view_code(meaning)}
    assert refusal(**tags) == LATERAL


def test_an_oblique_view_is_recognised_by_the_meaning_of_a_code():
    assert refusal(ViewPosition=None, ViewCodeSequence=view_code("left anterior oblique")) == OBLIQUE


WORDS = {
    "lateral": "LL RL LAT LLAT LATERAL LATERALE LATERAAL LATERO-LATERAL PROFIL PROFILE PERFIL "
    "SEITLICH SEITL ZIJDELINGS DWARS BOCZNE BOČNÍ SIDEBILLEDE SIDOBILD SIVUKUVA YAN БОКОВАЯ "
    "ПРОФИЛЬ 側位 侧位 側面 측면 جانبي",
    "oblique": "OBL OBLIQUE OBLICUA OBLIQUA OBLIQUO SCHRÄG SCHRAEG SKOŚNE КОСАЯ 斜位 RAO LPO",
    "decubitus": "LLD RLD DECUBITUS",
    "": "AP PA FRONTAL ERECT SUPINE FACE P.A. STANDING 正位 ПРЯМАЯ DORSAL_DECUBITUS COLLATERALS",
}


@pytest.mark.parametrize(
    ("expected", "word"), [(view, word) for view, words in WORDS.items() for word in words.split()]
)
def test_words_of_common_languages_are_recognised(expected, word):
    for text in (word, f"THORAX {word}", f"{word}_LINKS", word.lower()):
        dataset = Dataset()
        dataset.add_new("ViewPosition", "LO", text)
        assert non_frontal_view(dataset) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "gb18030"])
def test_a_word_in_a_code_string_is_recognised_in_other_encodings(encoding):
    file = dicom_file(ViewPosition="QQQQQQ").replace(b"QQQQQQ", "側位".encode(encoding).ljust(6))
    with pytest.raises(LateralView):
        read_dicom(file, 0)


@pytest.mark.parametrize("view", ["LLD", "RLD"])
def test_lateral_decubitus_views_are_refused(view):
    assert refusal(ViewPosition=view)[1].params == {"view": "decubitus"}


@pytest.mark.parametrize("view", ["AP", "PA", None])
@pytest.mark.parametrize("value", FRONTAL_CODES)
def test_frontal_views_are_read(view, value):
    assert read_metadata(ViewPosition=view, ViewCodeSequence=view_code("antero-posterior", value)).view_position == (
        view or ""
    )
