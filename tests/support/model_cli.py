"""Run `python -m model read` in the test process."""

import json

import pytest

from model.batch import cli


def read(capsys, *arguments: object) -> tuple[int, list[dict]]:
    """Run the command and return its exit status and its rows."""
    status = cli.main(["read", *map(str, arguments)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def usage_error(capsys, *arguments: object) -> str:
    """Run the command with invalid arguments and return its message."""
    with pytest.raises(SystemExit) as exit_info:
        cli.main(list(map(str, arguments)))
    assert exit_info.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err
