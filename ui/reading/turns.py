"""Turns to read a file: how many sessions read at once, and who is next.

All sessions share the turns, which limits the memory of the server. A session has at most one turn at a time, and the
session that has used the least time so far is next. So one that uploads costly files does not delay the others again
and again. A DICOM file may take as long as its time limit, so DICOM files wait without a turn while another is read,
and the other turn stays free for the rest.
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

POLL_SECONDS = 0.5  # between two reports of the position
_arrivals = itertools.count()


@dataclass(eq=False)
class SessionTime:
    """Time in which a session has held a turn; mutable, and kept by the session.

    Attributes:
        seconds: The time so far.
    """

    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class _Ticket:
    """Place in the queue.

    Attributes:
        session: Time of the session.
        is_dicom: Whether the turn is for a DICOM file.
        rank: The smallest is next: time that the session had used on arrival, then the order of arrival.
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
            session: Time that the session has used; the block is added to it.
            is_dicom: Whether the turn is for a DICOM file.
            report_ahead: Called every POLL_SECONDS with the number of files that are read or wait before this one. It
                may raise an exception to stop waiting, which is passed on. At the end of a wait, it is called with 0.
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
        """Wait at most POLL_SECONDS until it is the turn of a ticket, and return whether it is."""
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
            return len(self._running) + sum(other.rank < ticket.rank for other in self._waiting)


reading_turns = Turns(READINGS_AT_ONCE, DICOM_READINGS_AT_ONCE)


def show_ahead(slot: DeltaGenerator, n_files: int) -> None:
    """Say in a slot how many files are read before the one that waits; clear the slot if there are none."""
    if not n_files:
        slot.empty()
        return
    text = ngettext("Waiting: {n} other file is read first.", "Waiting: {n} other files are read first.", n_files)
    slot.info(text.format(n=n_files), icon=":material/hourglass_empty:")
