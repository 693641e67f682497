"""Diagram of the network, from radiograph to probability, as SVG."""

import html

from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_schema import ReleaseDescription
from ui.charts.icon_array import svg_image
from ui.charts.palette import GREY, INK

# Units of the diagram, about pixels on a phone.
_BOX_HEIGHT, _GAP, _BOX_WIDTH, _BRANCH_WIDTH = 46, 16, 236, 92


def network_steps(description: ReleaseDescription) -> list[tuple[str, str]]:
    """Return name and detail of each step from a radiograph to a probability; `description` is model.json."""
    height, width = description["input"]["height"], description["input"]["width"]
    _, rows, columns = description["outputs"]["class_activation_map"]
    channels = description["outputs"]["embedding"][1]
    lungs, calibration = description["lungs"]["side"], description["calibration"]
    region_texts = {
        RegionKind.WHOLE: "whole film",
        RegionKind.LUNG_BOX: "box of the lungs",
        RegionKind.LUNGS_ALONE: "lungs alone",
    }
    return [
        ("Radiograph", "DICOM, PNG or JPEG, of any size"),
        ("Lungs found", f"small network, {lungs} x {lungs} px"),
        ("What the reader sees", f"{region_texts[_input_region(description).kind]}, {height} x {width} px"),
        (description["network"]["architecture"], description["network"]["description"]),
        ("Feature map", f"{rows} x {columns} places, {channels:,} features each"),
        ("Global average pooling", f"{channels:,} means, one per feature"),
        ("Dropout", f"{description['training']['dropout']:.0%} left out, in training only"),
        ("One logit", f"weighted sum of the {channels:,} means"),
        ("Calibration", f"slope {calibration['slope']:.2f}, intercept {calibration['intercept']:.2f}"),
        ("Probability", "of pneumonia, 0 to 100 %"),
    ]


def network_diagram(description: ReleaseDescription) -> str:
    """Return the network from top to bottom, with the heat map next to the feature map, as an HTML image."""
    steps = network_steps(description)
    _, rows, columns = description["outputs"]["class_activation_map"]
    height = len(steps) * (_BOX_HEIGHT + _GAP) - _GAP + 4
    elements, branch_top = [], 0
    for number, (name, detail) in enumerate(steps):
        top = number * (_BOX_HEIGHT + _GAP) + 2
        if number:
            elements.append(_arrow(f"M{_BOX_WIDTH / 2} {top - _GAP}v{_GAP - 2}", "m-4-5l4 5l4-5"))
        elements.append(_box(2, top, _BOX_WIDTH, name, detail))
        branch_top = top if name == "Feature map" else branch_top
    elements.append(_arrow(f"M{_BOX_WIDTH + 2} {branch_top + _BOX_HEIGHT / 2}h24", "m-5-4l5 4l-5 4"))
    elements.append(_box(_BOX_WIDTH + 28, branch_top, _BRANCH_WIDTH, "Heat map", f"{rows} x {columns}"))
    steps_text = "; ".join(f"{name}: {detail}" for name, detail in steps)
    return svg_image(
        f"0 0 {_BOX_WIDTH + _BRANCH_WIDTH + 30} {height}",
        "".join(elements),
        f"The network, step by step. {steps_text}. The heat map branches off from the feature map.",
        "width:100%;max-width:27rem",
    )


def _input_region(description: ReleaseDescription) -> InputRegion:
    return InputRegion(RegionKind(description["input_region"]["kind"]), float(description["input_region"]["margin"]))


def _box(x: float, y: float, width: float, name: str, detail: str) -> str:
    middle = x + width / 2
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{_BOX_HEIGHT}" rx="6" fill="#e6eef6" stroke="{GREY}"/>'
        f'<g fill="{INK}" text-anchor="middle" font-family="Source Sans, system-ui, sans-serif">'
        f'<text x="{middle}" y="{y + 19}" font-size="14" font-weight="600">{html.escape(name)}</text>'
        f'<text x="{middle}" y="{y + 36}" font-size="12">{html.escape(detail)}</text></g>'
    )


def _arrow(line: str, head: str) -> str:
    return f'<path d="{line}{head}" fill="none" stroke="{GREY}" stroke-width="1.5"/>'
