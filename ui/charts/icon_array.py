"""Drawings that scale with the page: 1,000 children, and the network from film to finding.

Pictures of SVG, since Streamlit takes bare SVG out of a page. They cannot take the page's colours, so they have their
own, which can be read on a light and on a dark page.
"""

import base64
import html

from ui.charts.palette import NORMAL, PNEUMONIA

_COLUMNS, _ROWS, _PITCH = 40, 25, 10
# Colour says what the child has, shape what became of it. One path per group: a thousand elements would be slow.
_GROUPS = (
    ("caught", "found", "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0", f"fill:{PNEUMONIA}"),
    ("missed", "missed", "m-3.4-3.4l6.8 6.8m0-6.8l-6.8 6.8", f"fill:none;stroke:{PNEUMONIA};stroke-width:2.6"),
    ("false_alarms", "false alarms", "m0-4l4.2 7.6h-8.4z", f"fill:{NORMAL}"),
    ("spared", "rightly left alone", "m-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0", f"fill:none;stroke:{NORMAL}"),
)
_GROUP_CONDITION = {
    "caught": "with pneumonia",
    "missed": "with pneumonia",
    "false_alarms": "without",
    "spared": "without",
}


def icon_array(of: dict[str, int]) -> str:
    """A field of 1,000 marks and what they mean, as HTML; `of` of `model.performance.natural_frequencies.natural_frequencies`."""
    first, paths, legend = 0, [], []
    for name, words, mark, style in _GROUPS:
        places = "".join(f"M{x} {y}{mark}" for x, y in map(_icon_position, range(first, first + of[name])))
        paths.append(f'<path d="{places}" style="{style}"/>')
        icon = svg_image("-5 -5 10 10", f'<path d="M0 0{mark}" style="{style}"/>', "", "width:1.2rem;flex:none")
        legend.append(
            f'<li style="display:flex;gap:.5rem;align-items:center">{icon}'
            f"<span><b>{of[name]}</b> {words} ({_GROUP_CONDITION[name]})</span></li>"
        )
        first += of[name]
    said = "1,000 children: " + ", ".join(f"{of[name]} {words}" for name, words, *_ in _GROUPS)
    field = svg_image(f"0 0 {_COLUMNS * _PITCH} {_ROWS * _PITCH}", "".join(paths), said, "width:100%")
    return (
        f'{field}<ul style="list-style:none;padding:0;margin:.75rem 0 0;display:grid;gap:.25rem 1rem;'
        f'grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))">{"".join(legend)}</ul>'
    )


def _icon_position(number: int) -> tuple[int, int]:
    row, column = divmod(number, _COLUMNS)
    return column * _PITCH + _PITCH // 2, row * _PITCH + _PITCH // 2


def svg_image(box: str, content: str, alt: str, style: str) -> str:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{content}</svg>'
    source = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{source}" style="display:block;{style}">'
