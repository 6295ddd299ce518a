"""The control socket of a run and its clients: real sockets, and everything that may be planted in their place."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from support.waiting import wait_for

from dagtui import __version__
from dagtui.control import client as control_client
from dagtui.control import server as control_server
from dagtui.control import sockets
from dagtui.control.client import connect
from dagtui.control.live import all_live
from dagtui.control.server import ControlServer
from dagtui.control.sockets import (
    CAN,
    DESCRIPTORS,
    LINE_LIMIT,
    PROTOCOL,
    ControlError,
    LineBuffer,
    Peer,
    PeerGoneError,
    ProtocolError,
    encode,
    fitting,
    run_ids,
    sockets_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anyio.abc import TaskStatus

    from dagtui.control.client import ControlClient
    from dagtui.control.server import ClientHandler, Handler

RUN = "20260101-000000-0123456789"
Open = Callable[..., ControlServer]


@pytest.fixture(autouse=True)
def folder(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(short_path / "sockets"))
    return short_path / "sockets"


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as found:
        yield found


@pytest.fixture
def serve(portal: BlockingPortal) -> Iterator[Open]:
    """Opens control sockets that are shut at the end."""
    with contextlib.ExitStack() as stack:

        def start(handlers: Mapping[str, Handler] | None = None, run_id: str = RUN) -> ControlServer:
            control_socket = ControlServer(run_id, handlers or {"echo": echo})
            future, _ = portal.start_task(control_socket.serve)
            stack.callback(wait_for, future.done, "the control socket is shut")
            stack.callback(future.cancel)
            return control_socket

        yield start


async def echo(visitor: ClientHandler, request: Mapping[str, object]) -> None:
    await visitor.send({"you": request, "files": len(visitor.descriptors)})
    while (message := await visitor.receive()) is not None:
        await visitor.send({"again": message})


def ask(client: ControlClient, message: Mapping[str, object]) -> Mapping[str, object] | None:
    client.send(message)
    return client.receive(10)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else len(os.listdir("/dev/fd"))


def assert_serves() -> None:
    with connect(RUN) as client:
        answer = ask(client, {"want": "echo"})
        assert answer is not None
        assert answer["you"] == {"want": "echo"}


@contextlib.contextmanager
def impostor(path: Path, greeting: bytes) -> Iterator[None]:
    """Listens at a path, and greets whoever comes with these bytes."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()

    def greet() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(10)
                    connection.sendall(greeting)
                    connection.recv(100)

    thread = threading.Thread(target=greet)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


# What is said


def test_the_greeting_tells_who_it_is(serve: Open) -> None:
    serve()
    with connect(RUN) as client:
        expected = {"dagtui": __version__, "protocol": PROTOCOL, "run": RUN, "pid": os.getpid(), "can": list(CAN)}
        assert client.hello == expected
        assert client.can("hold")
        assert not client.can("fly")
        assert client.peer == Peer(os.getpid(), os.geteuid())


def test_lines_go_both_ways_in_order(serve: Open) -> None:
    serve()
    with connect(RUN) as client:
        ask(client, {"want": "echo", "text": "é\u202e\x1b\ud800"})
        for number in range(50):
            client.send({"number": number})
        assert [client.receive(10) for _ in range(50)] == [{"again": {"number": number}} for number in range(50)]


def test_the_largest_line_fits_and_a_larger_one_is_not_sent(serve: Open) -> None:
    serve()
    with connect(RUN) as client:
        request = {"want": "echo"}
        assert ask(client, request) is not None
        room = LINE_LIMIT - len(encode({"again": {"x": ""}}))
        answer = ask(client, {"x": "y" * room})
        assert answer == {"again": {"x": "y" * room}}
        with pytest.raises(ControlError, match="too long"):
            client.send({"x": "y" * LINE_LIMIT})


