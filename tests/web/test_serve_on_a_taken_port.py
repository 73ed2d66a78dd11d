"""Serving where something else listens already is refused in words, before anything is built."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli


def test_a_taken_port_is_named_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_HOME", str(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = CliRunner().invoke(cli, ["serve", "--port", str(port)])
    assert answer.exit_code == 1
    assert f"127.0.0.1:{port}" in answer.output and "端口已被占用" in answer.output
    assert "Traceback" not in answer.output
    assert {path.name for path in tmp_path.iterdir()} <= {"secret_key"}
