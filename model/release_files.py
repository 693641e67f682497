"""Names in a release: its files, and the layer that the gradient methods use."""

from enum import StrEnum

LOGIT, OPACITY_MAP = "logit", "opacity_map"  # layers and outputs of the Keras classifier
FEATURE_MAP = "out_relu"  # last layer of the backbone in the Keras classifier


class ReleaseFile(StrEnum):
    """File of a release."""

    CHECKSUMS = "SHA256SUMS"
    DESCRIPTION = "model.json"
    CLASSIFIER = "classifier.tflite"
    CLASSIFIER_KERAS = "classifier.keras"
    LUNGS = "lungs.tflite"
    LUNGS_KERAS = "lungs.keras"
    ADMISSION = "admission.npz"
    SIMILAR_CASES = "similar_cases.npz"
    MEAN_RADIOGRAPHS = "mean_radiographs.npz"
    METRICS = "metrics.json"
    PREDICTIONS = "predictions.csv"
    CURVES = "curves.csv"
    HISTORY = "history.csv"
    DATASET_AUDIT = "dataset_audit.json"
    CARD = "MODEL_CARD.md"
    LICENCE = "LICENSE"
