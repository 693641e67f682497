"""The stated agreement of similar cases is that in metrics.json."""

from model.performance.similar_cases import similar_cases_sentence
from tests.support.metrics import ESTIMATE, UNDEFINED


def test_similar_cases_sentence_states_all_and_each_class():
    agreement = {
        "count": 5,
        "split": "test",
        "same_class": ESTIMATE | {"n": 624},
        "by_class": {"NORMAL": ESTIMATE | {"n": 234}, "PNEUMONIA": UNDEFINED | {"n": 390}},
        "same_cause": ESTIMATE | {"value": 0.85, "n": 624},
    }

    assert similar_cases_sentence(agreement) == (
        "Of the 5 training images most similar to each of 624 test images, on average, 90.0% (80.0%-95.0%) have the "
        "same class as the test image; by class: NORMAL 90.0% (80.0%-95.0%), PNEUMONIA not defined. On average, 85.0% "
        "(80.0%-95.0%) have the same cause. Similarity is measured by the model itself, so similar cases tend to agree "
        "with it even when it is wrong."
    )
