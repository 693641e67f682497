"""Licence file of a release, generated from its model.json."""

from model.inference.release_schema import ReleaseDescription
from training.release.markdown import markdown_list, markdown_paragraph


def licence_text(description: ReleaseDescription) -> str:
    """Return the content of the licence file."""
    datasets = [
        f"{entry['dataset']['name']}; {entry['dataset']['source']}; {entry['dataset']['licence']}."
        for entry in description["populations"].values()
    ]
    parts = (
        f"Licence of the model {description['version']}",
        markdown_paragraph(description["licence"]),
        "Training data:",
        markdown_list(datasets),
        markdown_paragraph("The release contains no image of a patient. The licence of the program is separate."),
    )
    return "\n\n".join(parts) + "\n"
