"""Error rates of the admission check; a share measured on too few images is not stated."""

from model.performance.admission import admission_sentences, admitted_table, inadmissible_table, refusal_sentence


def share(n: int, value: float | None = 0.1) -> dict:
    return {"n": n, "value": value, "low": None if value is None else 0.0, "high": None if value is None else 0.2}


def rates(n: int) -> dict:
    return {"refused": share(n), "cautioned": share(n, 0.02), "codes": {}}


def population(n_validation: int, n_test: int) -> dict:
    return {"validation": rates(n_validation), "shifted": rates(n_validation), "test": rates(n_test)}


ADMISSION = {
    "validation": rates(844),
    "shifted": rates(844),
    "test": rates(624),
    "adults": None,
    "mirrored": share(844, 0.9),
    "negatives": {
        "upside down": {"accepted": share(300), "named": share(300), "corrected": share(300)},
        "photographs": {"accepted": share(30), "named": share(30), "corrected": None},
        "rare": {"accepted": share(29), "named": share(29), "corrected": None},
        "lateral chest radiographs": {"accepted": share(0, None), "named": share(0, None), "corrected": None},
    },
    "populations": {"children": population(844, 624)},
    "not_chest": None,
}
REAL = {"accepted": share(268, 0.004), "named": share(268), "corrected": None}


def test_each_measured_set_has_a_row():
    assert admitted_table(ADMISSION) == [
        {"Images": name, "Refused": "0.100 (0.000-0.200)", "Read with a caution": "0.020 (0.000-0.200)", "n": str(n)}
        for name, n in (
            ("validation", 844),
            ("validation, perturbed", 844),
            ("official test split", 624),
        )
    ]
    assert [row["Images"] for row in admitted_table(ADMISSION | {"adults": rates(496)})][-1] == (
        "adults of another hospital"
    )


def test_each_population_has_its_own_rows_if_there_are_several():
    populations = {"children": population(844, 624), "adults": population(740, 1260)}
    rows = admitted_table(ADMISSION | {"populations": populations})
    assert [(row["Images"], row["n"]) for row in rows] == [
        ("validation: children", "844"),
        ("validation, perturbed: children", "844"),
        ("official test split: children", "624"),
        ("validation: adults", "740"),
        ("validation, perturbed: adults", "740"),
        ("official test split: adults", "1260"),
    ]


def test_of_fewer_than_thirty_images_the_number_is_stated_instead_of_a_share():
    rows = {row["Unsuitable images"]: row for row in inadmissible_table(ADMISSION)}
    assert rows["photographs"]["Accepted"] == "0.100 (0.000-0.200)"
    assert rows["rare"]["Accepted"] == "3 of 29"
    assert rows["lateral chest radiographs"]["Accepted"] == "not measured"
    assert (rows["rare"]["n"], rows["lateral chest radiographs"]["n"]) == ("29", "0")


def test_correction_rate_is_stated_if_a_correction_exists():
    rows = {row["Unsuitable images"]: row["Correction offered"] for row in inadmissible_table(ADMISSION)}
    assert rows["upside down"] == "0.100 (0.000-0.200)"
    assert rows["photographs"] == ""


def test_sentences_state_how_often_a_mirrored_image_is_noticed():
    assert admission_sentences(ADMISSION)[-1].endswith(
        "was given for 0.900 (0.000-0.200) of mirrored validation images (n = 844)."
    )


def test_summary_states_the_worst_family_and_the_unmeasured_ones():
    worst = {"upside down": {"accepted": share(300, 0.15)}}
    sentence = refusal_sentence(ADMISSION | {"negatives": ADMISSION["negatives"] | worst})
    assert sentence == (
        "The admission check has a refusal rate of 0.100 (0.000-0.200) on the official test split (n = 624). It was "
        "tested on 2 kinds of unsuitable image; the highest acceptance rate for any kind is 0.150 (0.000-0.200). Not "
        "measured: lateral chest radiographs."
    )


def test_summary_without_unsuitable_images_states_refusals_only():
    assert refusal_sentence(ADMISSION | {"negatives": {}}).endswith("on the official test split (n = 624).")


def test_the_rate_of_real_images_is_stated_only_if_it_was_measured():
    measured = ADMISSION | {"not_chest": REAL}
    assert "0.004 (0.000-0.200) were accepted (n = 268)" in " ".join(admission_sentences(measured))
    assert "0.004 (0.000-0.200)" in refusal_sentence(measured)
    assert "n = 268" not in " ".join([*admission_sentences(ADMISSION), refusal_sentence(ADMISSION)])


def test_summary_names_each_population_if_there_are_several():
    populations = {"children": population(844, 624), "adults": population(740, 1260)}
    sentence = refusal_sentence(ADMISSION | {"populations": populations})
    for images in ("official test split: children (n = 624)", "official test split: adults (n = 1260)"):
        assert images in sentence
