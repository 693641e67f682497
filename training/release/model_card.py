"""The model card (Mitchell et al. 2019), generated only from the JSON files of a release."""

from dataset.quality.audit import DatasetAudit
from dataset.quality.report import audit_report
from model.codes import Population, SplitName
from model.inference.release_schema import ReleaseDescription
from model.performance.admission import admission_sentences, admitted_table, inadmissible_table
from model.performance.calibration import calibration_table, conformal_sentence, conformal_table
from model.performance.explanations import heat_map_sentences, reliability_sentence, warnings_table
from model.performance.operating_points import operating_point_table
from model.performance.schema import ReleaseMetrics, RobustnessMetrics
from model.performance.shortcut_audit import audit_sentences, input_region_sentence, segmentation_sentence, strata_table
from model.performance.similar_cases import similar_cases_sentence
from training.release.document_sections import results_among_adults, results_by_cause
from training.release.markdown import markdown_list, markdown_paragraph, markdown_table
from training.release.population_sections import adults_sections, licence_section, metrics_table, tone_section


def model_card(description: ReleaseDescription, metrics: ReleaseMetrics, data_audit: DatasetAudit) -> str:
    """Return the model card of a release.

    Args:
        description: Content of model.json.
        metrics: Content of metrics.json.
        data_audit: Content of dataset_audit.json.
    """
    parts = [
        f"# {description['name']}, model {description['version']}",
        "Generated from model.json, metrics.json and dataset_audit.json. Do not edit.",
        "## Intended use",
        markdown_paragraph(description["intended_use"]),
        *licence_section(description),
        *_data_section(description, data_audit),
        *_performance_section(description, metrics),
        *_lungs_section(description, metrics),
        *_robustness_section(metrics),
        *tone_section(metrics),
        *_operating_points_section(description, metrics),
        *_calibration_section(description, metrics),
        *_admission_section(metrics),
        *_explanation_section(description, metrics),
        *adults_sections(description, metrics),
        "## Adults of another hospital",
        results_among_adults(metrics),
        "## Limits",
        markdown_list(description["limits"]),
        "## Ethics",
        markdown_list(description["ethics"]),
        *_provenance_section(description),
    ]
    return "\n\n".join(parts) + "\n"


def robustness_table(robustness: RobustnessMetrics) -> str:
    """Return a table of the validation metrics for each perturbation."""
    return markdown_table(
        [
            {
                "Perturbation": name,
                "AUC": f"{rates['auc']:.3f}",
                "Sensitivity": f"{rates['sensitivity']:.3f}",
                "Specificity": f"{rates['specificity']:.3f}",
            }
            for name, rates in robustness["shifts"].items()
        ]
    )


def _data_section(description: ReleaseDescription, data_audit: DatasetAudit) -> list[str]:
    children = description["populations"][Population.CHILDREN]
    data = children["dataset"]
    sizes = ", ".join(
        f"{count} {name} images from {data['patients'][name]} patients" for name, count in data["images"].items()
    )
    return [
        "## Data",
        markdown_paragraph(f"{data['name']}; {data['source']}; {data['licence']}. {children['description']}"),
        markdown_paragraph(
            f"{sizes}. The validation split was separated by patient from the official train and val folders. "
            f"{children['training_prevalence']:.1%} of the training images show pneumonia."
        ),
        "## Known problems with the data",
        markdown_list(audit_report(data_audit)),
    ]


def _performance_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    return [
        "## Performance",
        metrics_table(metrics),
        markdown_paragraph(
            "The 95% confidence intervals were computed by bootstrap over patients. Epoch, seed, calibration and "
            "thresholds were selected on the validation split, so its metrics are optimistic. Nothing was selected on "
            "the official test split. Number of evaluations on the test split before this release: "
            f"{description['test_split_opened']} (training/TEST_LOG.csv)."
        ),
    ]


