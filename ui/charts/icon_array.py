"""Drawings that scale with the page: 1,000 children, and the network from film to finding.

Pictures of SVG, since Streamlit takes bare SVG out of a page. They cannot take the page's colours, so they have their
own, which can be read on a light and on a dark page.
"""

import base64
import html
from typing import Any

from model.inference.input_region import Part, View
from ui.charts.performance import GREY, INK, NORMAL, PNEUMONIA

_COLUMNS, _ROWS, _PITCH = 40, 25, 10
# Colour says what the child has, shape what became of it. One path per group: a thousand elements would be slow.
_GROUPS = (
    ("caught", "found", "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0", f"fill:{PNEUMONIA}"),
    ("missed", "missed", "m-3.4-3.4l6.8 6.8m0-6.8l-6.8 6.8", f"fill:none;stroke:{PNEUMONIA};stroke-width:2.6"),
    ("false_alarms", "false alarms", "m0-4l4.2 7.6h-8.4z", f"fill:{NORMAL}"),
    ("spared", "rightly left alone", "m-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0", f"fill:none;stroke:{NORMAL}"),
)
_MEANS = {
    "caught": "with pneumonia",
    "missed": "with pneumonia",
    "false_alarms": "without",
    "spared": "without",
}
_BOX, _GAP, _WIDTH, _SIDE = 46, 16, 236, 92  # of the network's drawing, in its own units, about pixels on a phone


def thousand_children(of: dict[str, int]) -> str:
    """A field of 1,000 marks and what they mean, as HTML; `of` of `model.performance.natural_frequencies.of_thousand`."""
    first, paths, legend = 0, [], []
    for name, words, mark, style in _GROUPS:
        places = "".join(f"M{x} {y}{mark}" for x, y in map(_place, range(first, first + of[name])))
        paths.append(f'<path d="{places}" style="{style}"/>')
        icon = _picture("-5 -5 10 10", f'<path d="M0 0{mark}" style="{style}"/>', "", "width:1.2rem;flex:none")
        legend.append(
            f'<li style="display:flex;gap:.5rem;align-items:center">{icon}'
            f"<span><b>{of[name]}</b> {words} ({_MEANS[name]})</span></li>"
        )
        first += of[name]
    said = "1,000 children: " + ", ".join(f"{of[name]} {words}" for name, words, *_ in _GROUPS)
    field = _picture(f"0 0 {_COLUMNS * _PITCH} {_ROWS * _PITCH}", "".join(paths), said, "width:100%")
    return (
        f'{field}<ul style="list-style:none;padding:0;margin:.75rem 0 0;display:grid;gap:.25rem 1rem;'
        f'grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))">{"".join(legend)}</ul>'
    )


def network_steps(about: dict[str, Any]) -> list[tuple[str, str]]:
    """The steps from a radiograph to a probability, (name, what of size): `about` is model.json."""
    height, width = about["input"]["height"], about["input"]["width"]
    _, rows, columns = about["outputs"]["class_activation_map"]
    channels = about["outputs"]["embedding"][1]
    lungs, calibration = about["lungs"]["side"], about["calibration"]
    seen = {Part.WHOLE: "whole film", Part.LUNG_BOX: "box of the lungs", Part.LUNGS_ALONE: "lungs alone"}
    return [
        ("Radiograph", "DICOM, PNG or JPEG, of any size"),
        ("Lungs found", f"small network, {lungs} x {lungs} px"),
        ("What the reader sees", f"{seen[_view(about).part]}, {height} x {width} px"),
        ("MobileNetV2", "17 blocks of convolutions"),
        ("Feature map", f"{rows} x {columns} places, {channels:,} features each"),
        ("Global average pooling", f"{channels:,} means, one per feature"),
        ("Dropout", f"{about['training']['dropout']:.0%} left out, in training only"),
        ("One logit", f"weighted sum of the {channels:,} means"),
        ("Calibration", f"slope {calibration['slope']:.2f}, intercept {calibration['intercept']:.2f}"),
        ("Probability", "of pneumonia, 0 to 100 %"),
    ]


def network_drawing(about: dict[str, Any]) -> str:
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
    return _picture(
        f"0 0 {_WIDTH + _SIDE + 30} {height}",
        "".join(parts),
        f"The network, step by step. {said}. The heat map branches off from the feature map.",
        "width:100%;max-width:27rem",
    )


def _view(about: dict[str, Any]) -> View:
    return View(Part(about["view"]["part"]), float(about["view"]["margin"]))


def _place(number: int) -> tuple[int, int]:
    row, column = divmod(number, _COLUMNS)
    return column * _PITCH + _PITCH // 2, row * _PITCH + _PITCH // 2


def _picture(box: str, content: str, alt: str, style: str) -> str:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{content}</svg>'
    source = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{source}" style="display:block;{style}">'


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
