"""What is remembered of files and nodes between runs: one SQLite file in the graph's folder.

It may be deleted at any time, and two runs of a graph may use it at once. If it is damaged, that is said once, nothing
is remembered, and the run goes on. What a dead process has written stays. A power failure may lose the last writes,
which is safe, because what is compared is what files hold.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from hashlib import sha256
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.files.digests import KnownDigest
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

NAME = "fingerprints.sqlite"
_VERSION = 1
_PATIENCE = 5.0
"""Seconds to wait for another run that writes."""
_KEPT_RUNS = 30
"""A file that no node looked at for this many runs is forgotten, and a node that the graph no longer has."""
_REFRESHED_AFTER = 10
"""Runs after which it is noted that something is still in use. Noting it each time would cost as much as judging."""
_ASKED_AT_ONCE = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, stamp BLOB, digest BLOB, used INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nodes (
    label TEXT PRIMARY KEY, facts TEXT, begun TEXT, before TEXT, used INTEGER
) WITHOUT ROWID;
"""
_OPEN = "CREATE TABLE IF NOT EXISTS open (label TEXT PRIMARY KEY, begun TEXT, facts TEXT, used INTEGER) WITHOUT ROWID"
"""Attempts that may outlive the process that began them. Only runs on other machines have some."""


class Remembered(NamedTuple):
    """What is remembered of a node."""

    facts: Mapping[str, object] | None
    """Of its last success."""
    begun: str
    """The attempt that began after that and is not known to have succeeded, and how it ended. Empty: there is none."""


NOTHING = Remembered(None, "")