def _lungs_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    audit = metrics["shortcut_audit"]
    return [
        "## What the model sees",
        markdown_paragraph(
            f"{input_region_sentence(description['input_region'])} {segmentation_sentence(metrics.get('lungs'))}"
        ),
        "## Does the model use the lungs?",
        markdown_paragraph(
            "In this data set, an image's framing, size and compression also reveal its class. These measurements show "
            "how strong such cues are, and to what extent the model can use them:"
        ),
        markdown_list(audit_sentences(audit)),
        "AUC among images whose originals have similar widths:",
        markdown_table(strata_table(audit)),
    ]


def _robustness_section(metrics: ReleaseMetrics) -> list[str]:
    robustness = metrics["stress_validation"]
    return [
        "## Robustness to other imaging software",
        markdown_paragraph(
            f"Mean AUC {robustness['mean_auc']:.3f}, lowest AUC {robustness['worst_auc']:.3f} on perturbed copies of "
            f"{robustness['n']} validation images. Sensitivity and specificity are at the default operating point. "
            "These images were also used to select the design and the operating points."
        ),
        robustness_table(robustness),
    ]


def _operating_points_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    point, children = metrics["operating_point"]["name"], description["populations"][Population.CHILDREN]
    return [
        "## Operating points",
        markdown_list(
            f"{p['name']}: threshold {p['threshold']:.4f}. {p['rationale']}" for p in children["operating_points"]
        ),
        "On the official test split:",
        markdown_table(operating_point_table(metrics["splits"][SplitName.TEST])),
        f"Sensitivity by cause on the official test split, at the {point} operating point:",
        results_by_cause(metrics),
    ]


def _calibration_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    point, children = metrics["operating_point"]["name"], description["populations"][Population.CHILDREN]
    return [
        "## Calibration",
        markdown_paragraph(
            f"{children['calibration']['rationale']} Probabilities are calibrated to the prevalence of pneumonia "
            "among the training images. At another prevalence they must be adjusted with Bayes' theorem, as the app "
            "does. ECE is the mean absolute gap between the predicted probability and the observed share of pneumonia "
            "in 15 bins of equal size. Its interval is biased upwards, because resampling patients adds scatter."
        ),
        markdown_table(calibration_table(metrics, Population.CHILDREN)),
        "## Indeterminate results",
        markdown_paragraph(
            f"{conformal_sentence(children['conformal'], metrics['splits'][SplitName.TEST])} At the {point} "
            "operating point:"
        ),
        markdown_table(conformal_table(metrics, Population.CHILDREN, point)),
    ]


def _admission_section(metrics: ReleaseMetrics) -> list[str]:
    admission = metrics["admission"]
    return [
        "## Which images are refused?",
        markdown_list(admission_sentences(admission)),
        markdown_table(admitted_table(admission)),
        markdown_table(inadmissible_table(admission)),
    ]


def _explanation_section(description: ReleaseDescription, metrics: ReleaseMetrics) -> list[str]:
    explanations = metrics.get("explanations")
    return [
        "## Similar training cases",
        markdown_paragraph(similar_cases_sentence(metrics["similar_cases"])),
        "## How reliable are the heat maps?",
        markdown_paragraph(reliability_sentence(description.get("heat_map_reliability"))),
        markdown_table(warnings_table(explanations)),
        markdown_list(heat_map_sentences(explanations)),
    ]


def _provenance_section(description: ReleaseDescription) -> list[str]:
    libraries = ", ".join(f"{name} {version}" for name, version in description["libraries"].items())
    settings = ", ".join(f"{name} {value}" for name, value in description["training"].items())
    return [
        "## How this release was made",
        markdown_paragraph(
            "`python -m training fit-classifier`, `package`, `evaluate` and `release`, at commit "
            f"{description['git_commit']} with seed {description['seed']}, {libraries}. To retrain the model, see "
            "docs/retraining.md."
        ),
        markdown_paragraph(f"Training settings: {settings}."),
        "## Changes",
        markdown_list(f"{entry['version']}: {entry['change']}" for entry in description["changelog"]),
    ]
