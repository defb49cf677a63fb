from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from banana_assets.backends.feed import Feed
from banana_assets.backends.records.engine import open_engine
from banana_assets.backends.records.watching import Watch
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables


def engine_of(folder: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{folder / 'a.sqlite'}")


def test_every_commit_is_seen_and_nothing_else(tmp_path: Path) -> None:
    engine = engine_of(tmp_path)
    watch = Watch(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE a (b)")
    versions = [watch.version(), watch.version()]
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO a VALUES (1)")
        versions.append(watch.version())
    versions.append(watch.version())
    words = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('INSERT INTO a VALUES (2)'); c.commit()"
    subprocess.run([sys.executable, "-c", words, str(tmp_path / "a.sqlite")], check=True)
    versions.append(watch.version())
    assert versions[0] == versions[1] == versions[2]
    assert len(set(versions)) == 3
    watch.close()
    engine.dispose()


def test_it_looks_again_after_it_was_closed(tmp_path: Path) -> None:
    watch = Watch(engine_of(tmp_path))
    assert watch.version() is not None
    watch.close()
    watch.close()
    assert watch.version() is not None
    watch.close()


def test_where_it_cannot_be_told_nothing_is(tmp_path: Path) -> None:
    assert Watch(sa.create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none")).version() is None
    gone = Watch(engine_of(tmp_path / "gone"))
    (tmp_path / "gone").rmdir()
    assert gone.version() is None


def test_what_an_answer_rests_on_changes_with_builds_alone(tmp_path: Path) -> None:
    settings = load_from(tmp_path / "home")
    with open_store(settings) as store:
        feed = Feed(store, Tables(settings.tables_root))
        before = feed.stamp()
        with store.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE other (a)")
        assert feed.stamp() == before
        feed.close()