def test_open_files_come_with_the_request_and_are_not_inherited(serve: Open) -> None:
    async def keep(visitor: ClientHandler, _request: Mapping[str, object]) -> None:
        taken = visitor.descriptors.pop()
        inheritable = os.get_inheritable(taken)
        os.write(taken, b"from the run")
        os.close(taken)
        await visitor.send({"inheritable": inheritable})

    serve({"keep": keep})
    read, write = os.pipe()
    with connect(RUN) as client:
        client.send({"want": "keep"}, [write])
        os.close(write)
        assert client.receive(10) == {"inheritable": False}
    assert os.read(read, 100) == b"from the run"
    assert os.read(read, 100) == b""
    os.close(read)


def test_open_files_that_nobody_takes_are_closed(serve: Open) -> None:
    serve()
    before = open_files()
    read, write = os.pipe()
    with connect(RUN) as client:
        client.send({"want": "echo"}, [write] * DESCRIPTORS)
        assert (client.receive(10) or {})["files"] == DESCRIPTORS
    os.close(write)
    end = select.poll()
    end.register(read, select.POLLHUP)
    assert end.poll(10_000), "nobody can write any more"
    os.close(read)
    wait_for(lambda: open_files() == before, "all are closed")


def test_more_open_files_than_allowed_are_refused_and_closed(serve: Open) -> None:
    serve()
    before = open_files()
    with connect(RUN) as client:
        socket.send_fds(client._connection, [b'{"want":'], [0] * (DESCRIPTORS + 1))
        assert "at most" in str((client.receive(10) or {})["error"])
    wait_for(lambda: open_files() == before, "all are closed")
    with connect(RUN) as client:
        # Spread over several messages, they are counted together.
        for byte in b'{"want"':
            with contextlib.suppress(OSError):
                socket.send_fds(client._connection, [bytes([byte])], [0, 0])
        assert "at most" in str((client.receive(10) or {})["error"])
    wait_for(lambda: open_files() == before, "all are closed")
    assert_serves()


def test_open_files_after_the_request_are_closed_unseen(serve: Open) -> None:
    serve()
    before = open_files()
    with connect(RUN) as client:
        ask(client, {"want": "echo"})
        client.send({"late": 1}, [0, 1, 2])
        assert client.receive(10) == {"again": {"late": 1}}
        assert open_files() == before + 2, "the two ends of this connection"


def test_what_is_not_known_is_refused_by_name(serve: Open) -> None:
    serve()
    for wanted in ("no\x1bthing", None, 3, ["echo"]):
        with connect(RUN) as client:
            answer = ask(client, {"want": wanted})
            assert __version__ in str((answer or {})["error"])
            assert "\x1b" not in str((answer or {})["error"])
            assert client.receive(10) is None


def test_a_handler_that_fails_ends_its_own_connection_only(serve: Open) -> None:
    async def fail(_visitor: ClientHandler, _request: Mapping[str, object]) -> None:
        raise ZeroDivisionError("oh")

    serve({"fail": fail, "echo": echo})
    with connect(RUN) as other:
        assert ask(other, {"want": "echo"}) is not None
        with connect(RUN) as client:
            assert ask(client, {"want": "fail"}) == {"error": "the request failed: ZeroDivisionError: oh"}
            assert client.receive(10) is None
        assert ask(other, {"still": "there"}) == {"again": {"still": "there"}}


# Clients that mean harm, or are broken


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[1]\n", b"null\n", b"[" * 200_000 + b"\n", b"\xff\xfe\n", b"\n", b"9" * 10_000 + b"\n"]
)
def test_lines_that_are_no_object_are_refused(serve: Open, line: bytes) -> None:
    serve()
    with connect(RUN) as client:
        client._connection.sendall(line)
        assert "not a JSON object" in str((client.receive(10) or {})["error"])
    assert_serves()


def test_a_line_without_end_is_cut_off(serve: Open) -> None:
    serve()
    with connect(RUN) as client:
        client._connection.settimeout(10)
        with contextlib.suppress(ConnectionError):
            client._connection.sendall(b"x" * (3 * LINE_LIMIT))
        with contextlib.suppress(PeerGoneError):
            assert "too long" in str((client.receive(10) or {"error": "too long"})["error"])
    assert_serves()


