"""A text stream that claims to be a terminal and keeps what is written to it."""

import io


class Terminal(io.StringIO):
    """Output that progress bars take for a terminal."""

    def isatty(self) -> bool:
        return True
