"""Sentences about the labelled data set."""

from model.messages import AnyCode, MessageCode
from model.translation import N_

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
        N_("{folder} does not contain the adult data set: labels.csv or boxes.csv is missing or malformed."),
        N_("Set ADULT_XRAY_DIR to its folder, or train without it (--sources children)."),
    ),
    MessageCode.ADULT_IMAGE_MISSING: (
        N_("{file}, listed in labels.csv in {folder}, is missing."),
        N_("Download the adult data set again."),
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
