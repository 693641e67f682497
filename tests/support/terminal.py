"""A text stream that claims to be a terminal and keeps what is written to it."""

import io


class Terminal(io.StringIO):
    """Output that looks like a terminal to progress bars."""

    def isatty(self) -> bool:
        return True
