"""Start the app: `streamlit run serve.py`.

`streamlit run app.py` shows the same pages, but its server sends no security headers (SECURITY.md).
"""

import streamlit as st
from starlette.middleware import Middleware

from ui.security_headers import SecurityHeaders

app = st.App("app.py", middleware=[Middleware(SecurityHeaders)])
