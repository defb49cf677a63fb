"""The unit and the compose file of docs/agent.md."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from banana_assets.interfaces.cli.agent import app

PAGE = (Path(__file__).parents[2] / "docs" / "agent.md").read_text(encoding="utf-8")


def block(beginning: str) -> str:
    """The indented block that begins so."""
    found = re.search(rf"(?:^    .*\n|^\n)*?^    {re.escape(beginning)}\n(?:^    .*\n|^\n)*", PAGE, re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[0]).strip() + "\n"


def agent_words(command: str) -> list[str]:
    words = shlex.split(command)
    assert (Path(words[0]).name, words[1]) == ("banana", "agent")
    return words[2:]


def test_the_unit_is_valid_and_starts_what_there_is(tmp_path: Path) -> None:
    unit = block("[Unit]")
    command = next(line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart="))
    assert CliRunner().invoke(app, [*agent_words(command), "--help"]).exit_code == 0
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / "banana-agent.service"
    file.write_text(unit.replace(command.split()[0], sys.executable))
    said = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert (said.stdout + said.stderr).strip() == ""


def test_the_compose_file_starts_what_there_is() -> None:
    told = yaml.safe_load(block("services:"))
    services = told["services"]
    assert CliRunner().invoke(app, [*agent_words(services["agent"]["command"]), "--help"]).exit_code == 0
    assert set(services["agent"]["depends_on"]) <= set(services)
    mounted = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert mounted == set(told["volumes"])
    # The name by which the agent calls the server is one by which it may be called.
    assert "http://server:" in services["agent"]["command"]
    assert services["server"]["environment"]["BANANA_ALLOWED_HOSTS"] == "server"
