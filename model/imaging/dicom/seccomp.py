"""Seccomp (Linux): permanently forbid this process to use the network and to start processes.

C interface: https://docs.kernel.org/userspace-api/seccomp_filter.html. The filter is a program for the kernel (classic
BPF, linux/filter.h) that sees the number of each system call.
"""

import ctypes
import errno
import platform
import struct
import sys

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4  # in struct seccomp_data
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM
_OTHER_CONVENTION = 0x40000000  # on x86-64, numbers from here on belong to the x32 interface
# Audit identifier of the processor (linux/audit.h), and its numbers for socket, clone, fork, vfork, execve, execveat,
# io_uring_setup (which can also open sockets) and clone3.
_ARCHITECTURES = {
    "x86_64": (0xC000003E, (41, 56, 57, 58, 59, 322, 425, 435)),
    "aarch64": (0xC00000B7, (198, 220, 221, 281, 425, 435)),  # has neither fork nor vfork
}


class _Program(ctypes.Structure):  # struct sock_fprog
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def forbid_network_and_processes() -> bool:
    """Make every attempt to open a socket or to start a process, thread or program fail.

    Returns:
        Whether the restriction holds. It exists for Linux on x86-64 and 64-bit ARM.
    """
    is_64_bit_linux = sys.platform == "linux" and struct.calcsize("P") == 8
    architecture = _ARCHITECTURES.get(platform.machine()) if is_64_bit_linux else None
    if architecture is None:
        return False
    libc = ctypes.CDLL(None)
    instructions = _filter(*architecture)
    program = _Program(len(instructions) // 8, instructions)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)


def _filter(architecture: int, forbidden: tuple[int, ...]) -> bytes:
    """Return a filter in which the forbidden calls, and all calls in another convention, fail."""
    checks = [(_JUMP_IF_AT_LEAST, _OTHER_CONVENTION), *((_JUMP_IF_EQUAL, number) for number in forbidden)]
    n = len(checks)
    program = [
        _instruction(_LOAD_WORD, _ARCHITECTURE_OFFSET),
        _instruction(_JUMP_IF_EQUAL, architecture, otherwise=n + 2),
        _instruction(_LOAD_WORD, _NUMBER_OFFSET),
        *(_instruction(code, value, matches=n - position) for position, (code, value) in enumerate(checks)),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _FAIL),
    ]
    return b"".join(program)


def _instruction(code: int, value: int, matches: int = 0, otherwise: int = 0) -> bytes:
    """Encode struct sock_filter; `matches` and `otherwise` are the numbers of instructions to skip."""
    return struct.pack("=HBBI", code, matches, otherwise, value)
