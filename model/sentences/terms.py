"""Names of the terms that messages carry as parameters, such as modalities."""

from model.translation import N_

# By parameter and term. A value that is not listed is shown unchanged.
TERM_NAMES: dict[str, dict[str, str]] = {
    "file_format": {
        "pdf": N_("PDF document"),
        "gif": N_("GIF image"),
        "tiff": N_("TIFF image"),
        "webp": N_("WebP image"),
        "heif": N_("HEIC or AVIF image"),
        "jpeg2000": N_("JPEG 2000 image"),
        "jpegxl": N_("JPEG XL image"),
        "bmp": N_("BMP image"),
        "archive": N_("archive or Office document"),
        "html": N_("web page"),
        "svg": N_("SVG drawing"),
        "xml": N_("XML document"),
        "unknown": N_("not an image file"),
    },
    "modality": {
        "CT": N_("CT"),
        "MR": N_("magnetic resonance (MR)"),
        "US": N_("ultrasound"),
        "MG": N_("mammography"),
        "NM": N_("nuclear medicine"),
        "PT": N_("PET"),
        "XA": N_("angiography"),
        "RF": N_("fluoroscopy"),
        "IO": N_("intra-oral (dental) radiography"),
        "PX": N_("panoramic (dental) radiography"),
        "BMD": N_("bone densitometry"),
        "ES": N_("endoscopy"),
        "XC": N_("photography"),
        "OP": N_("ophthalmic photography"),
        "SM": N_("microscopy"),
        "ECG": N_("ECG"),
        "SR": N_("structured report (no image)"),
        "PR": N_("presentation state (no image)"),
        "KO": N_("key object selection (no image)"),
        "DOC": N_("document (no image)"),
        "SEG": N_("segmentation"),
    },
    "transfer_syntax": {"unknown": N_("unknown")},
    "view": {"lateral": N_("lateral"), "oblique": N_("oblique"), "decubitus": N_("lateral decubitus")},
    "split": {"training": N_("training"), "validation": N_("validation"), "test": N_("test")},
}


def closed_terms(param: str) -> tuple[str, ...]:
    """Return the terms that have a name, for a parameter such as "modality"."""
    return tuple(TERM_NAMES[param])
