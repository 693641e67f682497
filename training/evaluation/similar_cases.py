"""How often the similar cases carry the label of the image at hand."""

import numpy as np

from dataset.quality.features import ImageInventory
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCaseIndex
from model.performance.binary_metrics import mean_with_ci


def similar_case_agreement(index: SimilarCaseIndex, survey: ImageInventory, split: str) -> dict:
    """How alike the nearest COUNT training pictures are to the pictures of a split, patients of their group left out.

    Returns:
        {"count", "split", "same_class": share with interval and n, "by_class": the same of each class, "same_cause"}: a
        share is the mean over pictures of the share among each one's neighbours.
    """
    of = (survey.rows["split"] == split).to_numpy()
    rows = survey.rows[of]
    seen = zip(survey.embeddings[of], survey.fingerprints[of], rows["group"], strict=True)
    found = [index.nearest(embedding, fingerprint, group) for embedding, fingerprint, group in seen]
    patient, label = rows["patient"].to_numpy(str), rows["label"].to_numpy(str)

    def shared(column: str) -> np.ndarray:
        pairs = zip(rows[column], found, strict=True)
        return np.array([np.mean([getattr(near, column) == own for near in neighbours]) for own, neighbours in pairs])

    same_class = shared("label")
    return {
        "count": NEIGHBOURS_SHOWN,
        "split": split,
        "same_class": mean_with_ci(same_class, patient),
        "by_class": {
            one: mean_with_ci(same_class[label == one], patient[label == one]) for one in np.unique(label).tolist()
        },
        "same_cause": mean_with_ci(shared("cause"), patient),
    }
