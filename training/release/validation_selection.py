"""Selection of decision rules, map scale and contour on the validation images of a release that is being packaged."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from model.codes import Population
from model.inference.classifier import Classifier, ClassifierOutput
from model.inference.decision import DecisionRules
from model.inference.release_loader import Release
from model.performance.binary_metrics import Predictions
from training.calibration.conformal import fit_conformal_limits
from training.calibration.opacity_contour import select_opacity_contour
from training.calibration.operating_points import select_operating_points
from training.calibration.platt import fit_calibration
from training.data.loading import ImageCache, network_inputs
from training.evaluation.robustness import Logits, logits_under_perturbation
from training.release.description import Rationales

MAP_QUANTILE = 0.99


@dataclass(frozen=True)
class ValidationOutputs:
    """Outputs of the networks for the validation images of one population.

    Attributes:
        records: Images.
        inputs: Network inputs, float32 (n, side, side, 1), 0-255.
        outputs: Outputs for the images as they are.
        perturbed_logits: Logits of perturbed copies.
    """

    records: Sequence[LabelledImage]
    inputs: np.ndarray
    outputs: Sequence[ClassifierOutput]
    perturbed_logits: Logits


@dataclass(frozen=True)
class SelectedOnValidation:
    """All values that are fitted or selected on the validation images, except the heat-map limits.

    Attributes:
        release: Release with these values.
        rationales: How the calibrations, the heat-map scale and the contour of the opacity map were selected.
    """

    release: Release
    rationales: Rationales


def validation_outputs(
    uncalibrated: Classifier, records: Sequence[LabelledImage], decoder: ImageCache
) -> ValidationOutputs:
    """Run the networks on the validation images of one population, and on perturbed copies of them.

    Args:
        uncalibrated: Classifier for which nothing has been selected yet.
        records: Validation images.
        decoder: Decodes the images.
    """
    inputs = network_inputs(uncalibrated, records, decoder)
    outputs = [
        uncalibrated.run_network(image[np.newaxis]) for image in tqdm(inputs, "classifying", unit="image", leave=False)
    ]
    return ValidationOutputs(records, inputs, outputs, logits_under_perturbation(uncalibrated, records, decoder))


def select_on_validation(
    uncalibrated: Release, measured: Mapping[Population, ValidationOutputs]
) -> SelectedOnValidation:
    """Select the decision rules of each population on its own images, and the map scale on those of children."""
    children = measured[Population.CHILDREN]
    map_values = np.concatenate([output.class_activation_map.ravel() for output in children.outputs])
    evidence = map_values[map_values > 0]
    release = dataclasses.replace(
        uncalibrated,
        populations={
            population: _select_rules(uncalibrated.populations[population], outputs)
            for population, outputs in measured.items()
        },
        map_scale=float(np.quantile(evidence, MAP_QUANTILE)) if evidence.size else 1.0,
    )
    rationales = Rationales(
        calibration={
            population: f"Platt scaling, fitted on {len(outputs.records)} validation images."
            for population, outputs in measured.items()
        },
        map_scale=(
            f"The {100 * MAP_QUANTILE:.0f}th percentile of the positive map values in {len(children.records)} "
            "validation images."
        ),
    )
    return SelectedOnValidation(release, rationales)


def with_opacity_contour(
    selected: SelectedOnValidation, classifier: Classifier, validation: Sequence[LabelledImage], decoder: ImageDecoder
) -> SelectedOnValidation:
    """Return the selected values with the contour of the opacity map, see `select_opacity_contour`."""
    contour, rationale = select_opacity_contour(classifier, validation, decoder)
    return SelectedOnValidation(
        dataclasses.replace(selected.release, opacity_contour=contour),
        dataclasses.replace(selected.rationales, opacity_contour=rationale),
    )


def _select_rules(uncalibrated: DecisionRules, measured: ValidationOutputs) -> DecisionRules:
    """Fit the calibration on the original images; also use perturbed images to select points and limits."""
    target = np.array([record.target for record in measured.records])
    patient = np.array([record.patient for record in measured.records])
    logits = np.array([output.logit for output in measured.outputs])
    calibration = fit_calibration(logits, target)
    unperturbed = Predictions(target, calibration.probability(logits), patient)
    perturbed = measured.perturbed_logits
    n_copies = 1 + len(perturbed)
    pooled_probability = calibration.probability(np.concatenate([logits, *perturbed.values()]))
    pooled = Predictions(np.tile(target, n_copies), pooled_probability, np.tile(patient, n_copies))
    images = f"{len(target)} validation images and {len(perturbed)} perturbed copies of each"
    return dataclasses.replace(
        uncalibrated,
        calibration=calibration,
        operating_points=select_operating_points(unperturbed, pooled, images),
        conformal=fit_conformal_limits(pooled, images),
    )