def test_a_buffer_never_holds_more_than_a_line_and_a_piece() -> None:
    buffer, held = LineBuffer(), 0
    with contextlib.suppress(ControlError):
        for _ in range(1000):
            held += 65_536
            buffer.add(b"x" * 65_536)
    assert LINE_LIMIT < held <= LINE_LIMIT + 65_536
    many = LineBuffer()
    many.add(b"{}\n" * (LINE_LIMIT // 2))
    assert many.take() == {}


def test_half_a_request_is_not_waited_for(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "REQUEST_SECONDS", 0.1)
    serve()
    with connect(RUN) as client:
        client._connection.sendall(b'{"want":')
        assert client.receive(10) is None


def test_too_many_clients_are_refused_and_the_rest_is_served(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "CONNECTIONS", 2)
    serve()
    with connect(RUN) as one, connect(RUN) as two:
        assert ask(one, {"want": "echo"}) is not None
        assert ask(two, {"want": "echo"}) is not None
        with pytest.raises(ControlError, match="too many clients"):
            connect(RUN)
        assert ask(one, {"still": 1}) == {"again": {"still": 1}}

    def is_served() -> bool:
        with contextlib.suppress(ControlError):
            assert_serves()
            return True
        return False

    wait_for(is_served, "there is room again")


def test_a_client_that_does_not_read_is_given_up_and_holds_up_nobody(
    serve: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "ANSWER_SECONDS", 0.3)
    outcome: list[str] = []

    async def flood(visitor: ClientHandler, _request: Mapping[str, object]) -> None:
        try:
            while True:
                await visitor.send({"x": "y" * 100_000})
        except PeerGoneError as error:
            outcome.append(str(error))

    serve({"flood": flood, "echo": echo})
    with connect(RUN) as client:
        client.send({"want": "flood"})
        assert_serves()
        wait_for(lambda: outcome, "the run gives up")
    assert outcome == ["the client does not read"]


def test_a_client_that_floods_does_not_keep_the_loop_to_itself(serve: Open, portal: BlockingPortal) -> None:
    async def swallow(visitor: ClientHandler, _request: Mapping[str, object]) -> None:
        while await visitor.receive() is not None:
            pass

    serve({"swallow": swallow, "echo": echo})
    stopping = threading.Event()

    def flood() -> None:
        with connect(RUN) as client:
            client.send({"want": "swallow"})
            while not stopping.is_set():
                client.send({"x": "y" * 10_000})

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for _ in range(20):
            assert_serves()
        assert portal.call(_turns) == 20
    finally:
        stopping.set()
        thread.join()


def test_whoever_always_has_more_to_say_lets_others_have_their_turns() -> None:
    pieces = [b'{"x":1}\n'] * 50

    class Talker:
        def recv(self, _size: int) -> bytes:
            return pieces.pop() if pieces else b""

    async def listen() -> int:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        client = control_server.ClientHandler(Talker(), Peer(1, 1))
        async with anyio.create_task_group() as group:
            group.start_soon(count)
            while await client.receive() is not None:
                pass
            group.cancel_scope.cancel()
        return turns

    assert anyio.run(listen) >= 50


async def _turns() -> int:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
    return 20


def test_clients_that_go_at_any_moment_leave_nothing_behind(serve: Open) -> None:
    serve()
    before = open_files()
    for line in (b"", b"{", b'{"want":"echo"}\n', b'{"want":"echo"}\n{"more'):
        for _ in range(10):
            with connect(RUN) as client:
                client._connection.sendall(line)
    wait_for(lambda: open_files() == before, "all connections are closed")
    assert_serves()


def test_without_descriptors_the_control_socket_waits_and_goes_on(
    serve: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_server, "_PAUSE", 0.02)
    serve()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, hard))
        hogs: list[int] = []
        with contextlib.suppress(OSError):
            while True:
                hogs.append(os.dup(0))
        client.connect(str(folder / f"{RUN}.sock"))
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
    finally:
        for hog in hogs:
            os.close(hog)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    client.settimeout(10)
    assert b"protocol" in client.recv(1000)
    client.close()


