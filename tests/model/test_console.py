"""An error that the user can fix is one message on standard error; any other error is raised."""

import errno
import os

import pytest

from model.console import CommandParser, run_with_messages
from model.errors import DatasetError, WorkerLost
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.console import DISK_FULL, path_unusable
from tests.support.hostile_names import HARMFUL


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


def os_error(number: int, name: str | None = "folder") -> OSError:
    return OSError(number, os.strerror(number), *([name] if name else []))


def test_a_command_that_returns_none_prints_nothing_and_has_status_0(capsys):
    calls = []

    assert run_with_messages(lambda: calls.append(True), stopped="Stopped.") == 0
    assert calls == [True]
    assert capsys.readouterr() == ("", "")


def test_the_status_that_a_command_returns_is_kept(capsys):
    assert run_with_messages(lambda: 3, stopped="Stopped.") == 3
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DatasetError("There is no data set. Download it."), "There is no data set. Download it."),
        (WorkerLost(MessageCode.WORKER_LOST), render_codes([MessageCode.WORKER_LOST])),
        (KeyboardInterrupt(), "\nStopped."),
        (os_error(errno.ENOSPC), DISK_FULL),
        (os_error(errno.ENOSPC, None), DISK_FULL),
        (os_error(errno.EDQUOT), DISK_FULL),
        (os_error(errno.EACCES), path_unusable("folder", errno.EACCES)),
        (os_error(errno.EEXIST), path_unusable("folder", errno.EEXIST)),
        (os_error(errno.EROFS), path_unusable("folder", errno.EROFS)),
        (os_error(errno.ENOTDIR), path_unusable("folder", errno.ENOTDIR)),
    ],
)
def test_an_error_that_the_user_can_fix_is_printed_and_has_status_1(error, message, capsys):
    assert run_with_messages(raising(error), stopped="Stopped.") == 1
    assert capsys.readouterr() == ("", f"{message}\n")


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), os_error(errno.EIO), os_error(errno.EACCES, None), os_error(errno.ENOENT)]
)
def test_an_error_that_only_a_programmer_can_fix_is_raised(error, capsys):
    with pytest.raises(type(error)) as raised:
        run_with_messages(raising(error), stopped="Stopped.")

    assert raised.value is error
    assert capsys.readouterr() == ("", "")


def test_a_file_instead_of_a_folder_is_named(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")

    assert run_with_messages((file / "folder").mkdir, stopped="Stopped.") == 1
    assert capsys.readouterr().err == f"{path_unusable(file / 'folder', errno.ENOTDIR)}\n"


HOSTILE_PATH = "\x1b[2J\u202edata\n"


@pytest.mark.parametrize(
    "error", [DatasetError(f"{HOSTILE_PATH} is empty."), os_error(errno.EACCES, HOSTILE_PATH)], ids=["ours", "system"]
)
def test_a_name_in_a_message_cannot_control_the_terminal(error, capsys):
    run_with_messages(raising(error), stopped="Stopped.")
    assert HARMFUL.search(capsys.readouterr().err.replace("\n", "")) is None


def test_an_argument_in_a_usage_error_cannot_control_the_terminal(capsys):
    with pytest.raises(SystemExit):
        CommandParser(prog="program").parse_args([HOSTILE_PATH])
    assert HARMFUL.search(capsys.readouterr().err.replace("\n", "")) is None
