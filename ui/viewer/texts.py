"""Texts of the viewer. viewer.html and viewer.js refer to them by name."""

from model.translation import N_
from model.translation import gettext as _

_TEXTS = {
    "viewer": N_("X-ray viewer"),
    "failure": N_("This browser cannot display the preview. Reload the page, or use another browser."),
    "preview": N_("Preview, not diagnostic quality"),
    "mouse": N_(
        "Click the image to zoom with the wheel; Ctrl + wheel always zooms. Drag to move a zoomed image. Right-drag or "
        "Shift + drag to change window and level. Double-click to reset."
    ),
    "touch": N_("Pinch to zoom, then drag to move. Double-tap to reset."),
    "zoom": N_("Zoom"),
    "zoom_out": N_("Zoom out"),
    "zoom_in": N_("Zoom in"),
    "reset": N_("Reset"),
    "heat_map": N_("Heat map"),
    "boxes": N_("Boxes"),
    "evidence": N_("Evidence of pneumonia"),
    "evidence_none": N_("0 (none)"),
    "evidence_strong": N_("1 (strong)"),
    "evidence_scale": N_("Same scale for all images"),
    "no_evidence": N_("No evidence to show"),
    "kinds": N_("Map shown"),
    "opacity_map": N_("Opacity map"),
    "grad_cam": N_("Grad-CAM"),
    "about_opacity_map": N_("Areas in which the model sees opacities, learned from radiologists' boxes"),
    "about_grad_cam": N_("Regions that raised the probability of pneumonia. Not checked for reliability."),
    "opacity_scale": N_("Probability of an opacity, same scale for all images"),
    "contour": N_("Contour: {percent} or more"),
    "no_opacity": N_("No opacity found"),
    "not_read": N_("Not read, so there is no heat map"),
    "opacity": N_("Heat map opacity"),
    "window": N_("Window (width)"),
    "level": N_("Level (centre)"),
    "keys": N_("Keyboard shortcuts"),
    "keys_focus": N_("Active while the image has the focus (Tab or click):"),
    "key_zoom": N_("zoom in, out"),
    "key_move": N_("move a zoomed image"),
    "key_map": N_("show or hide the heat map"),
    "key_kind": N_("opacity map or Grad-CAM"),
    "key_boxes": N_("show or hide the boxes"),
    "key_opacity": N_("heat map opacity lower, higher"),
    "key_window": N_("window wider, narrower"),
    "key_level": N_("level higher, lower"),
    "key_reset": N_("reset"),
    "key_leave": N_("leave the image"),
    # With a value.
    "percent": N_("{number}%"),
    "millimetres": N_("{number} mm"),
    "centimetres": N_("{number} cm"),
    # Announced to screen readers after a key.
    "spoken_zoom": N_("zoom {value}"),
    "spoken_window": N_("window {value}"),
    "spoken_level": N_("level {value}"),
    "spoken_opacity": N_("opacity {value}"),
    "spoken_map_on": N_("heat map on"),
    "spoken_map_off": N_("heat map off"),
    "spoken_map_none": N_("no heat map"),
    "spoken_kind": N_("map shown: {value}"),
    "spoken_boxes_on": N_("boxes on"),
    "spoken_boxes_off": N_("boxes off"),
}


def viewer_texts() -> dict[str, str]:
    """Return all texts in the session's language, by name."""
    return {name: _(text) for name, text in _TEXTS.items()}