# Other users


@pytest.mark.parametrize(("uid", "served"), [(-1, True), (0, True), (+1, False)], ids=["own", "root", "other"])
def test_only_this_user_and_root_are_served(
    serve: Open, monkeypatch: pytest.MonkeyPatch, uid: int, served: bool
) -> None:
    shown = {-1: os.geteuid(), 0: 0, 1: os.geteuid() + 1}[uid]
    monkeypatch.setattr(control_server, "peer_of", lambda _connection: Peer(1, shown))
    serve()
    if served:
        assert_serves()
        return
    with pytest.raises(PeerGoneError, match="closed the connection"):
        connect(RUN)


def test_root_is_served_where_the_run_is_somebody_elses(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "peer_of", lambda _connection: Peer(1, 0))
    control_socket = serve()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(control_socket.path))
        assert b"protocol" in connection.recv(1000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_socket_that_another_user_listens_at_is_refused(folder: Path) -> None:
    folder.mkdir(0o700)
    # The file is root's, in root's folder: only the kernel's word tells who listens.
    code = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.seteuid(65534)\n"
        "s.listen(); print('on', flush=True)\n"
        'c, _ = s.accept(); c.sendall(b\'{"protocol":1,"run":"\' + sys.argv[2].encode() + b\'"}\\n\'); c.recv(1)\n'
    )
    words = [sys.executable, "-c", code, str(folder / f"{RUN}.sock"), RUN]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        with pytest.raises(ControlError, match="another user"):
            connect(RUN)


def test_whoever_answers_for_another_user_is_refused(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setattr(control_client, "peer_of", lambda _connection: Peer(1, os.geteuid() + 1))
    with pytest.raises(ControlError, match="another user"):
        connect(RUN)


def test_a_socket_of_another_user_is_refused(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setattr(control_client, "check_sockets_folder", lambda _folder: None)
    monkeypatch.setattr(control_client.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ControlError, match="belongs to another user"):
        connect(RUN)


# The folder


def both_ends() -> list[Callable[[], object]]:
    async def serve() -> None:
        with anyio.fail_after(10):  # one that should have been refused, and is not, serves for ever
            await ControlServer(RUN, {}).serve()

    return [lambda: connect(RUN), lambda: anyio.run(serve), all_live]


@pytest.mark.parametrize("end", range(3), ids=["client", "server", "listing"])
@pytest.mark.parametrize("planted", ["link", "dangling link", "file", "open to the group", "open to others"])
def test_a_planted_folder_is_refused_at_both_ends(folder: Path, planted: str, end: int) -> None:
    elsewhere = folder.with_name("elsewhere")
    if planted != "dangling link":
        elsewhere.mkdir(0o700)
    if planted in {"link", "dangling link"}:
        folder.symlink_to(elsewhere)
    elif planted == "file":
        folder.touch()
    else:
        folder.mkdir()
        folder.chmod(0o710 if planted == "open to the group" else 0o701)
    with pytest.raises(ControlError, match=r"symbolic link|not a folder|chmod 700"):
        both_ends()[end]()
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


@pytest.mark.parametrize("end", range(3), ids=["client", "server", "listing"])
def test_a_folder_of_another_user_is_refused_at_both_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch, end: int
) -> None:
    folder.mkdir(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ControlError, match="belongs to another user"):
        both_ends()[end]()


def test_the_folder_and_the_socket_are_closed_to_others(serve: Open, folder: Path) -> None:
    control_socket = serve()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert control_socket.path.stat().st_mode & 0o777 == 0o600


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGTUI_SOCKET_DIR", raising=False)
    assert sockets_folder() == Path(f"/tmp/dagtui-{os.geteuid()}")
    monkeypatch.setenv("DAGTUI_SOCKET_DIR", "/elsewhere")
    assert sockets_folder() == Path("/elsewhere")


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "nul\0", "x" * 200])
def test_what_is_no_run_id_never_becomes_a_path(run_id: str) -> None:
    with pytest.raises(ControlError):
        ControlServer(run_id, {})


