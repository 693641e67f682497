"""Classifier: runs the lung network and the pneumonia network of a release on a radiograph.

A single forward pass of the pneumonia network gives the probability, the heat map and the embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.codes import Caution
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import LungMask, LungSegmenter, lungs_from_probability
from model.inference.population import judged_as, population_of
from model.inference.release_loader import RELEASE_DIR, Release, load_release
from model.release_files import OPACITY_MAP

OUTPUTS = ("logit", "class_activation_map", "embedding")  # and OPACITY_MAP, if the release declares it


@dataclass(frozen=True, eq=False)
class ClassifierOutput:
    """Outputs of the pneumonia network.

    Attributes:
        logit: Uncalibrated logit for pneumonia.
        class_activation_map: float32 (rows, columns), signed, in logits.
        embedding: float32 (channels,), the pooled feature map.
        opacity_map: float32 (rows, columns), probability of an opacity in each cell, 0-1; None if the release has no
            opacity map.
    """

    logit: float
    class_activation_map: np.ndarray
    embedding: np.ndarray
    opacity_map: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Inference:
    """Output of both networks for one radiograph, used for the admission check, the finding and the heat-map checks.

    Attributes:
        working: Working image, float32 (WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
        lung_probability: Output of the lung network, float32 (rows, columns), 0-1.
        lungs: Lung mask; None if no lungs were found.
        output: Output of the pneumonia network.
        cautions: Cautions about the file, see `Radiograph`.
    """

    working: np.ndarray
    lung_probability: np.ndarray
    lungs: LungMask | None
    output: ClassifierOutput
    cautions: tuple[Caution, ...] = ()


class Classifier:
    """Classifies radiographs with one release. Safe to share between threads.

    Attributes:
        release: The release in use.
        segmenter: Lung segmentation from the same release.
    """

    def __init__(self, release: Release, threads: int | None = None) -> None:
        """Open the networks.

        Args:
            release: Verified release.
            threads: CPU threads per inference; None leaves the choice to LiteRT.

        Raises:
            ReleaseIncompatible: The inputs or outputs of a network are not those that model.json declares.
        """
        self.release = release
        self.segmenter = LungSegmenter(release.lungs.network, release.lungs.side, threads)
        names = (*OUTPUTS, OPACITY_MAP) if OPACITY_MAP in release.outputs else OUTPUTS
        outputs = {name: release.outputs.get(name) for name in names}
        self._network = LiteRTNetwork(release.network, release.side, outputs, threads)

    def read(self, radiograph: Radiograph) -> Finding:
        """Return the finding for a patient of unknown age at the default operating point and the training prevalence.

        `model.inference.finding.present` restates the finding for a population, an operating point and a prevalence.

        Raises:
            ReleaseIncompatible: A network returned a value that is not finite.
        """
        return self.finding_from(self.infer(radiograph))

    def infer(self, radiograph: Radiograph) -> Inference:
        """Run both networks once on a radiograph.

        Raises:
            ReleaseIncompatible: A network returned a value that is not finite.
        """
        return replace(self.infer_working(working_image(radiograph)), cautions=radiograph.cautions)

    def infer_working(self, working: np.ndarray) -> Inference:
        """Run both networks once on a working image, float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
        return self.infer_batch([working])[0]

    def infer_batch(self, working_images: Sequence[np.ndarray]) -> list[Inference]:
        """Run both networks on several working images and return one result per image, in order.

        Each step runs on all images before the next step starts, so code and weights stay in the processor's cache.
        """
        region, side = self.release.input_region, self.release.side
        probabilities = [self.segmenter.probability_map(working) for working in working_images]
        masks = [lungs_from_probability(probability) for probability in probabilities]
        pairs = zip(working_images, masks, strict=True)
        inputs = [region.network_input(working, mask, side) for working, mask in pairs]
        outputs = [self.run_network(network_input) for network_input in inputs]
        return [Inference(*parts) for parts in zip(working_images, probabilities, masks, outputs, strict=True)]

    def finding_from(self, inference: Inference) -> Finding:
        """Return the finding for an inference; see `read`."""
        release, output = self.release, inference.output
        population = population_of(None, None, release.populations)
        rules = release.populations[judged_as(population, release.populations)]
        cautions = () if inference.lungs else (Caution.LUNGS_NOT_FOUND,)
        return Finding(
            logit=output.logit,
            population=population,
            **rules.decide(output.logit),
            heat_map=np.clip(output.class_activation_map / release.map_scale, 0, 1),
            heat_map_box=release.input_region.box(inference.lungs),
            opacity_map=output.opacity_map,
            opacity_contour=release.opacity_contour,
            embedding=output.embedding,
            model_version=release.version,
            cautions=(*cautions, *inference.cautions),
        )

    def run_network(self, network_input: np.ndarray) -> ClassifierOutput:
        """Run the pneumonia network once.

        Args:
            network_input: float32 (1, side, side, 1), 0-255, from `InputRegion.network_input`.
        """
        outputs = self._network(network_input)
        return ClassifierOutput(
            float(outputs["logit"][0]),
            outputs["class_activation_map"],
            outputs["embedding"],
            outputs.get(OPACITY_MAP),
        )


def load_model(directory: Path = RELEASE_DIR) -> Classifier:
    """Load and verify a release and return its classifier.

    Args:
        directory: Folder of the release; by default, the release that comes with the project.

    Raises:
        ReleaseError: A file is missing or changed, or the release is incompatible with this program.
    """
    return Classifier(load_release(directory))
