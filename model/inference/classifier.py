"""Read a radiograph with the released networks: one finds the lungs, one reads what the release's view shows of them.

One forward pass of the second gives probability, heat map and embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.codes import Caution
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import DicomMetadata, Radiograph
from model.inference.decision import classify
from model.inference.finding import Finding, with_file_cautions
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import LungMask, LungSegmenter, lungs_from_probability
from model.inference.release_loader import Release

OUTPUTS = ("logit", "class_activation_map", "embedding")


@dataclass(frozen=True, eq=False)
class ClassifierOutput:
    """The network's own outputs: logit, signed class-activation map (rows, columns) in logits, embedding."""

    logit: float
    class_activation_map: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True, eq=False)
class Inference:
    """What the networks saw of one radiograph, made once for whatever is said of it.

    working: the working picture, float32 (WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
    lung_probability: float32 (rows, columns) of the lung network, 0-1.
    lungs: None where none were found.
    clinical: what the file of the radiograph tells beside its pixels.
    """

    working: np.ndarray
    lung_probability: np.ndarray
    lungs: LungMask | None
    output: ClassifierOutput
    metadata: DicomMetadata | None = None


class Classifier:
    """Reads with one release; safe to share between threads.

    release: what it reads with; finder: finds the lungs.
    """

    def __init__(self, release: Release, threads: int | None = None):
        """Open the networks.

        Args:
            release: verified release.
            threads: processor threads for one reading; by default the runtime decides.

        Raises:
            ReleaseMismatch: the inputs or outputs of a network are not those that model.json declares.
        """
        self.release = release
        self.segmenter = LungSegmenter(release.lungs.network, release.lungs.side, threads)
        outputs = {name: release.outputs.get(name) for name in OUTPUTS}
        self._network = LiteRTNetwork(release.network, release.side, outputs, threads)

    def read(self, radiograph: Radiograph) -> Finding:
        """Read one radiograph, at the release's default operating point and training prevalence; see `restate`.

        Raises:
            ReleaseMismatch: a network answers with anything that is not a finite number.
        """
        return self.finding_from(self.infer(radiograph))

    def infer(self, radiograph: Radiograph) -> Inference:
        """Run both networks once; nothing is said yet.

        Raises:
            ReleaseMismatch: a network answers with anything that is not a finite number.
        """
        return replace(self.infer_working(working_image(radiograph)), metadata=radiograph.metadata)

    def infer_working(self, working: np.ndarray) -> Inference:
        """What `network_inputs` does, of a working picture: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
        return self.infer_batch([working])[0]

    def infer_batch(self, working: Sequence[np.ndarray]) -> list[Inference]:
        """What `see_working` does of several, each step of all before the next.

        So code and weights stay in the processor's cache from one picture to the next.
        """
        probabilities = [self.segmenter.probability_map(one) for one in working]
        lungs = [lungs_from_probability(probability) for probability in probabilities]
        view, side = self.release.view, self.release.side
        looks = [view.network_input(one, of_it, side) for one, of_it in zip(working, lungs, strict=True)]
        raw = [self.classify(look) for look in looks]
        return [Inference(*of_one) for of_one in zip(working, probabilities, lungs, raw, strict=True)]

    def finding_from(self, seen: Inference) -> Finding:
        """What `read` says of a radiograph that the networks have seen."""
        point, raw, lungs = self.release.operating_point(), seen.output, seen.lungs
        probability = float(self.release.calibration.probability(raw.logit))
        finding = Finding(
            probability=probability,
            prevalence=self.release.training_prevalence,
            verdict=classify(probability, point, self.release.conformal),
            operating_point=point,
            heat_map=np.clip(raw.class_activation_map / self.release.map_scale, 0, 1),
            heat_map_box=self.release.view.box(lungs),
            embedding=raw.embedding,
            model_version=self.release.version,
            cautions=() if lungs else (Caution.LUNGS_NOT_FOUND,),
        )
        return with_file_cautions(finding, seen.metadata)

    def classify(self, seen: np.ndarray) -> ClassifierOutput:
        """Run the reader network once on what the view shows: float32 (1, side, side, 1), 0-255."""
        outputs = self._network(seen)
        return ClassifierOutput(float(outputs["logit"][0]), outputs["class_activation_map"], outputs["embedding"])