@pytest.mark.parametrize("letter", ["x", "é"])
def test_the_longest_path_of_a_socket_is_used_and_a_longer_one_is_refused_in_words(
    letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 107 if sys.platform == "linux" else 103
    with tempfile.TemporaryDirectory(prefix="d", dir="/tmp") as top, start_blocking_portal() as portal:
        room = limit - len(f"{top}//{RUN}.sock")
        # In bytes: a letter may take two.
        name = letter * (room // len(letter.encode())) + "x" * (room % len(letter.encode()))
        longest, longer = Path(top, name), Path(top, name + "x")
        monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(longest))
        control_socket = ControlServer(RUN, {"echo": echo})
        future, _ = portal.start_task(control_socket.serve)
        assert len(os.fsencode(control_socket.path)) == limit
        assert_serves()
        future.cancel()
        wait_for(lambda: not control_socket.path.exists(), "the control socket is shut")
        longer.mkdir(0o700)
        monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(longer))
        for end in (lambda: ControlServer(RUN, {}), lambda: connect(RUN)):
            with pytest.raises(ControlError, match=f"{limit} bytes at most.*set DAGTUI_SOCKET_DIR to a shorter one"):
                end()


def test_the_name_in_passing_must_fit_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 107 if sys.platform == "linux" else 103
    with tempfile.TemporaryDirectory(prefix="d", dir="/tmp") as top:
        folder = Path(top, "x" * (limit - len(f"{top}//a.sock")))
        monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(folder))
        with pytest.raises(ControlError, match="bytes at most"):
            anyio.run(ControlServer("a", {}).serve)
        assert list(folder.iterdir()) == []


# The socket


@pytest.mark.parametrize("planted", ["nothing", "file", "link", "folder"])
def test_what_is_no_socket_is_not_connected_to(folder: Path, planted: str) -> None:
    folder.mkdir(0o700)
    path = folder / f"{RUN}.sock"
    if planted == "file":
        path.touch()
    elif planted == "link":
        elsewhere = folder.parent / "elsewhere"
        with impostor(elsewhere, b"{}\n"):
            path.symlink_to(elsewhere)
            with pytest.raises(ControlError, match="is not a socket"):
                connect(RUN)
    elif planted == "folder":
        path.mkdir()
    error, words = (PeerGoneError, "is not running") if planted == "nothing" else (ControlError, "is not a socket")
    with pytest.raises(error, match=words):
        connect(RUN)


@pytest.mark.parametrize("planted", ["file", "link", "dead socket"])
def test_what_lies_where_the_socket_belongs_is_replaced(serve: Open, folder: Path, planted: str) -> None:
    folder.mkdir(0o700)
    path = folder / f"{RUN}.sock"
    target = folder.parent / "target"
    if planted == "file":
        path.touch()
    elif planted == "link":
        path.symlink_to(target)
    else:
        leave_dead_socket(path)
    serve()
    assert path.is_socket()
    assert not path.is_symlink()
    assert_serves()
    assert not target.exists()


def test_what_can_not_be_replaced_is_said_and_nothing_is_left_behind(folder: Path) -> None:
    folder.mkdir(0o700)
    control_socket = ControlServer(RUN, {})
    control_socket.path.mkdir()
    (control_socket.path / "something").touch()
    with pytest.raises(ControlError, match="can't create the socket"):
        anyio.run(control_socket.serve)
    assert [path.name for path in folder.iterdir()] == [control_socket.path.name]


