"""Rows for findings and refusals as dictionaries, JSON lines and CSV."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import Population
from model.errors import FileRefused, FileUnreadable, FormatUnsupported, ImageTooLarge, ImageTooSmall
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.decision import OperatingPoint, Verdict
from model.inference.finding import Finding
from model.inference.finding_rows import COLUMNS, finding_row, refusal_row, to_csv, to_jsonl
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.hostile_names import ANY_NAME, FORMULA_STARTS, HARMFUL, ORDINARY_NAME

EXPECTED = (
    "path,status,probability,verdict,operating_point,threshold,reason_code,reason,cautions,read_anyway,model_version,"
    "prevalence,population"
)


def finding(
    probability: float = 0.1 + 0.2,
    cautions: tuple[str, ...] = (),
    population: Population | None = Population.CHILDREN,
) -> Finding:
    point = OperatingPoint("balanced", 1 / 3, "by hand")
    empty = np.zeros((7, 7), np.float32)
    return Finding(
        logit=-2.0,
        population=population,
        probability=probability,
        prevalence=0.25,
        verdict=Verdict.NORMAL,
        operating_point=point,
        heat_map=empty,
        heat_map_box=WHOLE_IMAGE,
        embedding=empty[0],
        model_version="1.2.3",
        cautions=cautions,
    )


def parse_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_columns_and_their_order_are_fixed():
    """Other programs read the columns: a new one is added at the end and needs a new major version."""
    assert ",".join(COLUMNS) == EXPECTED


def test_the_row_of_a_finding():
    assert finding_row("a.png", finding(cautions=("lateral", "adult"))) == {
        "path": "a.png",
        "status": "read",
        "probability": 0.1 + 0.2,
        "verdict": "NORMAL",
        "operating_point": "balanced",
        "threshold": 1 / 3,
        "reason_code": "",
        "reason": "",
        "cautions": ["lateral", "adult"],
        "read_anyway": False,
        "model_version": "1.2.3",
        "prevalence": 0.25,
        "population": "children",
    }


@pytest.mark.parametrize(
    ("population", "code"), [(Population.CHILDREN, "children"), (Population.ADULTS, "adults"), (None, "unknown")]
)
def test_the_row_of_a_finding_states_the_population_of_the_patient(population, code):
    assert finding_row("a.png", finding(population=population))["population"] == code


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FileUnreadable, "unreadable"),
        (FormatUnsupported, "unsupported_format"),
        (ImageTooLarge, "too_large"),
        (ImageTooSmall, "too_small"),
        (FileRefused, "file_refused"),
    ],
)
def test_the_row_of_a_refusal(kind, code):
    assert refusal_row("a.png", kind(MessageCode.FILE_DAMAGED), "1.2.3") == {
        "path": "a.png",
        "status": "refused",
        "probability": None,
        "verdict": "",
        "operating_point": "",
        "threshold": None,
        "reason_code": code,
        "reason": render_codes([MessageCode.FILE_DAMAGED]),
        "cautions": [],
        "read_anyway": False,
        "model_version": "1.2.3",
        "prevalence": None,
        "population": "",
    }


ROWS = [
    finding_row("a.png", finding(cautions=("one", "two"))),
    finding_row("b.png", finding(2**-40)),
    refusal_row("c.png", FileUnreadable(MessageCode.FILE_NOT_OPENED, reason='quota, "hard" limit'), "1.2.3"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["path"])
def test_both_kinds_of_row_have_every_column_in_order(row):
    assert tuple(row) == COLUMNS


def test_json_lines_contain_the_rows_unchanged():
    for row in ROWS:
        text = to_jsonl(row)
        assert "\n" not in text
        assert json.loads(text) == row
        assert tuple(json.loads(text)) == COLUMNS


def test_csv_has_the_same_values_as_json():
    for row, csv_row in zip(ROWS, parse_csv(to_csv(ROWS)), strict=True):
        assert tuple(csv_row) == COLUMNS
        for column, value in row.items():
            if column == "cautions":
                assert csv_row[column] == ";".join(value)
            elif value is None:
                assert csv_row[column] == ""
            elif isinstance(value, float):
                assert float(csv_row[column]) == value  # in full precision
            else:
                assert csv_row[column] == str(value)


def test_csv_starts_with_the_columns_and_lines_end_with_a_newline_only():
    assert to_csv([]) == EXPECTED + "\n"
    assert to_csv(ROWS[:1]).splitlines()[0] == EXPECTED
    assert "\r" not in to_csv(ROWS)
    assert to_csv(ROWS).endswith("1.2.3,,\n")


def test_csv_written_row_by_row_equals_csv_written_at_once():
    one_by_one = [to_csv([row], header=number == 0) for number, row in enumerate(ROWS)]
    assert "".join(one_by_one) == to_csv(ROWS)


@given(paths=st.lists(ANY_NAME, min_size=1, max_size=4))
def test_any_path_survives_json(paths):
    assert [json.loads(to_jsonl(finding_row(path, finding())))["path"] for path in paths] == paths


@given(paths=st.lists(ORDINARY_NAME, min_size=1, max_size=4))
def test_any_ordinary_path_survives_csv(paths):
    rows = [finding_row(path, finding()) for path in paths]
    assert [row["path"] for row in parse_csv(to_csv(rows))] == paths


@given(path=ANY_NAME, reason=ANY_NAME)
def test_exported_text_controls_no_terminal_and_computes_nothing_in_a_spreadsheet(path, reason):
    rows = [
        finding_row(path, finding()),
        refusal_row(path, FileUnreadable(MessageCode.FILE_NOT_OPENED, reason=reason), "1.2.3"),
    ]
    for text in (to_csv(rows), *map(to_jsonl, rows)):
        assert HARMFUL.search(text.replace("\n", "")) is None
    assert len(to_csv(rows).splitlines()) == 3
    for row in parse_csv(to_csv(rows)):
        cells = [part.lstrip() for cell in row.values() for part in cell.split(";")]
        assert not any(cell.startswith(FORMULA_STARTS) for cell in cells)


@given(probability=st.floats(0, 1))
def test_any_probability_survives_csv_and_json_exactly(probability):
    row = finding_row("a.png", finding(probability))

    assert float(parse_csv(to_csv([row]))[0]["probability"]) == probability
    assert json.loads(to_jsonl(row))["probability"] == probability
