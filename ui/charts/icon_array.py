"""Icon array of 1,000 patients, and the conversion of SVG to an HTML image.

Streamlit removes bare SVG from a page, so drawings are <img> elements. These elements cannot inherit the colours of the
page; their own colours are legible on a light and on a dark page.
"""

import base64
import html

from model.performance.schema import Confusion
from model.translation import N_
from model.translation import gettext as _
from ui.charts.palette import NORMAL, PNEUMONIA

_COLUMNS, _ROWS, _PITCH = 40, 25, 10
# Colour shows the condition, shape the outcome. One path per group, because a thousand elements would be slow.
_GROUPS = (
    (
        "tp",
        N_("{count} true positives (with pneumonia)"),
        "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0",
        f"fill:{PNEUMONIA}",
    ),
    (
        "fn",
        N_("{count} missed cases (with pneumonia)"),
        "m-3.4-3.4l6.8 6.8m0-6.8l-6.8 6.8",
        f"fill:none;stroke:{PNEUMONIA};stroke-width:2.6",
    ),
    ("fp", N_("{count} false alarms (without pneumonia)"), "m0-4l4.2 7.6h-8.4z", f"fill:{NORMAL}"),
    (
        "tn",
        N_("{count} true negatives (without pneumonia)"),
        "m-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0",
        f"fill:none;stroke:{NORMAL}",
    ),
)


def icon_array(frequencies: Confusion) -> str:
    """Return a field of 1,000 icons with its legend, as HTML.

    Args:
        frequencies: Number of patients in each group, see `model.performance.natural_frequencies.natural_frequencies`.
    """
    counts = {"tp": frequencies["tp"], "fn": frequencies["fn"], "fp": frequencies["fp"], "tn": frequencies["tn"]}
    first, paths, legend = 0, [], []
    for name, text, mark, style in _GROUPS:
        count = counts[name]
        icons = "".join(f"M{x} {y}{mark}" for x, y in map(_icon_position, range(first, first + count)))
        paths.append(f'<path d="{icons}" style="{style}"/>')
        icon = svg_image("-5 -5 10 10", f'<path d="M0 0{mark}" style="{style}"/>', "", "width:1.2rem;flex:none")
        group_text = html.escape(_(text)).format(count=f"<b>{count}</b>")
        legend.append(f'<li style="display:flex;gap:.5rem;align-items:center">{icon}<span>{group_text}</span></li>')
        first += count
    alt = _("1,000 patients: {tp} true positives, {fn} missed cases, {fp} false alarms, {tn} true negatives").format(
        **counts
    )
    field = svg_image(f"0 0 {_COLUMNS * _PITCH} {_ROWS * _PITCH}", "".join(paths), alt, "width:100%")
    return (
        f'{field}<ul style="list-style:none;padding:0;margin:.75rem 0 0;display:grid;gap:.25rem 1rem;'
        f'grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))">{"".join(legend)}</ul>'
    )


def svg_image(view_box: str, content: str, alt: str, style: str) -> str:
    """Return an SVG drawing as an HTML image.

    Args:
        view_box: `viewBox` of the drawing.
        content: Elements of the drawing.
        alt: Text alternative.
        style: CSS of the image.
    """
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box}">{content}</svg>'
    source = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{source}" style="display:block;{style}">'


def _icon_position(number: int) -> tuple[int, int]:
    row, column = divmod(number, _COLUMNS)
    return column * _PITCH + _PITCH // 2, row * _PITCH + _PITCH // 2
