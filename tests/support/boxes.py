"""Boxes within a radiograph, for tests of hypothesis."""

from hypothesis import strategies as st

from model.imaging.geometry import Box

shares = st.floats(0, 1)


@st.composite
def boxes(draw) -> Box:
    """A box within the radiograph, not empty."""
    across, down = (draw(st.tuples(shares, shares).filter(lambda edges: edges[0] != edges[1])) for _ in range(2))
    return Box(min(across), min(down), max(across), max(down))
