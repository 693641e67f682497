"""What went wrong with a command is one sentence on standard error, or a traceback where only a programmer can help."""

import errno
import os

import pytest

from model.console import run_with_messages
from model.errors import DatasetError

ANOTHER = "Name another folder, or allow writing there."


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


def os_error(number: int, name: str | None = "place") -> OSError:
    return OSError(number, os.strerror(number), *([name] if name else []))


def test_a_command_that_did_what_it_was_asked_says_nothing_and_gives_0(capsys):
    done = []

    assert run_with_messages(lambda: done.append(True), stopped="Stopped.") == 0
    assert done == [True]
    assert capsys.readouterr() == ("", "")


def test_a_command_has_the_status_that_it_gives(capsys):
    assert run_with_messages(lambda: 3, stopped="Stopped.") == 3
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DatasetError("There is no set. Fetch it."), "There is no set. Fetch it."),
        (KeyboardInterrupt(), "\nStopped."),
        (os_error(errno.ENOSPC), "The disk is full. Free some space and start the same command again."),
        (os_error(errno.ENOSPC, None), "The disk is full. Free some space and start the same command again."),
        (os_error(errno.EACCES), f"place cannot be used (Permission denied). {ANOTHER}"),
        (os_error(errno.EEXIST), f"place cannot be used (File exists). {ANOTHER}"),
        (os_error(errno.EROFS), f"place cannot be used (Read-only file system). {ANOTHER}"),
        (os_error(errno.ENOTDIR), f"place cannot be used (Not a directory). {ANOTHER}"),
    ],
)
def test_what_a_user_can_mend_is_told_in_a_sentence_and_gives_1(error, sentence, capsys):
    assert run_with_messages(raising(error), stopped="Stopped.") == 1
    assert capsys.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), os_error(errno.EIO), os_error(errno.EACCES, None), os_error(errno.ENOENT)]
)
def test_what_only_a_programmer_can_mend_is_raised(error, capsys):
    with pytest.raises(type(error)) as raised:
        run_with_messages(raising(error), stopped="Stopped.")

    assert raised.value is error
    assert capsys.readouterr() == ("", "")


def test_a_file_where_a_folder_is_wanted_is_named(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("")

    assert run_with_messages((taken / "within").mkdir, stopped="Stopped.") == 1
    assert capsys.readouterr().err.startswith(f"{taken / 'within'} cannot be used (Not a directory).")
