"""Frame of every page: page settings, menu, and the notice that is always visible."""

from html import escape

import streamlit as st

from model.codes import Population
from model.translation import N_, use_language
from model.translation import gettext as _
from ui.language import session_language
from ui.query_params import remembered_query
from ui.resources import current_release
from ui.server import harden_server
from ui.session_end import show_session_end

APP_NAME = N_("Chest X-ray reader")
MENU = (
    ("app.py", N_("Read X-rays"), ":material/radiology:"),
    ("pages/Dataset_explorer.py", N_("Dataset explorer"), ":material/photo_library:"),
    ("pages/Model_performance.py", N_("Model performance"), ":material/monitoring:"),
    ("pages/About.py", N_("About"), ":material/info:"),
)
NOTICE_TEXT = N_("Research use only, not a medical device. Use as a second reader, after your own reading.")

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
    """Select the session's language and draw the frame.

    This call must be the first statement in app.py and in every file in pages/.

    Args:
        title: Title of the page in English, marked with `N_`.
    """
    use_language(session_language())
    harden_server()
    # An emoji, because the browser would fetch a font from Google for a Material icon in its tab. Streamlit ships the
    # icons that are used inside pages.
    st.set_page_config(page_title=f"{_(title)} - {_(APP_NAME)}", page_icon="\N{LUNGS}", layout="wide")
    with st.container(horizontal=True, gap="small"):
        for page, label, icon in MENU:
            st.page_link(page, label=_(label), icon=icon, query_params=remembered_query(page))
    notice = escape(f"{_(NOTICE_TEXT)} {_model_text()}")
    st.html(f'{_STYLE}<div class="reader-notice" role="note">{notice}</div>')
    st.title(_(title), anchor=False)
    show_session_end()


def _model_text() -> str:
    """Return what the model was trained on, its version, and whether it is the one shipped with the program."""
    try:
        release = current_release()
    except Exception:  # the page itself shows the error, and the notice is needed even then
        return _("No trained model.")
    youngest, oldest = release.populations[Population.CHILDREN].years
    if Population.ADULTS in release.populations:
        population = _("Trained on frontal chest X-rays of children aged {youngest} to {oldest} years and of adults.")
    else:
        population = _(
            "Trained on frontal chest X-rays of children aged {youngest} to {oldest} years from one hospital."
        )
    model = (
        _("Model {version}.") if release.is_shipped else _("Model {version}, not the one shipped with this program.")
    )
    return f"{population.format(youngest=youngest, oldest=oldest)} {model.format(version=release.version)}"
