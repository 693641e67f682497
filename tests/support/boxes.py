"""Hypothesis strategy for boxes within a radiograph."""

from hypothesis import strategies as st

from model.imaging.geometry import RelativeBox

shares = st.floats(0, 1)


@st.composite
def boxes(draw) -> RelativeBox:
    """Draw a non-empty box within the radiograph."""
    across, down = (draw(st.tuples(shares, shares).filter(lambda edges: edges[0] != edges[1])) for _ in range(2))
    return RelativeBox(min(across), min(down), max(across), max(down))