def leave_dead_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize("lost", ["socket", "folder", "socket replaced by a file", "socket replaced by another"])
def test_a_socket_that_vanishes_is_made_again(
    serve: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(control_server, "LOOK_SECONDS", 0.05)
    control_socket = serve()
    with connect(RUN) as before:
        assert ask(before, {"want": "echo"}) is not None
        control_socket.path.unlink()
        if lost == "folder":
            folder.rmdir()
        elif lost == "socket replaced by a file":
            control_socket.path.touch()
        elif lost == "socket replaced by another":
            leave_dead_socket(control_socket.path)

        def is_back() -> bool:
            with contextlib.suppress(ControlError):
                assert_serves()
                return True
            return False

        wait_for(is_back, "the socket is back")
        assert ask(before, {"still": 1}) == {"again": {"still": 1}}
    assert [path.name for path in folder.iterdir()] == [control_socket.path.name]


def test_a_socket_that_can_not_be_made_again_is_tried_later(
    serve: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[ControlError] = []
    make = control_server.make_sockets_folder

    def try_to_make(path: Path) -> None:
        try:
            make(path)
        except ControlError as error:
            refused.append(error)
            raise

    monkeypatch.setattr(control_server, "make_sockets_folder", try_to_make)
    monkeypatch.setattr(control_server, "LOOK_SECONDS", 0.05)
    serve()
    (folder / f"{RUN}.sock").unlink()
    folder.rmdir()
    folder.touch()
    wait_for(lambda: len(refused) > 1, "it tries, and tries again")
    with pytest.raises(ControlError, match="not a folder"):
        connect(RUN)
    folder.unlink()
    wait_for((folder / f"{RUN}.sock").is_socket, "the socket is back")
    assert_serves()


def test_a_socket_that_vanishes_when_no_descriptor_is_left_is_made_again_later(
    serve: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []
    make = control_server.make_sockets_folder
    monkeypatch.setattr(control_server, "make_sockets_folder", lambda path: (make(path), tries.append(path)))
    monkeypatch.setattr(control_server, "LOOK_SECONDS", 0.05)
    control_socket = serve()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    hogs: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, hard))
        with contextlib.suppress(OSError):
            while True:
                hogs.append(os.dup(0))
        tries.clear()
        control_socket.path.unlink()
        wait_for(lambda: len(tries) > 1, "it tries, and tries again")
    finally:
        for hog in hogs:
            os.close(hog)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_for(control_socket.path.is_socket, "the socket is back")
    assert_serves()


def test_the_socket_goes_with_its_control_socket_but_not_with_anothers(portal: BlockingPortal) -> None:
    control_socket = ControlServer(RUN, {})
    one, _ = portal.start_task(control_socket.serve)
    assert control_socket.path.is_socket()
    one.cancel()
    wait_for(lambda: not control_socket.path.exists(), "the socket has gone")
    ended = threading.Event()

    async def serve(*, task_status: TaskStatus[None]) -> None:
        try:
            await ControlServer(RUN, {}).serve(task_status=task_status)
        finally:
            ended.set()

    two, _ = portal.start_task(serve)
    control_socket.path.unlink()
    control_socket.path.touch()
    two.cancel()
    assert ended.wait(30)
    assert control_socket.path.exists()


def test_dead_sockets_are_removed_and_nothing_else(serve: Open, folder: Path) -> None:
    folder.mkdir(0o700)
    leave_dead_socket(folder / "dead.sock")
    (folder / "file.sock").touch()
    (folder / "other").touch()
    (folder / ".sock").touch()
    serve()
    wait_for(lambda: not (folder / "dead.sock").exists(), "it is removed when a run begins")
    leave_dead_socket(folder / "dead.sock")
    found = all_live()
    assert [run.run_id for run in found if not run.trouble] == [RUN]
    assert sorted(path.name for path in folder.iterdir()) == [".sock", f"{RUN}.sock", "file.sock", "other"]


def test_a_socket_that_is_replaced_while_it_is_looked_at_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(0o700)
    path = folder / f"{RUN}.sock"
    leave_dead_socket(path)
    is_dead = sockets._is_dead

    def look_and_replace(looked_at: Path) -> bool:
        found = is_dead(looked_at)
        # As a control socket does that opens at this moment.
        leave_dead_socket(folder / ".new")
        (folder / ".new").rename(looked_at)
        return found

    monkeypatch.setattr(sockets, "_is_dead", look_and_replace)
    sockets.remove_dead_sockets(folder)
    assert path.is_socket()


# Others than this version


def greeting(**fields: object) -> bytes:
    return json.dumps({"dagtui": __version__, "protocol": PROTOCOL, "run": RUN, "pid": 1, **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        (greeting(dagtui="9.9.9", protocol=2), ProtocolError, ["9.9.9", "protocol 2", __version__, "protocol 1"]),
        (greeting(dagtui="\x1b[2J", protocol="\x1b]0;x"), ProtocolError, ["^["]),
        (b"{}\n", ProtocolError, ["None"]),
        (greeting(run="another"), ControlError, ["another run"]),
        (b'{"error":"no \\u001b"}\n', ControlError, ["refuses", "no ^["]),
        (b"hello\n", ControlError, ["not a JSON object"]),
        (b"", ControlError, ["does not answer"]),
    ],
    ids=["newer", "hostile", "none", "other run", "refusal", "no JSON", "silence"],
)
def test_one_who_can_not_be_spoken_to_is_told_apart(
    folder: Path, said: bytes, error: type[ControlError], told: list[str]
) -> None:
    folder.mkdir(0o700)
    with impostor(folder / f"{RUN}.sock", said), pytest.raises(error) as raised:
        connect(RUN, timeout=0.5)
    assert all(words in str(raised.value) for words in told), str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_another_version_with_the_same_protocol_is_reachable(folder: Path) -> None:
    folder.mkdir(0o700)
    with impostor(folder / f"{RUN}.sock", greeting(dagtui="0.0.1", more="fields")), connect(RUN) as client:
        assert client.hello["dagtui"] == "0.0.1"
        assert not client.can("hold")


def test_a_stopped_process_is_not_waited_for(folder: Path) -> None:
    folder.mkdir(0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / f"{RUN}.sock"))
        listener.listen()
        # Whoever would wait for ever hears that it is over.
        over = threading.Timer(10, listener.shutdown, [socket.SHUT_RDWR])
        over.start()
        with pytest.raises(ControlError, match="does not answer"):
            connect(RUN, timeout=0.2)
        over.cancel()
        over.join()


