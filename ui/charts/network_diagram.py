"""Diagram of the network, from the radiograph to the probability, as SVG."""

import html

from model.codes import Population
from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_schema import ReleaseDescription
from model.performance.formatting import format_percent
from model.translation import N_
from model.translation import gettext as _
from ui.charts.icon_array import svg_image
from ui.charts.palette import GREY, INK

# Units of the diagram, about pixels on a phone.
_BOX_HEIGHT, _GAP, _BOX_WIDTH, _BRANCH_WIDTH = 46, 16, 236, 92
_FEATURE_MAP_STEP = 4  # position in `network_steps`; the heat map branches off there
_REGION_NAMES = {
    RegionKind.WHOLE: N_("whole image, {height} x {width} px"),
    RegionKind.LUNG_BOX: N_("box around the lungs, {height} x {width} px"),
    RegionKind.LUNGS_ALONE: N_("lungs only, {height} x {width} px"),
}


def network_steps(description: ReleaseDescription) -> list[tuple[str, str]]:
    """Return name and detail of each step from the radiograph to the probability; `description` is model.json."""
    height, width = description["input"]["height"], description["input"]["width"]
    rows, columns = description["outputs"]["class_activation_map"][1:]
    channels = description["outputs"]["embedding"][1]
    calibration = description["populations"][Population.CHILDREN]["calibration"]
    region = _(_REGION_NAMES[_input_region(description).kind]).format(height=height, width=width)
    lung_network = _("small network, {side} x {side} px").format(side=description["lungs"]["side"])
    feature_map = _("{rows} x {columns} positions, {channels:,} features each")
    dropout = _("{share} of the features, in training only")
    slope_and_intercept = _("slope {slope:.2f}, intercept {intercept:.2f}")
    return [
        (_("Chest X-ray"), _("DICOM, PNG or JPEG of any size")),
        (_("Lung segmentation"), lung_network),
        (_("Input region"), region),
        (description["network"]["architecture"], description["network"]["description"]),
        (_("Feature map"), feature_map.format(rows=rows, columns=columns, channels=channels)),
        (_("Global average pooling"), _("{channels:,} means, one per feature").format(channels=channels)),
        (_("Dropout"), dropout.format(share=format_percent(description["training"]["dropout"]))),
        (_("Logit"), _("weighted sum of the {channels:,} means").format(channels=channels)),
        (
            _("Calibration"),
            slope_and_intercept.format(slope=calibration["slope"], intercept=calibration["intercept"]),
        ),
        (_("Probability"), _("of pneumonia, 0% to 100%")),
    ]


def network_diagram(description: ReleaseDescription) -> str:
    """Return the network from top to bottom, with the heat map next to the feature map, as an HTML image."""
    steps = network_steps(description)
    rows, columns = description["outputs"]["class_activation_map"][1:]
    height = len(steps) * (_BOX_HEIGHT + _GAP) - _GAP + 4
    elements, branch_top = [], 0
    for number, (name, detail) in enumerate(steps):
        top = number * (_BOX_HEIGHT + _GAP) + 2
        if number:
            elements.append(_arrow(f"M{_BOX_WIDTH / 2} {top - _GAP}v{_GAP - 2}", "m-4-5l4 5l4-5"))
        elements.append(_box(2, top, _BOX_WIDTH, name, detail))
        branch_top = top if number == _FEATURE_MAP_STEP else branch_top
    elements.append(_arrow(f"M{_BOX_WIDTH + 2} {branch_top + _BOX_HEIGHT / 2}h24", "m-5-4l5 4l-5 4"))
    elements.append(_box(_BOX_WIDTH + 28, branch_top, _BRANCH_WIDTH, _("Heat map"), f"{rows} x {columns}"))
    alt = _("The network, step by step. {steps}. The heat map branches off from the feature map.").format(
        steps="; ".join(f"{name}: {detail}" for name, detail in steps)
    )
    return svg_image(
        f"0 0 {_BOX_WIDTH + _BRANCH_WIDTH + 30} {height}",
        "".join(elements),
        alt,
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
