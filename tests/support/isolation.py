"""Command prefixes that cut a process off from the disk or the network."""

import subprocess

# No file may grow: every write to a file fails, on disk or in memory. Pipes and sockets work.
NO_DISK = ("prlimit", "--fsize=0")
# A network namespace with only 127.0.0.1.
NO_NETWORK = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def isolation_available() -> bool:
    """Return whether this system supports both prefixes."""
    try:
        return subprocess.run([*NO_NETWORK, *NO_DISK, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
