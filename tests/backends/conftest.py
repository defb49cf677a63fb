"""Stores to test on: SQLite in a home of its own, and a real Postgres where its server is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from tests.needs import missing


def _server_binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    return versions[-1].parent if versions else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A private Postgres cluster; its address without a database."""
    binaries = _server_binaries()
    if binaries is None:
        missing("no Postgres server is installed (`apt-get install postgresql`)")
    folder = Path(tempfile.mkdtemp(prefix="banana-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        names = [entry.pw_name for entry in pwd.getpwall()]
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, user)
        prefix = ["runuser", "-u", user, "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    subprocess.run(
        [*prefix, binaries / "initdb", "-D", data, "-U", "banana", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    server = subprocess.Popen(
        [*prefix, binaries / "postgres", "-D", data, "-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
         "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )  # fmt: skip
    address = f"postgresql://banana@127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        subprocess.run(
            [*prefix, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd=folder,
        )
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str) -> None:
    engine = sa.create_engine(f"{address.replace('postgresql', 'postgresql+psycopg2')}/postgres")
    until = time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                break
        except sa.exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    engine.dispose()


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The address of an empty Postgres database."""
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(
        f"{postgres_server.replace('postgresql', 'postgresql+psycopg2')}/postgres", isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{postgres_server}/{name}"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite'}"
    address: str = request.getfixturevalue("postgres")
    return address


Opener = Callable[..., Store]


@pytest.fixture
def new_store(home: Path) -> Iterator[Opener]:
    """Open the store of the test's home, with settings of one's own."""
    stores = []

    def opened(**settings: object) -> Store:
        store = open_store(Settings(home=home, **settings))
        stores.append(store)
        return store

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(new_store: Opener) -> Store:
    """An empty store in SQLite."""
    return new_store()


@pytest.fixture
def any_store(new_store: Opener, database: str) -> Store:
    """An empty store with its records in SQLite and in Postgres."""
    return new_store(database_url=database)
