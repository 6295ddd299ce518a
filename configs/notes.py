"""The server, the migration and the tests of notes.toml: an SQLite database that is served over HTTP."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

FOLDER = Path(os.environ.get("NOTES", "notes"))
PORT = FOLDER / "port"


class Database(BaseHTTPRequestHandler):
    """Answers a request `{"sql": …, "values": […]}` with the rows that the statement gives."""

    database: sqlite3.Connection

    def do_POST(self) -> None:
        """Execute a statement."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.database:
            rows = self.database.execute(request["sql"], request["values"]).fetchall()
        answer = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def serve() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "notes.db").unlink(missing_ok=True)
    Database.database = sqlite3.connect(FOLDER / "notes.db")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped: nothing needs the database any more"))
    with HTTPServer(("127.0.0.1", 0), Database) as server:
        PORT.write_text(str(server.server_port))
        print("ready on port", server.server_port)
        server.serve_forever()


def execute(sql: str, *values: object) -> list[list[object]]:
    """Let the server execute a statement."""
    body = json.dumps({"sql": sql, "values": values}).encode()
    with urlopen(Request(f"http://127.0.0.1:{PORT.read_text()}", body), timeout=10) as answer:
        return json.load(answer)


def migrate() -> None:
    execute("create table notes (id integer primary key, author text not null, text text not null)")
    execute("create index authors on notes (author)")
    print("tables:", ", ".join(name for (name,) in execute("select name from sqlite_master where type = 'table'")))


def write(author: str, *texts: str) -> None:
    for text in texts:
        execute("insert into notes (author, text) values (?, ?)", author, text)


def test(case: str) -> None:
    """Each test has an author of its own, so that all of them may run at once."""
    write(case, "buy milk", "call home", "milk the cow")
    own = [text for (text,) in execute("select text from notes where author = ? order by id", case)]
    assert own == ["buy milk", "call home", "milk the cow"], own
    if case == "search":
        found = execute("select count(*) from notes where author = ? and text like ?", case, "%milk%")
        assert found == [[2]], found
    elif case == "delete":
        execute("delete from notes where author = ?", case)
        assert execute("select * from notes where author = ?", case) == []
    print(f"{case}: well")


def report() -> None:
    for author, count in execute("select author, count(*) from notes group by author order by author"):
        print(f"{author}: {count} notes")


if __name__ == "__main__":
    {"serve": serve, "migrate": migrate, "test": test, "report": report}[sys.argv[1]](*sys.argv[2:])
