"""Start the app: `streamlit run serve.py`.

`streamlit run app.py` shows the same pages, but its server sends no security headers and is hardened only when the
first page is opened (SECURITY.md).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from ui.security_headers import SecurityHeaders
from ui.server import harden_server


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Harden the server before it accepts a request."""
    harden_server()
    yield


app = st.App("app.py", lifespan=lifespan, middleware=[Middleware(SecurityHeaders)])
