"""Sentences about the labelled data set."""

from model.messages import AnyCode, MessageCode
from model.translation import N_

ADULT_LAYOUT = N_("Correct the table as described in docs/retraining.md.")

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.DATASET_MISSING: (
        N_("The folder {folder} does not exist."),
        N_("Set CHEST_XRAY_DIR to the folder that contains train, val and test, or run `python -m dataset download`."),
    ),
    MessageCode.DATASET_WITHOUT_SPLITS: (
        N_("{folder} contains none of the folders train, val and test."),
        N_("Each of them needs the folders NORMAL and PNEUMONIA."),
    ),
    MessageCode.CLASS_FOLDER_MISSING: (
        N_("The folder {folder} is missing."),
        N_("Every split needs the folders NORMAL and PNEUMONIA."),
    ),
    MessageCode.CLASS_FOLDER_EMPTY: (
        N_("The folder {folder} is empty."),
        N_("Add its images, or remove the whole split."),
    ),
    MessageCode.ADULT_DATASET_UNUSABLE: (
        N_("{table} is missing from the adult data set in {folder}, or is not a CSV file in UTF-8."),
        N_("Set ADULT_XRAY_DIR to the folder of the data set. To train without it, use --sources children."),
    ),
    MessageCode.ADULT_COLUMNS_MISSING: (
        N_("{table} in {folder} lacks these columns: {columns}."),
        ADULT_LAYOUT,
    ),
    MessageCode.ADULT_ROW_TOO_SHORT: (
        N_("Line {line} of {table} in {folder} has too few columns."),
        ADULT_LAYOUT,
    ),
    MessageCode.ADULT_LABEL_INVALID: (
        N_("Line {line} of labels.csv in {folder} has an unexpected value in the column {column}."),
        ADULT_LAYOUT,
    ),
    MessageCode.ADULT_BOX_INVALID: (
        N_("Line {line} of {table} in {folder} is not a box within an image of {side} x {side} pixels."),
        ADULT_LAYOUT,
    ),
    MessageCode.ADULT_DATASET_EMPTY: (
        N_("The table labels.csv in {folder} lists no images."),
        ADULT_LAYOUT,
    ),
    MessageCode.ADULT_IMAGE_MISSING: (
        N_("{file}, listed in labels.csv in {folder}, is missing."),
        N_("Copy the adult data set again, with all images."),
    ),
    MessageCode.TOO_FEW_PATIENTS: (
        N_(
            "No {label} images are left for {split}: {validation_percent}% of the patients are reserved for validation."
        ),
        N_("Add images from more patients to the folder train."),
    ),
    MessageCode.NO_READABLE_IMAGES: (
        N_("None of the images in the data set can be read."),
        N_("Complete PNG and JPEG images are accepted."),
    ),
}
