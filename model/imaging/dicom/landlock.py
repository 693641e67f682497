"""Landlock (Linux 5.13 or later): permanently forbid this process to change files and to reach other processes.

C interface: https://docs.kernel.org/userspace-api/landlock.html. Each version of the interface can restrict more;
rights that the kernel does not know are left out.
"""

import ctypes
import sys

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # system calls, with the same numbers on x86-64 and ARM
_GET_VERSION = 1  # flag LANDLOCK_CREATE_RULESET_VERSION
_PR_SET_NO_NEW_PRIVS = 38  # required, so that no program with more rights can be tricked
# Rights (linux/landlock.h) by the version that introduced them. Reading files and folders stays allowed, because
# libraries are loaded while a file is decoded.
_READ = 1 << 2 | 1 << 3  # LANDLOCK_ACCESS_FS_READ_FILE, READ_DIR
_FILE_RIGHTS = {1: (1 << 13) - 1 & ~_READ, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # REFER, TRUNCATE, IOCTL_DEV
_NETWORK_RIGHTS = {4: 1 << 0 | 1 << 1}  # BIND_TCP, CONNECT_TCP
_SCOPES = {6: 1 << 0 | 1 << 1}  # no abstract Unix sockets and no signals outside this process


class _Ruleset(ctypes.Structure):  # struct landlock_ruleset_attr; a kernel accepts zeros in unknown fields
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def landlock_version() -> int:
    """Return the version of the interface; 0 if this system has no Landlock."""
    if sys.platform != "linux":
        return 0
    version: int = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _GET_VERSION)
    return max(0, version)


def forbid_changes() -> bool:
    """Forbid this process to create, write or delete files, start programs, use TCP and signal other processes.

    Open files, and programs that this process has already started, are not affected.

    Returns:
        Whether the restriction holds.
    """
    version = landlock_version()
    if not version:
        return False
    libc = ctypes.CDLL(None)
    ruleset = _Ruleset(*(_known(rights, version) for rights in (_FILE_RIGHTS, _NETWORK_RIGHTS, _SCOPES)))
    descriptor = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0)
    if descriptor < 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.syscall(_RESTRICT_SELF, descriptor, 0)  # the descriptor closes with the process


def _known(rights: dict[int, int], version: int) -> int:
    """Return the rights that this version of the interface knows, as one number."""
    return sum(right for introduced, right in rights.items() if introduced <= version)
