"""The network from radiograph to probability, as an SVG."""

import html
from typing import Any

from model.inference.input_region import InputRegion, RegionKind
from ui.charts.icon_array import svg_image
from ui.charts.palette import GREY, INK

_BOX, _GAP, _WIDTH, _SIDE = 46, 16, 236, 92  # of the network's drawing, in its own units, about pixels on a phone


def network_steps(about: dict[str, Any]) -> list[tuple[str, str]]:
    """The steps from a radiograph to a probability, (name, what of size): `about` is model.json."""
    height, width = about["input"]["height"], about["input"]["width"]
    _, rows, columns = about["outputs"]["class_activation_map"]
    channels = about["outputs"]["embedding"][1]
    lungs, calibration = about["lungs"]["side"], about["calibration"]
    seen = {
        RegionKind.WHOLE: "whole film",
        RegionKind.LUNG_BOX: "box of the lungs",
        RegionKind.LUNGS_ALONE: "lungs alone",
    }
    return [
        ("Radiograph", "DICOM, PNG or JPEG, of any size"),
        ("Lungs found", f"small network, {lungs} x {lungs} px"),
        ("What the reader sees", f"{seen[_input_region(about).part]}, {height} x {width} px"),
        ("MobileNetV2", "17 blocks of convolutions"),
        ("Feature map", f"{rows} x {columns} places, {channels:,} features each"),
        ("Global average pooling", f"{channels:,} means, one per feature"),
        ("Dropout", f"{about['training']['dropout']:.0%} left out, in training only"),
        ("One logit", f"weighted sum of the {channels:,} means"),
        ("Calibration", f"slope {calibration['slope']:.2f}, intercept {calibration['intercept']:.2f}"),
        ("Probability", "of pneumonia, 0 to 100 %"),
    ]


def network_diagram(about: dict[str, Any]) -> str:
    """The network from top to bottom, the heat map beside the feature map that it comes from, as an SVG."""
    steps = network_steps(about)
    _, rows, columns = about["outputs"]["class_activation_map"]
    height = len(steps) * (_BOX + _GAP) - _GAP + 4
    parts, branch = [], 0
    for number, (name, detail) in enumerate(steps):
        top = number * (_BOX + _GAP) + 2
        if number:
            parts.append(_arrow(f"M{_WIDTH / 2} {top - _GAP}v{_GAP - 2}", "m-4-5l4 5l4-5"))
        parts.append(_box(2, top, _WIDTH, name, detail))
        branch = top if name == "Feature map" else branch
    parts.append(_arrow(f"M{_WIDTH + 2} {branch + _BOX / 2}h24", "m-5-4l5 4l-5 4"))
    parts.append(_box(_WIDTH + 28, branch, _SIDE, "Heat map", f"{rows} x {columns}"))
    said = "; ".join(f"{name}: {detail}" for name, detail in steps)
    return svg_image(
        f"0 0 {_WIDTH + _SIDE + 30} {height}",
        "".join(parts),
        f"The network, step by step. {said}. The heat map branches off from the feature map.",
        "width:100%;max-width:27rem",
    )


def _input_region(about: dict[str, Any]) -> InputRegion:
    return InputRegion(RegionKind(about["view"]["part"]), float(about["view"]["margin"]))


def _box(x: float, y: float, width: float, name: str, detail: str) -> str:
    middle = x + width / 2
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{_BOX}" rx="6" fill="#e6eef6" stroke="{GREY}"/>'
        f'<g fill="{INK}" text-anchor="middle" font-family="Source Sans, system-ui, sans-serif">'
        f'<text x="{middle}" y="{y + 19}" font-size="14" font-weight="600">{html.escape(name)}</text>'
        f'<text x="{middle}" y="{y + 36}" font-size="12">{html.escape(detail)}</text></g>'
    )


def _arrow(line: str, head: str) -> str:
    return f'<path d="{line}{head}" fill="none" stroke="{GREY}" stroke-width="1.5"/>'
