"""Agreement of similar cases, in a sentence for the page and the model card."""

from model.performance.formatting import format_percent_estimate
from model.performance.schema import SimilarCaseMetrics
from model.performance.terms import term
from model.translation import gettext as _


def similar_cases_sentence(similar_cases: SimilarCaseMetrics) -> str:
    """Describe how often the nearest training images agree with the test images."""
    by_class = [
        _("{name} {value}").format(name=term(label), value=format_percent_estimate(share))
        for label, share in similar_cases["by_class"].items()
    ]
    return _(
        "Of the {count} training images most similar to each of {n} test images, on average, {same_class} have the "
        "same class as the test image; by class: {by_class}. On average, {same_cause} have the same cause. Similarity "
        "is measured by the model itself, so similar cases tend to agree with it even when it is wrong."
    ).format(
        count=similar_cases["count"],
        n=similar_cases["same_class"]["n"],
        same_class=format_percent_estimate(similar_cases["same_class"]),
        by_class=", ".join(by_class),
        same_cause=format_percent_estimate(similar_cases["same_cause"]),
    )
