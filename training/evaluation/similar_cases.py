"""Agreement between an image and the similar training cases that are retrieved for it."""

import numpy as np

from dataset.quality.features import ImageInventory
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCaseIndex
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import SimilarCaseMetrics


def similar_case_agreement(index: SimilarCaseIndex, inventory: ImageInventory, split: str) -> SimilarCaseMetrics:
    """Measure how often the nearest training images have the same class and cause as the query image.

    Training images from the patient's own group are ignored. Each query image contributes the share of its neighbours
    that agree with it.

    Args:
        index: Index of the training images.
        inventory: Embeddings and rows of the images to measure on.
        split: Split that these images belong to.
    """
    in_split = (inventory.rows["split"] == split).to_numpy()
    rows = inventory.rows[in_split]
    queries = zip(inventory.embeddings[in_split], inventory.fingerprints[in_split], rows["group"], strict=True)
    neighbours = [index.nearest(embedding, fingerprint, group) for embedding, fingerprint, group in queries]
    patient, label = rows["patient"].to_numpy(str), rows["label"].to_numpy(str)

    def agreement(column: str) -> np.ndarray:
        pairs = zip(rows[column], neighbours, strict=True)
        return np.array([np.mean([getattr(case, column) == value for case in cases]) for value, cases in pairs])

    same_class = agreement("label")
    return {
        "count": NEIGHBOURS_SHOWN,
        "split": split,
        "same_class": mean_with_ci(same_class, patient),
        "by_class": {
            name: mean_with_ci(same_class[label == name], patient[label == name]) for name in np.unique(label).tolist()
        },
        "same_cause": mean_with_ci(agreement("cause"), patient),
    }