def test_a_process_that_lets_nobody_in_any_more_is_not_waited_for(folder: Path) -> None:
    folder.mkdir(0o700)
    path = folder / f"{RUN}.sock"
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(str(path))
        listener.listen(1)
        with contextlib.suppress(BlockingIOError):
            while True:
                connection = waiting.enter_context(socket.socket(socket.AF_UNIX))
                connection.setblocking(False)
                connection.connect(str(path))
        with pytest.raises(ControlError, match="does not answer"):
            connect(RUN, timeout=0.2)
        # It is not dead either, so its socket stays.
        assert [run.trouble != "" for run in all_live()] == [True]
        assert path.is_socket()


def test_a_client_imports_no_event_loop() -> None:
    code = (
        "import sys, dagtui.control.client\n"
        "print([m for m in ('asyncio', 'anyio', 'click', 'textual', 'dagtui.engine') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Long lists


def test_as_many_items_are_told_as_fit() -> None:
    assert fitting(range(10), 3) == [0, 1, 2]
    assert fitting(["x" * 40, "y" * 40, "z" * 40], 9, 100) == ["x" * 40, "y" * 40]
    assert fitting([], 9) == []


def test_runs_of_one_second_are_listed_in_the_order_of_their_sockets(short_path: Path):
    short_path.chmod(0o700)
    for age, name in enumerate(["20260101-000000-ff", "20260101-000000-00", "20251231-235959-aa"]):
        path = short_path / f"{name}.sock"
        path.touch()
        os.utime(path, ns=(age, age))
    assert run_ids(short_path) == ["20251231-235959-aa", "20260101-000000-ff", "20260101-000000-00"]
