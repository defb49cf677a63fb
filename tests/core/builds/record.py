"""Record what tools really print when they fail: run the recipes of a folder and keep the output beside them.

python tests/core/builds/record.py output|runs|sarif [NAME...]

A recipe (``recipes.toml``) holds the files of a small project, the command that fails and the command that tells the
tool's version. It runs in a folder of its own, whose path is written as /srv/app afterwards; version and exit
status go to ``versions.toml``. A recipe whose tool is not on this machine is skipped, and its recording stays as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECONDS = 300
INSTALLED = re.compile(r"(?<![\w./-])/(?!srv/app)[\w./-]+(?=(/lib/python3|/bin/python|/node_modules/))")
"""Where the tools are installed is this machine's business."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def record(folder: Path, names: list[str]) -> None:
    """Run the recipes of ``folder``, or those called ``names``, and write what they print."""
    recipes = tomllib.loads((folder / "recipes.toml").read_text(encoding="utf-8"))
    versions_file = folder / "versions.toml"
    versions: dict[str, dict[str, Any]] = (
        tomllib.loads(versions_file.read_text(encoding="utf-8")) if versions_file.exists() else {}
    )
    for name in names or recipes:
        recipe = recipes[name]
        version = said(recipe["version"])
        if version is None:
            print(f"{name}: skipped, `{recipe['version']}` does not run here")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            for path, text in recipe.get("files", {}).items():
                target = Path(scratch, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            done = run(recipe["run"], Path(scratch))
            if done.returncode == 0:
                print(f"{name}: not kept, the command did not fail")
                continue
            printed = done.stdout.decode("utf-8", "replace").replace(scratch, "/srv/app")
            printed = INSTALLED.sub(lambda m: "/usr" if "python" in m[1] else "/usr/lib", printed)
        (folder / f"{name}{recipe.get('suffix', '.txt')}").write_text(
            printed.rstrip("\n") + "\n", encoding="utf-8", newline=""
        )
        versions[name] = {"version": version, "exit": done.returncode}
        print(f"{name}: {printed.count(chr(10))} lines, exit status {done.returncode}")
    told = "".join(
        f"{name} = {{ version = {quoted(how['version'])}, exit = {how['exit']} }}\n"
        for name, how in sorted(versions.items())
    )
    versions_file.write_text(told, encoding="utf-8")


def run(command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """The command in bash, both streams as one, without colours and without the machine's own settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "NO_COLOR": "1", "CI": "true"}
    if (Path.home() / ".rustup").is_dir():
        environment["RUSTUP_HOME"] = str(Path.home() / ".rustup")
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )


def said(command: str) -> str | None:
    """The first line that tells a version, None where the tool is absent."""
    with tempfile.TemporaryDirectory() as scratch:
        done = run(command, Path(scratch))
    lines = [line.strip() for line in COLOURS.sub("", done.stdout.decode("utf-8", "replace")).splitlines()]
    return next((line for line in lines if re.search(r"\d\.\d", line)), None) if done.returncode == 0 else None


def quoted(text: str) -> str:
    """The text as a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    record(HERE / sys.argv[1], sys.argv[2:])
