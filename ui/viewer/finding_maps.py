"""Maps of a finding in the viewer."""

from model.explanation.heatmap import finding_maps
from model.inference.finding import Finding
from ui.viewer.component import ViewerMap

_ONLY_MAP = "heat_map"  # kind of the class-activation map if there is no opacity map to distinguish it from


def viewer_maps(finding: Finding) -> list[ViewerMap]:
    """Return the maps to choose from. An only map without evidence is left out."""
    maps = finding_maps(finding)
    if len(maps) > 1:
        return [ViewerMap(each.kind, each.values, each.colours(), each.contour) for each in maps]
    (only,) = maps
    return [ViewerMap(_ONLY_MAP, only.values, only.colours())] if only.values.any() else []