class Fingerprints:
    """What is remembered of files and nodes. Any thread may call. No call raises an error of the database."""

    def __init__(self, path: Path, run: int, redact: Callable[[str], str] = str) -> None:
        """`run` is the number of the present run, which says how long ago something was used.

        `redact` takes the secrets out of names of nodes and files. It leaves names of nodes different.
        """
        self.path = path
        self.remarks: list[str] = []
        """Problems that people should know. Safe to show."""
        self._run = run
        self._redact = redact
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._failures = 0

    # Files

    def known_digests(self, paths: Sequence[str]) -> Mapping[str, KnownDigest]:
        """Return what is known of some paths."""
        found: dict[str, KnownDigest] = {}
        old: list[bytes] = []
        with self._guarded() as database:
            for begin in range(0, len(paths), _ASKED_AT_ONCE):
                keys = {self._file_key(path): path for path in paths[begin : begin + _ASKED_AT_ONCE]}
                holes = ",".join("?" * len(keys))
                query = f"SELECT path, stamp, digest, used FROM files WHERE path IN ({holes})"  # noqa: S608 - only marks
                for key, stamp, digest, used in database.execute(query, list(keys)):
                    found[keys[key]] = KnownDigest(stamp, digest)
                    if used < self._run - _REFRESHED_AFTER:
                        old.append(key)
            if old:
                with _transaction(database):
                    query = "UPDATE files SET used = ? WHERE path = ?"
                    database.executemany(query, [(self._run, key) for key in old])
        return found

    def remember_digests(self, found: Iterable[tuple[str, KnownDigest]]) -> None:
        """Remember digests of files."""
        rows = [(self._file_key(path), entry.stamp, entry.digest, self._run) for path, entry in found]
        with self._guarded() as database, _transaction(database):
            database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)

    def _file_key(self, path: str) -> bytes:
        """Return what stands for a path. A path that has a secret in it is not written, but its digest."""
        key = os.fsencode(path)
        return key if self._redact(path) == path else sha256(key).digest()

    # Nodes

    def node(self, name: str) -> Remembered:
        """Return what is remembered of a node."""
        name = self._redact(name)
        with self._guarded() as database:
            row = database.execute("SELECT facts, begun, used FROM nodes WHERE label = ?", (name,)).fetchone()
            if row is None:
                return NOTHING
            facts, begun, used = row
            if used < self._run - _REFRESHED_AFTER:
                database.execute("UPDATE nodes SET used = ? WHERE label = ?", (self._run, name))
            with contextlib.suppress(ValueError):
                read = json.loads(facts) if facts else None
                return Remembered(read if isinstance(read, dict) else None, begun or "")
        return NOTHING

    def begin(self, name: str, begun: str, facts: Mapping[str, object] | None = None) -> None:
        """Note that an attempt is about to begin. What it writes is not complete until `complete` is called.

        `facts` are what is known of it by now, for another process that may see its end.
        """
        with self._guarded() as database:
            query = (
                "INSERT INTO nodes VALUES (?, NULL, ?, '', ?) "
                "ON CONFLICT (label) DO UPDATE SET before = begun, begun = excluded.begun, used = excluded.used"
            )
            database.execute(query, (self._redact(name), begun, self._run))
            if facts is not None:
                database.execute(_OPEN)
                row = self._redact(name), begun, json.dumps(facts), self._run
                database.execute("INSERT OR REPLACE INTO open VALUES (?, ?, ?, ?)", row)

    def facts_at_begin(self, name: str, begun: str) -> Mapping[str, object] | None:
        """Return what was known of an attempt when it began. None: nothing is remembered of it."""
        with self._guarded() as database:
            database.execute(_OPEN)
            query = "SELECT facts FROM open WHERE label = ? AND begun = ?"
            row = database.execute(query, (self._redact(name), begun)).fetchone()
            with contextlib.suppress(ValueError):
                found = json.loads(row[0]) if row is not None else None
                return found if isinstance(found, dict) else None
        return None

    def withdraw(self, name: str, begun: str) -> None:
        """Forget an attempt that did not begin. What is known of the one before it counts again."""
        with self._guarded() as database:
            database.execute(
                "UPDATE nodes SET begun = before WHERE label = ? AND begun = ?", (self._redact(name), begun)
            )

    def fail(self, name: str, begun: str, ended: str) -> None:
        """Note how an attempt failed."""
        with self._guarded() as database:
            database.execute(
                "UPDATE nodes SET begun = ? WHERE label = ? AND begun = ?", (ended, self._redact(name), begun)
            )

    def complete(self, name: str, facts: Mapping[str, object]) -> None:
        """Remember a success."""
        with self._guarded() as database:
            row = self._redact(name), json.dumps(facts), self._run
            database.execute("INSERT OR REPLACE INTO nodes VALUES (?, ?, '', '', ?)", row)

    # The whole

    def prune(self, is_node: Callable[[str], bool]) -> None:
        """Forget what has not been used for many runs: files, and nodes that the graph no longer has."""
        oldest = self._run - _KEPT_RUNS
        with self._guarded() as database, _transaction(database):
            database.execute("DELETE FROM files WHERE used < ?", (oldest,))
            rows = database.execute("SELECT label FROM nodes WHERE used < ?", (oldest,)).fetchall()
            gone = [(name,) for (name,) in rows if not is_node(name)]
            database.executemany("DELETE FROM nodes WHERE label = ?", gone)
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'open'").fetchone():
                database.execute("DELETE FROM open WHERE used < ?", (oldest,))

    def close(self) -> None:
        """Close the file."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        """Lend the database. An error of it ends the block: what was asked for counts as not remembered."""
        with self._lock:
            connection = self._connection or self._opened()
            try:
                yield connection
            except (sqlite3.Error, OSError) as error:
                self._start_anew(error)

    def _opened(self) -> sqlite3.Connection:
        """Open the file, a new one if it is damaged, and none if that is not possible either."""
        while self._connection is None:
            try:
                self._connection = self._open()
            except (sqlite3.Error, OSError) as error:
                self._start_anew(error)
        return self._connection

    def _open(self) -> sqlite3.Connection:
        is_new = not os.path.lexists(self.path)
        connection = _connect(self.path)
        try:
            _prepare(connection)
        except sqlite3.Error:
            connection.close()
            raise
        if is_new and self._run > 1 and not self._failures:
            self.remarks.append("nothing is remembered of earlier runs: nodes with inputs run")
        return connection

    def _start_anew(self, error: sqlite3.Error | OSError) -> None:
        """Replace a damaged file. If that is not possible, remember things only for this run."""
        self.close()
        self._failures += 1
        is_damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        if is_damaged and self._failures == 1:
            text = "is damaged and was removed: nodes with inputs run"
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self.path}{ending}")
        else:
            text = f"can't be used ({error}): nodes with inputs may run again, now and the next time"
            self._connection = _connect(":memory:")
            _prepare(self._connection)
        if self._failures <= 2:
            self.remarks.append(label(f"{self.path} {text}", 500))


def _connect(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _VERSION:
        with _transaction(connection):
            for table in ("files", "nodes") if version else ():
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    with connection:  # it commits what was written, or takes it back after an error
        connection.execute("BEGIN IMMEDIATE")
        yield
