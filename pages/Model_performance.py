"""The page "Model performance": all metrics come from the release's files, for one population at a time."""

from collections.abc import Callable
from functools import partial

from model.codes import Population, SplitName
from model.performance.population import metrics_of_population
from model.translation import N_
from ui.errors import show_errors
from ui.frame import page_frame
from ui.performance.checks import (
    show_heat_maps,
    show_lungs,
    show_other_hospital,
    show_population,
    show_refused,
    show_refused_adults,
)
from ui.performance.headings import population_control, show_introduction, show_links
from ui.performance.probabilities import show_indeterminate, show_probabilities
from ui.performance.rates import show_appearances, show_causes, show_curves, show_patients, show_thresholds
from ui.performance.training import show_training
from ui.query_params import remember_query
from ui.resources import current_release, current_release_data
from ui.settings import selected_settings, settings_controls

page_frame(N_("Model performance"))

with show_errors():
    release = current_release()
    population = population_control(release)
    description = release.description
    declared = description["populations"][population]
    data = current_release_data(release, population)
    metrics = data.metrics
    test = metrics_of_population(metrics, population)["splits"][SplitName.TEST]

    settings_controls(release)
    settings = selected_settings(release)
    point = settings.operating_point(population)
    adults = metrics.get("adults")

    sections: dict[str, Callable[[], None]] = {
        "children": partial(show_patients, test, population, settings),
        "thresholds": partial(show_thresholds, test, point),
        "curves": partial(show_curves, data, test, point),
        "probabilities": partial(show_probabilities, data, population, test, point, declared["training_prevalence"]),
        "indeterminate": partial(show_indeterminate, metrics, population, test, declared["conformal"], point),
    }
    if population is Population.CHILDREN:
        sections |= {
            "causes": partial(show_causes, test, point),
            "lungs": partial(show_lungs, description["shortcut_audit"]),
            "refused": partial(show_refused, metrics["admission"]),
            "heat-maps": partial(
                show_heat_maps,
                metrics.get("explanations"),
                description.get("heat_map_reliability"),
                metrics.get("opacity_maps"),
            ),
        }
        if Population.ADULTS not in release.populations:
            sections["population"] = partial(show_population, adults, point)
        sections["training"] = partial(show_training, data, description)
    else:
        sections |= {
            "appearances": partial(show_appearances, test, point),
            "refused": partial(show_refused_adults, metrics["populations"][population]),
        }
        if adults:
            sections["other-hospital"] = partial(show_other_hospital, adults, point)

    show_introduction(test, population, point)
    show_links(sections)
    for show_section in sections.values():
        show_section()
    remember_query("pages/Model_performance.py")
