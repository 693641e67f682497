"""Frame of every page: page settings, menu, and the notice that is always visible."""

import streamlit as st

from ui.formatting import number_in_words
from ui.query_params import remembered_query
from ui.resources import current_release
from ui.server import harden_server

APP_NAME = "Chest radiograph reader"
MENU = (
    ("app.py", "Read a radiograph", ":material/radiology:"),
    ("pages/Dataset_explorer.py", "Dataset explorer", ":material/photo_library:"),
    ("pages/Model_performance.py", "Model performance", ":material/monitoring:"),
    ("pages/About.py", "About the reader", ":material/info:"),
)
NOTICE_TEXT = "Research use only, not a medical device. A second reader, after the clinician's own look."
NOT_SHIPPED_TEXT = "not the model shipped with this program"

_STYLE = """
<style>
.stMainBlockContainer { padding-top: 4rem; padding-bottom: 6rem; max-width: 84rem; }
.reader-notice {
  position: fixed; inset: auto 0 0 0; z-index: 90; padding: 0.4rem 1rem; text-align: center;
  font-size: 0.8rem; line-height: 1.3; background: Canvas; color: CanvasText;
  border-top: 1px solid color-mix(in srgb, CanvasText 20%, Canvas);
}
@media (max-width: 40rem) { .reader-notice { font-size: 0.72rem; padding: 0.35rem 0.6rem; } }
</style>
"""


def page_frame(title: str) -> None:
    """Begin a page: the first statement of app.py and of every file in pages/."""
    harden_server()
    # An emoji: the browser would fetch a Material icon for its tab from Google. Streamlit brings the icons in pages.
    st.set_page_config(page_title=f"{title} - {APP_NAME}", page_icon="\N{LUNGS}", layout="wide")
    with st.container(horizontal=True, gap="small"):
        for page, label, icon in MENU:
            st.page_link(page, label=label, icon=icon, query_params=remembered_query(page))
    st.html(f'{_STYLE}<div class="reader-notice" role="note">{NOTICE_TEXT} {_model_text()}</div>')
    st.title(title, anchor=False)


def _model_text() -> str:
    """Return what the model was trained on, its version, and whether it is the one that the program comes with."""
    try:
        release = current_release()
        youngest, oldest = map(number_in_words, release.description["population_years"])
        return (
            f"Trained on frontal chest radiographs of children of {youngest} to {oldest} years from one hospital. "
            f"Model {release.version}{'' if release.is_shipped else f', {NOT_SHIPPED_TEXT}'}."
        )
    except Exception:  # the page shows the error; the notice is shown in any case
        return "No trained model."
