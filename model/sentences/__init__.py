"""English sentences of all messages, and the function that renders them in any language.

The sentences are in one module per origin, such as a DICOM file or the release, and `rendering.ORIGINS` lists the
modules. The text of an error says what happened, what is accepted, and what to do.
"""

from model.sentences.rendering import render, render_codes
from model.sentences.terms import closed_terms

__all__ = ["closed_terms", "render", "render_codes"]
