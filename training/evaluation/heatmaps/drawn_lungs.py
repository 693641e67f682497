"""Share of the evidence in a map that lies inside lungs drawn by people.

`training.evaluation.heatmaps.summary` measures the same with the lungs that the model itself finds.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.explanation.reliability import evidence_share_in_lungs
from model.inference.classifier import Classifier, ClassifierOutput
from model.inference.lung_segmentation import LungMask, lung_box
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import CountedEstimate
from model.release_files import OPACITY_MAP
from training.data.loading import read_prepared
from training.data.lung_masks import images_with_mask, load_masks

CLASS_ACTIVATION_MAP = "class_activation_map"


def evidence_in_drawn_lungs(
    classifier: Classifier, records: Sequence[LabelledImage], masks: Path, decoder: ImageDecoder = decode_image
) -> dict[str, CountedEstimate]:
    """Measure the maps of images with pneumonia and a manual lung mask.

    Args:
        classifier: Classifier to measure.
        records: Images. Normal images and those without a mask are left out.
        masks: Folder with the masks.
        decoder: Decodes the images.

    Returns:
        Mean share of the positive evidence inside the lungs, by output of the network. Images without positive evidence
        are left out.

    Raises:
        TrainingError: No image has a mask, or a file cannot be read.
    """
    ill = images_with_mask([record for record in records if record.target], masks)
    drawn = load_masks(ill, masks, classifier.segmenter.side)[..., 0] >= 128
    shares: dict[str, list[float]] = {}
    patients: dict[str, list[str]] = {}
    for record, fields in zip(tqdm(ill, "maps: drawn lungs", unit="image", disable=None), drawn, strict=True):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        box, drawn_box = classifier.release.input_region.box(inference.lungs), lung_box(fields)
        lungs = LungMask(fields, drawn_box) if drawn_box else None
        for name, evidence in evidence_maps(inference.output).items():
            share = evidence_share_in_lungs(evidence, box, lungs)
            if share is not None:
                shares.setdefault(name, []).append(share)
                patients.setdefault(name, []).append(record.patient)
    return {name: mean_with_ci(np.array(values), np.array(patients[name])) for name, values in shares.items()}


def evidence_maps(output: ClassifierOutput) -> dict[str, np.ndarray]:
    """Return the maps of an image by the name of the network's output."""
    maps = {CLASS_ACTIVATION_MAP: output.class_activation_map}
    return maps if output.opacity_map is None else maps | {OPACITY_MAP: output.opacity_map}
