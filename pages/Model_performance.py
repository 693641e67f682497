"""The page "Model performance": all metrics come from the release's files."""

from model.codes import Population, SplitName
from model.translation import N_
from ui.errors import show_errors
from ui.frame import page_frame
from ui.performance.checks import show_heat_maps, show_lungs, show_population, show_refused
from ui.performance.headings import show_introduction
from ui.performance.probabilities import show_indeterminate, show_probabilities
from ui.performance.rates import show_causes, show_children, show_curves, show_thresholds
from ui.performance.training import show_training
from ui.resources import current_release, current_release_data
from ui.settings import selected_settings, settings_controls

page_frame(N_("Model performance"))

with show_errors():
    release = current_release()
    description = release.description
    children = description["populations"][Population.CHILDREN]
    data = current_release_data(release)
    metrics = data.metrics
    test = metrics["splits"][SplitName.TEST]

    settings_controls(release)
    settings = selected_settings(release)
    point = settings.operating_point(Population.CHILDREN)

    show_introduction(test, point)
    show_children(test, settings)
    show_thresholds(test, point)
    show_curves(data, test, point)
    show_probabilities(data, test, point, children["training_prevalence"])
    show_indeterminate(metrics, test, children["conformal"], point)
    show_causes(test, point)
    show_lungs(description["shortcut_audit"])
    show_refused(metrics["admission"])
    show_heat_maps(metrics.get("explanations"), description.get("heat_map_reliability"), metrics.get("opacity_maps"))
    show_population(metrics.get("adults"), point)
    show_training(data, description)
