"""Turns for reading files: how many sessions read at once, and which is next.

All sessions share the turns, which limits the server's memory use. A session has at most one turn at a time, and the
session that has used the least time so far is next, so a session that uploads costly files cannot keep delaying the
others. A DICOM file may take its full time limit. While one is read, other DICOM files wait without a turn, so the
second turn stays free for PNG and JPEG files.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streamlit.delta_generator import DeltaGenerator

from model.limits import DICOM_READINGS_AT_ONCE, READINGS_AT_ONCE
from model.translation import ngettext

POLL_SECONDS = 0.5  # between two reports to a session that waits
_arrivals = itertools.count()


@dataclass(eq=False)
class SessionTime:
    """Time for which a session has held a turn. Each session keeps one such object.

    Attributes:
        seconds: The time so far; `Turns.take` adds to it.
    """

    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class _Ticket:
    """Place in the queue.

    Attributes:
        session: Time of the session.
        is_dicom: Whether the turn is for a DICOM file.
        rank: Time that the session had used on arrival, and number of the arrival. The lowest rank is next.
    """

    session: SessionTime
    is_dicom: bool
    rank: tuple[float, int]


class Turns:
    """A fair queue for a fixed number of turns."""

    def __init__(self, n_turns: int, n_dicom_turns: int) -> None:
        self._n_turns, self._n_dicom_turns = n_turns, n_dicom_turns
        self._changed = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._running: list[_Ticket] = []

    @contextmanager
    def take(
        self, session: SessionTime, is_dicom: bool = False, report_ahead: Callable[[int], None] = lambda _: None
    ) -> Iterator[None]:
        """Wait for a turn and hold it during the `with` block.

        Args:
            session: Time that the session has used. The duration of the block is added to it.
            is_dicom: Whether the turn is for a DICOM file.
            report_ahead: Called every POLL_SECONDS with the number of files that are being read or will be read before
                this one, without those of the same session, and with 0 when the turn begins. If it raises an exception,
                the wait ends and the exception is passed on.
        """
        ticket = _Ticket(session, is_dicom, (session.seconds, next(_arrivals)))
        with self._changed:
            self._waiting.append(ticket)
        try:
            while not self._start(ticket):
                report_ahead(self._ahead(ticket))
            report_ahead(0)
            start = time.monotonic()
            try:
                yield
            finally:
                session.seconds += time.monotonic() - start
        finally:
            with self._changed:
                (self._running if ticket in self._running else self._waiting).remove(ticket)
                self._changed.notify_all()

    def _start(self, ticket: _Ticket) -> bool:
        """Wait up to POLL_SECONDS for the turn of a ticket, and return whether the turn has begun."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._next() is ticket, POLL_SECONDS):
                return False
            self._waiting.remove(ticket)
            self._running.append(ticket)
            self._changed.notify_all()  # another turn may be free
            return True

    def _next(self) -> _Ticket | None:
        """Return the ticket that may start now, if any."""
        if len(self._running) >= self._n_turns:
            return None
        return min(filter(self._may_start, self._waiting), key=lambda ticket: ticket.rank, default=None)

    def _may_start(self, ticket: _Ticket) -> bool:
        if any(running.session is ticket.session for running in self._running):
            return False
        return not ticket.is_dicom or sum(running.is_dicom for running in self._running) < self._n_dicom_turns

    def _ahead(self, ticket: _Ticket) -> int:
        with self._changed:
            first = [*self._running, *(other for other in self._waiting if other.rank < ticket.rank)]
            return sum(other.session is not ticket.session for other in first)


reading_turns = Turns(READINGS_AT_ONCE, DICOM_READINGS_AT_ONCE)


def show_ahead(slot: DeltaGenerator, n_files: int) -> None:
    """Show how many files will be read before the one that waits, or clear the slot if there are none."""
    if not n_files:
        slot.empty()
        return
    text = ngettext(
        "Waiting: {n} other file will be read first.", "Waiting: {n} other files will be read first.", n_files
    )
    slot.info(text.format(n=n_files), icon=":material/hourglass_empty:")
