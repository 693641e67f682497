"""SHA256SUMS: written in the format of sha256sum, and parsed strictly."""

import contextlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ReleaseCorrupted
from model.messages import MessageCode
from model.storage import format_checksums, parse_checksums, write_checksums
from tests.support.messages import raises_message

DIGEST = "0123456789abcdef" * 4
LISTING = f"{DIGEST}  a.csv\n{DIGEST}  b\n"


@pytest.mark.slow
def test_sha256sum_accepts_the_checksums_of_a_directory(tmp_path):
    for name in ("b", "A.md", "a.csv", "SHA256SUMS"):
        (tmp_path / name).write_bytes(name.encode())
    write_checksums(tmp_path)

    listing = (tmp_path / "SHA256SUMS").read_bytes()
    assert listing.decode() == format_checksums(tmp_path)
    assert list(parse_checksums(listing)) == ["A.md", "a.csv", "b"]
    subprocess.run(["sha256sum", "--check", "--strict", "--status", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_checksums_are_parsed():
    assert parse_checksums(LISTING.encode()) == {"a.csv": DIGEST, "b": DIGEST}


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "\n",
        LISTING.removesuffix("\n"),
        LISTING + "\n",
        "\n" + LISTING,
        LISTING.replace("\n", "\r\n"),
        LISTING.upper(),
        LISTING.replace("  ", " "),
        LISTING.replace("  ", " *"),
        LISTING.replace("  ", "\t"),
        " " + LISTING,
        LISTING[1:],
        "0" + LISTING,
        f"\\{LISTING}",
        f"# comment\n{LISTING}",
        f"{DIGEST}  b\n{DIGEST}  a.csv\n",
        f"{DIGEST}  b\n{DIGEST}  b\n",
        f"{DIGEST}  ../b\n",
        f"{DIGEST}  /b\n",
        f"{DIGEST}  ..\n",
        f"{DIGEST}  .b\n",
        f"{DIGEST}  b c\n",
        f"{DIGEST}  b\0\n",
        f"{DIGEST}  \u00e4\n",
        f"{DIGEST}  \n",
        f"{DIGEST}  SHA256SUMS\n",
        "\ufeff" + LISTING,
    ],
)
def test_a_malformed_list_is_refused(listing):
    with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_DAMAGED, file="SHA256SUMS"):
        parse_checksums(listing.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(content):
    with contextlib.suppress(ReleaseCorrupted):
        checksums = parse_checksums(content)
        assert content == "".join(f"{sha}  {name}\n" for name, sha in checksums.items()).encode()
