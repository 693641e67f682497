"""Package trained networks as a candidate, a release directory that lacks only the version and the metrics.

    python -m training package --run runs/reader
    python -m training package --run runs/again --from-release model/release    # repackage the networks of a release

Everything that is fitted or selected after training is fitted or selected here. Calibration, operating points and
conformal limits of a population come from its own validation images. The contour and the limits of opacity maps come
from validation images with boxes, and the admission check from the training images of all populations; validation
images only limit its refusal rate. All else comes from the images of children: the heat-map scale and heat-map limits
from validation images, the index of similar cases and the mean radiographs from training images. Test images are used
only in the data set audit. No metric is computed on them.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras

from dataset.index import LabelledImage
from dataset.quality.audit import audit_dataset
from dataset.quality.features import scan_images
from dataset.split import Split
from model.codes import SPLITS, Population
from model.errors import TrainingError
from model.explanation.reliability import ReliabilityLimits
from model.inference.classifier import Classifier
from model.inference.decision import Calibration, ConformalLimits, DecisionRules
from model.inference.release_loader import LungNetwork, Release, load_release
from model.release_files import ReleaseFile
from model.storage import replace_directory, write_checksums, write_json
from training.admission.fit import FittedAdmission, fit_admission, save_admission
from training.admission.not_chest import NotChestImage
from training.calibration.heatmap_thresholds import select_reliability_limits
from training.calibration.opacity_map_limits import select_opacity_map_limits
from training.calibration.operating_points import BALANCED
from training.data.loading import ImageCache, require_complete, require_images
from training.networks.classifier import load_released_network
from training.networks.export import check_litert_agreement, export_classifier
from training.release.description import YEARS, candidate_description
from training.release.mean_radiographs import save_mean_radiographs
from training.release.similar_case_index import build_index, save_index
from training.release.trained_networks import TRAINED_FILES, TrainedNetworks
from training.release.validation_selection import (
    SelectedOnValidation,
    select_on_validation,
    validation_outputs,
    with_opacity_contour,
)

CANDIDATE = "candidate"  # subfolder of a run


def assemble_candidate(
    networks: TrainedNetworks, split: Split, target: Path, not_chest: Sequence[NotChestImage] = ()
) -> Release:
    """Export the networks, fit and select everything that a release needs, and write the candidate.

    Args:
        networks: Trained networks.
        split: Images in each split, of each population that the release is for. Only the images of children become part
            of the candidate: similar cases, mean radiographs and the audit.
        target: Folder of the candidate. It is replaced once the new candidate is complete.
        not_chest: Real images that are not frontal chest radiographs, for the admission check; may be empty.

    Returns:
        The candidate, loaded and verified.

    Raises:
        TrainingError: A split is empty, an image cannot be read, Keras and LiteRT disagree, or the network has an
            opacity map but no validation image has boxes.
    """
    for population in split.populations():
        require_images(split.of_population(population), SPLITS)
    children = split.of_population(Population.CHILDREN)
    decoder = ImageCache(split.validation)
    with replace_directory(target) as staged:
        for name in TRAINED_FILES:
            shutil.copy2(networks.directory / name, staged / name)
        network = load_released_network(staged / ReleaseFile.CLASSIFIER_KERAS, networks.has_opacity_map)
        outputs = export_classifier(network, staged / ReleaseFile.CLASSIFIER)
        uncalibrated = Classifier(_uncalibrated_release(staged, networks, outputs, split))
        measured = {
            population: validation_outputs(uncalibrated, split.of_population(population).validation, decoder)
            for population in split.populations()
        }
        selected = select_on_validation(uncalibrated.release, measured)
        if networks.has_opacity_map:
            selected = with_opacity_contour(selected, uncalibrated, split.validation, decoder)
        classifier = Classifier(selected.release)
        for of_population in measured.values():
            check_litert_agreement(network, classifier, of_population.inputs)
        reliability = (
            select_opacity_map_limits(classifier, split.validation, decoder)
            if networks.has_opacity_map
            else select_reliability_limits(classifier, children.validation, decoder)
        )
        admission = _write_image_files(classifier, split, not_chest, decoder, staged)
        _write_description(staged, selected, reliability, admission, networks, split)
        write_checksums(staged)
    return load_release(target)


def load_candidate(run: Path) -> Release:
    """Load and verify the candidate of a run.

    Raises:
        TrainingError: The run has not been packaged.
        ReleaseError: The candidate is damaged or incomplete.
    """
    if not (run / CANDIDATE).exists():
        raise TrainingError(f"{run} has not been packaged. Run `python -m training package --run {run}` first.")
    return load_release(run / CANDIDATE)


def _uncalibrated_release(
    directory: Path, networks: TrainedNetworks, outputs: Mapping[str, Sequence[int]], split: Split
) -> Release:
    """Return a release in memory for which nothing has been selected yet. Its calibrations are the identity."""
    lung_side = keras.models.load_model(directory / ReleaseFile.LUNGS_KERAS).input_shape[1]
    return Release(
        directory=directory,
        version=CANDIDATE,
        network=(directory / ReleaseFile.CLASSIFIER).read_bytes(),
        side=networks.side,
        lungs=LungNetwork((directory / ReleaseFile.LUNGS).read_bytes(), lung_side),
        input_region=networks.input_region,
        outputs={name: tuple(shape) for name, shape in outputs.items()},
        populations={
            population: _uncalibrated_rules(population, split.of_population(population).training)
            for population in split.populations()
        },
        map_scale=1.0,
        opacity_contour=None,
        checksums={},
        digest="",
        is_shipped=False,
        description={},  # type: ignore[typeddict-item]  # model.json is written at the end
    )


def _uncalibrated_rules(population: Population, training: Sequence[LabelledImage]) -> DecisionRules:
    targets = [record.target for record in training]
    return DecisionRules(
        calibration=Calibration(1.0, 0.0),
        operating_points=(),
        default_operating_point=BALANCED,
        conformal=ConformalLimits(1.0, 0.0, 1.0, "Not selected yet."),
        training_prevalence=sum(targets) / len(targets),
        years=YEARS[population],
    )


def _write_image_files(
    classifier: Classifier, split: Split, not_chest: Sequence[NotChestImage], decoder: ImageCache, directory: Path
) -> FittedAdmission:
    """Fit the admission check, and write it together with the files that describe the data set of children.

    Raises:
        TrainingError: An image cannot be read.
    """
    children = split.of_population(Population.CHILDREN)
    inventory = scan_images(classifier, {name: children.part(name) for name in SPLITS}, decoder)
    require_complete(inventory)
    index = build_index(inventory)
    save_index(index, directory)
    save_mean_radiographs(inventory, directory)
    write_json(directory / ReleaseFile.DATASET_AUDIT, audit_dataset(inventory))
    admission = fit_admission(classifier, index, split, not_chest, decoder)
    save_admission(admission.classifier, directory)
    return admission


def _write_description(
    directory: Path,
    selected: SelectedOnValidation,
    reliability: ReliabilityLimits | None,
    admission: FittedAdmission,
    networks: TrainedNetworks,
    split: Split,
) -> None:
    description = candidate_description(
        selected.release, selected.rationales, reliability, admission, networks.settings, split
    )
    write_json(directory / ReleaseFile.DESCRIPTION, description)
