"""Confine the process that reads an untrusted file, permanently and as far as the system can.

SECURITY.md lists which limit applies to which system.
"""

from contextlib import suppress

from model.imaging.dicom.landlock import forbid_changes
from model.imaging.dicom.seccomp import forbid_network_and_processes


def confine(memory: int, cpu_seconds: int) -> None:
    """Confine this process before it receives a file.

    Args:
        memory: Address space, in bytes.
        cpu_seconds: Processor time, in seconds.
    """
    set_resource_limits(memory, cpu_seconds)
    forbid_changes()
    forbid_network_and_processes()


def set_resource_limits(memory: int, cpu_seconds: int) -> None:
    """Limit memory (bytes) and processor time, and forbid file writes and new processes, as far as the system can.

    The limits are hard: this process cannot raise them again.
    """
    try:
        import resource  # not on Windows
    except ImportError:
        return
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": cpu_seconds,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,  # also counts threads; has no effect on root
    }
    for name, limit in limits.items():
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(getattr(resource, name), (limit, limit))
