"""Sentences about the settings of a finding: decision threshold, prevalence and model."""

from model.codes import Population
from model.inference.finding import Finding
from model.inference.population import judged_as
from model.inference.release_loader import Release
from model.performance.formatting import format_percent
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from ui.formatting import per_hundred

_THRESHOLD = N_("Decision threshold: {threshold} ({point}).")
_THRESHOLDS = {  # for a release with several populations
    Population.CHILDREN: N_("Judged by the decision threshold for children: {threshold} ({point})."),
    Population.ADULTS: N_("Judged by the decision threshold for adults: {threshold} ({point})."),
}
_PREVALENCES = {
    Population.CHILDREN: N_("Assumed prevalence: {count} of every 100 children X-rayed have pneumonia."),
    Population.ADULTS: N_("Assumed prevalence: {count} of every 100 adults X-rayed have pneumonia."),
}
_TRAINING_PREVALENCES = {
    Population.CHILDREN: N_(
        "Assumed prevalence: {count} of every 100 children X-rayed have pneumonia, as in the training images. Set your "
        "own above."
    ),
    Population.ADULTS: N_(
        "Assumed prevalence: {count} of every 100 adults X-rayed have pneumonia, as in the training images. Set your "
        "own above."
    ),
}


def settings_text(finding: Finding, release: Release) -> str:
    """Return the threshold by which a finding was judged, the assumed prevalence, and the version of the model."""
    judge = judged_as(finding.population, release.populations)
    threshold = _THRESHOLDS[judge] if len(release.populations) > 1 else _THRESHOLD
    is_default = finding.prevalence == release.populations[judge].training_prevalence
    prevalence = (_TRAINING_PREVALENCES if is_default else _PREVALENCES)[judge]
    return " ".join(
        (
            _(threshold).format(
                threshold=format_percent(finding.operating_point.threshold, 1), point=term(finding.operating_point.name)
            ),
            _(prevalence).format(count=per_hundred(finding.prevalence)),
            _("Model {version}.").format(version=finding.model_version),
        )
    )
