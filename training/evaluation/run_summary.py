"""Summary of finished runs on the validation images, to choose between them.

    python -m training summarise --run runs/first runs/second

It measures ranking by population, robustness, and where the opacity map points. Test images are not used. The networks
run in Keras, before anything is exported or calibrated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image
from scipy.special import expit
from sklearn.metrics import roc_auc_score, roc_curve
from tqdm import tqdm

from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import POPULATIONS, Population
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.inference.lung_segmentation import LungSegmenter
from model.release_files import LOGIT, OPACITY_MAP, ReleaseFile
from training.config import CONFIG_FILE, ClassifierConfig
from training.data.loading import targets
from training.data.samples import load_images_with_lungs
from training.evaluation.opacity_map_metrics import agreement_with_boxes, mean_share_in_lungs
from training.evaluation.robustness import framings, perturbations
from training.evaluation.split_metrics import TYPICAL
from training.evaluation.tone import changed_tone, tone_changes


class TrainedRun:
    """Networks of a finished run."""

    def __init__(self, run: Path) -> None:
        """Load the networks.

        Args:
            run: Folder of the run.
        """
        config = ClassifierConfig.load(run / CONFIG_FILE)
        self._region, self._side = config.input_region, config.input_size
        self._network = keras.models.load_model(run / ReleaseFile.CLASSIFIER_KERAS)
        lung_side = keras.models.load_model(run / ReleaseFile.LUNGS_KERAS).input_shape[1]
        self.segmenter = LungSegmenter((run / ReleaseFile.LUNGS).read_bytes(), lung_side)

    def predict(self, images: np.ndarray) -> tuple[Mapping[str, np.ndarray], list[RelativeBox]]:
        """Run the networks on working images, uint8 (n, side, side). Return the outputs and the region of each."""
        regions = [self._region.box(self.segmenter.segment(image.astype(np.float32))) for image in images]
        inputs = [
            self._region.crop(image.astype(np.float32), region, self._side)
            for image, region in zip(images, regions, strict=True)
        ]
        outputs = self._network.predict(np.stack(inputs)[..., np.newaxis], batch_size=64, verbose=0)
        return outputs, regions

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits of pneumonia of working images, float32 (n,)."""
        return self.predict(images)[0][LOGIT][:, 0]


def summarise_run(run: Path, split: Split) -> dict[str, Any]:
    """Measure a finished run on the validation images.

    Args:
        run: Folder of the run.
        split: Images of all populations.

    Returns:
        Measurements by population. Children are also measured under perturbations, adults against boxes.
    """
    trained = TrainedRun(run)
    return {
        population: _measure(trained, [r for r in split.validation if r.population is population])
        for population in POPULATIONS
        if any(r.population is population for r in split.validation)
    }


def _measure(trained: TrainedRun, records: Sequence[LabelledImage]) -> dict[str, Any]:
    images, lungs = load_images_with_lungs(records, trained.segmenter, "validation images")
    outputs, regions = trained.predict(images)
    logit, target = outputs[LOGIT][:, 0], targets(records)[:, 0]
    maps = expit(outputs[OPACITY_MAP])
    ill = [number for number, record in enumerate(records) if record.target]
    measured: dict[str, Any] = {
        "n": len(records),
        "auc": _auc(target, logit),
        "verdict_changes": _verdict_changes(trained, images, logit, _balanced_threshold(target, logit)),
        "map_in_lungs": mean_share_in_lungs(maps[ill], [regions[i] for i in ill], [lungs[i] for i in ill]),
    }
    if records[0].population is Population.CHILDREN:
        boxes = [mask.box if mask else WHOLE_IMAGE for mask in lungs]
        measured["perturbed_auc"] = _perturbed_auc(trained, images, boxes, target)
    else:
        is_clear = np.array([not record.target or record.cause == TYPICAL for record in records])
        measured["auc_typical"] = _auc(target[is_clear], logit[is_clear])
        measured["boxes"] = agreement_with_boxes(records, maps, regions)
    return measured


def _verdict_changes(trained: TrainedRun, images: np.ndarray, logit: np.ndarray, threshold: float) -> dict[str, float]:
    """Return the share of images whose verdict changes, by tone change."""
    changes = {}
    for name, change in tqdm(tone_changes().items(), "brightness and contrast", leave=False):
        changed = trained.logits(changed_tone(images, change))
        changes[name] = float(np.mean((changed >= threshold) != (logit >= threshold)))
    return changes


def _perturbed_auc(
    trained: TrainedRun, images: np.ndarray, boxes: Sequence[RelativeBox], target: np.ndarray
) -> dict[str, float]:
    """Return the AUC by perturbation or framing."""
    aucs = {}
    for name, change in tqdm(perturbations().items(), "perturbations", leave=False):
        changed = [np.asarray(change(Image.fromarray(image))) for image in images]
        aucs[name] = _auc(target, trained.logits(np.stack(changed)))
    for name, framing in framings().items():
        framed = [np.asarray(framing(Image.fromarray(i), box)) for i, box in zip(images, boxes, strict=True)]
        aucs[name] = _auc(target, trained.logits(np.stack(framed)))
    return aucs


def _auc(target: np.ndarray, logit: np.ndarray) -> float:
    return float(roc_auc_score(target, logit))


def _balanced_threshold(target: np.ndarray, logit: np.ndarray) -> float:
    """Return the threshold with the highest sum of sensitivity and specificity."""
    false_alarms, sensitivity, thresholds = roc_curve(target, logit)
    return float(thresholds[np.argmax(sensitivity - false_alarms)])
