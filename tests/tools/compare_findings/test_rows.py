"""Comparison of rows: values, columns, renamed codes, sentences, order and exit status."""

import json

import pytest

from tests.support.fake_checkout import ADMITTED, REFUSED, ROWS, reported_differences

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("column", "expected", "actual"),
    [
        ("probability", 0.1, 0.10000000000000002),
        ("probability", 1, 1.0),
        ("probability", float("nan"), 0.5),
        ("verdict", "normal", "pneumonia"),
        ("reason", "Turn it.", "Rotate it."),
        ("cautions", ["low_quality", "unfamiliar"], ["unfamiliar", "low_quality"]),
        ("read_anyway", False, 0),
    ],
)
def test_every_changed_value_is_a_difference(run, before, after, capsys, column, expected, actual):
    before.prepare([ADMITTED | {column: expected}, REFUSED])
    after.prepare([ADMITTED | {column: actual}, REFUSED])
    assert run() == 1
    shown = f"{json.dumps(expected)} in BEFORE, {json.dumps(actual)} in AFTER"
    assert reported_differences(capsys) == [f"plain: a.png: {column}: {shown}"]


def test_nan_equals_nan(run, before, after):
    for checkout in (before, after):
        checkout.prepare([ADMITTED | {"probability": float("nan")}, REFUSED])
    assert run() == 0


def test_read_anyway_mode_is_compared_too(run, after, capsys):
    after.prepare([ADMITTED, REFUSED | {"read_anyway": True}], "anyway")
    assert run() == 1
    assert reported_differences(capsys) == ["read anyway: b.png: read_anyway: false in BEFORE, true in AFTER"]


def test_appended_columns_are_allowed(run, after):
    after.prepare([row | {"site": "x"} for row in ROWS])
    assert run() == 0


@pytest.mark.parametrize(
    "columns",
    [
        [column for column in ADMITTED if column != "cautions"],
        [*list(ADMITTED)[1:], "path"],
        ["site", *ADMITTED],
    ],
    ids=["removed", "reordered", "inserted"],
)
def test_changed_columns_are_reported_once(run, after, capsys, columns):
    after.prepare([{column: row.get(column, "") for column in columns} for row in ROWS])
    assert run() == 1
    assert reported_differences(capsys) == [
        f"plain: columns: {', '.join(ADMITTED)} in BEFORE, {', '.join(columns)} in AFTER"
    ]


def test_renamed_codes_are_equal_as_values_and_in_lists(run, after):
    renamed_caution = ADMITTED | {"cautions": ["low_quality", "out_of_distribution"]}
    after.prepare([renamed_caution, REFUSED | {"reason_code": "multi_frame"}])
    after.prepare([renamed_caution, REFUSED | {"reason_code": "multi_frame"}], "anyway")
    assert run() == 1
    assert run("--renamed", "unfamiliar=out_of_distribution", "several_images=multi_frame") == 0


def test_code_that_was_not_renamed_is_a_difference(run, capsys):
    assert run("--renamed", "several_images=multi_frame") == 1
    shown = 'b.png: reason_code: "several_images" in BEFORE, "several_images" in AFTER (expected "multi_frame")'
    assert reported_differences(capsys) == [f"plain: {shown}", f"read anyway: {shown}"]


def test_renames_apply_to_code_columns_only(run, before, after, capsys):
    before.prepare([ADMITTED | {"reason": "old"}, REFUSED])
    after.prepare([ADMITTED | {"reason": "new"}, REFUSED])
    assert run("--renamed", "old=new") == 1
    assert reported_differences(capsys) == ['plain: a.png: reason: "old" in BEFORE, "new" in AFTER']


def test_new_name_that_before_already_uses_is_a_difference(run, after, capsys):
    for mode in ("plain", "anyway"):
        after.prepare([ADMITTED | {"cautions": ["low_quality", "low_quality"]}, REFUSED], mode)
    assert run("--renamed", "unfamiliar=low_quality") == 1
    message = "renamed code unfamiliar=low_quality: BEFORE already uses low_quality"
    assert reported_differences(capsys) == [f"plain: {message}", f"read anyway: {message}"]


def test_two_codes_may_swap_names(run, after):
    for mode in ("plain", "anyway"):
        after.prepare([ADMITTED | {"cautions": ["unfamiliar", "low_quality"]}, REFUSED], mode)
    assert run("--renamed", "unfamiliar=low_quality", "low_quality=unfamiliar") == 0


def test_ignore_sentences_allows_changed_sentences(run, after):
    after.prepare([ADMITTED, REFUSED | {"reason": "It holds several images."}])
    assert run("--ignore-sentences") == 0


def test_missing_and_additional_rows_are_differences(run, after, capsys):
    after.prepare([ADMITTED | {"probability": 0.2}, REFUSED | {"path": "c.png"}])
    assert run() == 1
    assert reported_differences(capsys) == [
        "plain: b.png: no row in AFTER",
        "plain: c.png: no row in BEFORE",
        "plain: a.png: probability: 0.1 in BEFORE, 0.2 in AFTER",
    ]


def test_repeated_row_is_a_difference(run, after, capsys):
    after.prepare([ADMITTED, REFUSED, REFUSED])
    assert run() == 1
    assert reported_differences(capsys) == ["plain: b.png: no row in BEFORE"]


def test_reordered_rows_are_a_difference(run, after, capsys):
    after.prepare([REFUSED, ADMITTED])
    assert run() == 1
    assert reported_differences(capsys) == ["plain: the rows are in a different order"]


def test_changed_exit_status_is_a_difference(run, after, capsys):
    after.prepare(ROWS, status=0)
    assert run() == 1
    assert reported_differences(capsys) == ["plain: exit status: 3 in BEFORE, 0 in AFTER"]


def test_rows_may_contain_unicode_line_separators(run, before, after):
    for checkout in (before, after):
        checkout.prepare([ADMITTED | {"reason": "one\u2028two\x85three"}, REFUSED])
    assert run() == 0


def test_missing_rows_are_differences(run, after, capsys):
    after.prepare([])
    assert run() == 1
    assert reported_differences(capsys) == ["plain: a.png: no row in AFTER", "plain: b.png: no row in AFTER"]
