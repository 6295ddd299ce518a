"""The conversation with the other side, in JSON lines, and what is kept for it while nobody is connected.

To the agent:

    {"start": SPEC, "secrets": {NAME: VALUE}}   idempotent: what is known already is not started again
    {"stop": KEY, "grace": SECONDS or null}     an attempt that waits is withdrawn, one that comes later never begins
    {"withdraw": KEY}                           an attempt that waits is withdrawn, one that has begun goes on
    {"look": {KEY: OFFSET}}                     asks for a piece of each of these logs, as soon as there is one
    {"ack": KEY}                                its end is on record on the other side, and is forgotten here
    {"slots": N}                                at most N run at once, the others wait
    {"end": true, "grace": SECONDS or null}     stops and withdraws everything
    {"ping": true}                              asks for an answer, whichever

From the agent, besides what the guardian tells (guardian.py):

    {"hello": boot id, "known": {KEY: "waiting", "running" or "ended"}, "host", "agent", "python", "gpus"}
                                                first, then `began` of what runs, `ended` of what was not acknowledged
    {"waits": KEY, "why": TEXT}                 it waits for something of this machine
    {"log": KEY, "at": OFFSET, "data": base64, "times": [[OFFSET, wall time], ...]}
                                                a piece of a log, and when parts of it were printed
    {"pong": true}                              the answer to `ping`
    {"error": TEXT}                             a line could not be understood

A new connection may repeat everything that it knows to be open. The agent reads even if its answers are not read:
an answer to `look` is a piece at a time, and comes later while too much waits to be sent.
"""

from __future__ import annotations

import errno
import sys
import time
from typing import TYPE_CHECKING, cast

from dagtui.execution.agent.devices import VARIABLE, Devices
from dagtui.execution.agent.guardian import Guardian
from dagtui.execution.agent.json_text import decoded, encoded
from dagtui.execution.agent.leftovers import boot_id
from dagtui.execution.agent.line_link import LineLink
from dagtui.execution.agent.log_pieces import read_piece, times_of
from dagtui.execution.agent.spec import Spec, SpecError, is_key, table, variables
from dagtui.execution.agent.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.text.amounts import Seconds

_AT_ONCE = 16  # starts before anything else is handled again
_ENDLESS = 1 << 30


class Conversation:
    """What the other side wants of this machine, kept over any number of connections."""

    def __init__(self, spool: str, environment: Mapping[str, str] | None = None) -> None:
        """Take over the spool, with the ends in it that were not acknowledged. Raises SpoolError."""
        self.guardian = Guardian(spool, self._on_news, environment)
        self.spool = self.guardian.spool
        self.slots = _ENDLESS
        self.devices = Devices(self.guardian.environment)
        self.alone_since = time.monotonic()
        """Since when there is no connection. Infinity: there is one."""
        self.heard_at = self.alone_since
        """When the other side last said something."""
        self._link: LineLink | None = None
        self._waiting: dict[str, tuple[dict[str, object], dict[str, str]]] = {}
        self._began: dict[str, dict[str, object]] = {}
        self._ended: dict[str, dict[str, object]] = {}
        self._unwanted: set[str] = set()  # stopped before they came
        self._logs: dict[str, str] = {}  # paths of logs that are not in the spool
        self._looks: dict[str, int] = {}  # offsets at which there was nothing yet
        self._said_to_wait: set[str] = set()
        self._postponed: dict[str, int] = {}  # looks to answer when less waits to be sent
        self.guardian.on_output = self._on_output
        for key in self.spool.keys("ended"):
            self._ended[key] = self.spool.read("ended", key) or {"kind": "lost"}
        self._handlers: dict[str, Callable[[dict[str, object]], None]] = {
            "start": self._on_start,
            "stop": self._on_stop,
            "withdraw": self._on_withdraw,
            "look": self._on_look,
            "ack": self._on_acknowledge,
            "slots": self._on_slots,
            "end": self._on_end,
            "ping": self._on_ping,
        }

    @property
    def alone_for(self) -> Seconds:
        """For how long there has been no connection. 0: there is one."""
        return max(0.0, time.monotonic() - self.alone_since)

    @property
    def silent_for(self) -> Seconds:
        """For how long the other side has said nothing over the connection that there is. 0: there is none."""
        return 0.0 if self._link is None else time.monotonic() - self.heard_at

    @property
    def busy(self) -> bool:
        """Whether something waits or runs."""
        return bool(self._waiting or self.guardian.live)

    @property
    def over(self) -> bool:
        """Whether nothing waits or runs, and every end was acknowledged."""
        return not (self.busy or self._ended)

    def join(self, source: int, target: int) -> None:
        """Talk over these descriptors from now on. The newest connection holds: an older one may be dead unnoticed."""
        if self._link is not None:
            self._link.close()
        self._looks.clear()
        self._postponed.clear()
        self._said_to_wait.clear()
        self._link = LineLink(self.guardian, source, target, self.take, self._lose)
        self.alone_since, self.heard_at = float("inf"), time.monotonic()
        known = {**dict.fromkeys(self._waiting, "waiting"), **dict.fromkeys(self.guardian.live, "running")}
        known.update(dict.fromkeys(self._ended, "ended"))
        self._say(
            {
                "hello": boot_id(),
                "known": known,
                "host": self.guardian.host,
                "agent": VERSION,
                "python": sys.version.split()[0],
                "gpus": self.devices.count,
            }
        )
        for message in self._began.values():
            self._say(message)
        for key, record in self._ended.items():
            self._say({"ended": key, **record})
        self._link.send()

    def turn(self, seconds: Seconds | None = None) -> None:
        """Wait until something happens, at most for some seconds, and handle it."""
        more = self._begin()
        if not more:
            self._tell_of_waiting()
        if self._link is not None:
            self._show_postponed(self._link)
            self._link.send()
        self.guardian.turn(0 if more else seconds)
        if self._link is not None:
            self._link.send()

    def end(self, grace: Seconds | None = None, cause: str = "stopped", remark: str = "") -> None:
        """Stop what runs and withdraw what waits."""
        for key in list(self._waiting):
            self._withdraw(key)
        self.guardian.end_all(grace, cause, remark)

    def _lose(self) -> None:
        self._link = None
        self._looks.clear()
        self._postponed.clear()
        self.alone_since = time.monotonic()

    def _say(self, message: dict[str, object]) -> None:
        if self._link is not None:
            self._link.say(encoded(message))

    def _begin(self) -> bool:
        """Start what waits, a few at once. Return whether more could start."""
        for _ in range(_AT_ONCE):
            key = self._next() if len(self.guardian.live) < self.slots else None
            if key is None:
                return False
            fields, secrets = self._waiting.pop(key)
            try:
                self.guardian.start(self._with_devices(key, fields), secrets)
            except OSError as error:
                self._refuse(key, self._disk_words(error), error.errno or 0)
        return bool(self._waiting)

    def _disk_words(self, error: OSError) -> str:
        where = f"{self.spool.path} on {self.guardian.host}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"the disk with {where} is full: make space there"
        return f"{where} can't be written: {(error.strerror or '').lower()}"

    def _next(self) -> str | None:
        """Return the first attempt that waits and for which enough GPUs are free."""
        return next((key for key, (fields, _) in self._waiting.items() if self.devices.fits(_gpus(fields))), None)

    def _tell_of_waiting(self) -> None:
        """Say of attempts that wait for GPUs that they do, once to each connection."""
        for key in self._waiting.keys() - self._said_to_wait if self._link is not None else ():
            wanted = _gpus(self._waiting[key][0])
            if not self.devices.fits(wanted):
                self._said_to_wait.add(key)
                free = f"{self.guardian.host} has {self.devices.free} of {self.devices.count} GPUs free"
                self._say({"waits": key, "why": f"{free}, it asks for {wanted}"})

    def _with_devices(self, key: str, fields: dict[str, object]) -> dict[str, object]:
        """Give an attempt the GPUs that it asks for."""
        number = _gpus(fields)
        if not number:
            return fields
        env = cast("dict[str, str]", fields.get("env") or {})
        return {**fields, "env": {**env, VARIABLE: self.devices.take(key, number)}}

    def _refuse(self, key: str, text: str, number: int = 0) -> None:
        self._note_end(key, {"kind": "could not start", "errno": number, "what": "agent", "text": text, "size": 0})

    # --- What the guardian tells.

    def _on_news(self, message: dict[str, object]) -> None:
        if "began" in message:
            self._began[str(message["began"])] = message
            self._say(message)
        elif "ended" in message:
            self._note_end(str(message["ended"]), {name: value for name, value in message.items() if name != "ended"})
        else:
            self._on_refused(str(message["refused"]))

    def _on_refused(self, key: str) -> None:
        """Tell how an attempt ended that an earlier guardian had, or that another one has it."""
        record = self.spool.read("ended", key)
        if record is not None:
            self._note_end(key, record)
        else:
            self._say({"refused": key})

    def _on_output(self, key: str) -> None:
        """Answer a look at a log that there was nothing new in."""
        if key in self._looks:
            self._postponed[key] = self._looks.pop(key)
            if self._link is not None:
                self._show_postponed(self._link)

    def _note_end(self, key: str, record: dict[str, object]) -> None:
        self._began.pop(key, None)
        self.devices.give_back(key)
        self._on_output(key)  # what was written as the log was closed
        self._ended[key] = record
        self._say({"ended": key, **record})

    def _withdraw(self, key: str) -> None:
        del self._waiting[key]
        self._note_end(key, {"kind": "withdrawn", "size": 0})

    # --- What the other side asks for.

    def take(self, line: bytes) -> None:
        """Handle a line of the other side."""
        self.heard_at = time.monotonic()
        try:
            message = table({"message": decoded(line)}, "message")
            name = next(name for name in self._handlers if name in message)
            self._handlers[name](message)
        except StopIteration:
            self._say({"error": "not a known request"})
        except (ValueError, TypeError, SpecError) as error:
            self._say({"error": str(error)})

    def _on_start(self, message: dict[str, object]) -> None:
        fields, secrets = table(message, "start"), variables(message, "secrets")
        key = fields.get("key")
        if not isinstance(key, str) or not is_key(key):
            raise SpecError("key is not a file name")
        if key in self._ended:
            self._say({"ended": key, **self._ended[key]})
        elif key in self._began:
            self._say(self._began[key])
        elif key in self._unwanted:
            self._unwanted.discard(key)
            self._note_end(key, {"kind": "withdrawn", "size": 0})
        elif key not in self._waiting and key not in self.guardian.live:
            try:
                Spec(fields)
            except SpecError as error:
                self._refuse(key, str(error))
                return
            if fields.get("log"):
                self._logs[key] = str(fields["log"])
            wanted = _gpus(fields)
            if wanted > self.devices.count:
                self._refuse(key, f"it asks for {wanted} GPUs, and {self.guardian.host} has {self.devices.count}")
                return
            self._waiting[key] = fields, secrets

    def _on_stop(self, message: dict[str, object]) -> None:
        key = str(message["stop"])
        if key in self._waiting:
            self._withdraw(key)
        elif not self.guardian.stop(key, _grace(message)) and key not in self._ended:
            self._unwanted.add(key)

    def _on_withdraw(self, message: dict[str, object]) -> None:
        key = str(message["withdraw"])
        if key in self._waiting:
            self._withdraw(key)
        elif key not in self.guardian.live and key not in self._ended:
            self._unwanted.add(key)

    def _on_look(self, message: dict[str, object]) -> None:
        for key, offset in table(message, "look").items():
            if is_key(key):
                self._postponed[key] = int(cast("int", offset))
        if self._link is not None:
            self._show_postponed(self._link)

    def _show_postponed(self, link: LineLink) -> None:
        while self._postponed and not link.full:
            self._show_log(*self._postponed.popitem())

    def _on_acknowledge(self, message: dict[str, object]) -> None:
        key = str(message["ack"])
        if self._ended.pop(key, None) is not None and is_key(key):
            self._logs.pop(key, None)
            self.spool.forget(key)

    def _on_slots(self, message: dict[str, object]) -> None:
        self.slots = int(cast("int", message["slots"]))

    def _on_end(self, message: dict[str, object]) -> None:
        self.end(_grace(message))

    def _on_ping(self, _message: dict[str, object]) -> None:
        self._say({"pong": True})

    def _show_log(self, key: str, offset: int) -> None:
        path = self._logs.get(key) or self.spool.file("logs", key)
        data = read_piece(path, offset)
        if not data:
            if key in self.guardian.live:
                self._looks[key] = offset
            return
        from binascii import b2a_base64

        times = times_of(path + ".times", offset, offset + len(data))
        text = b2a_base64(data, newline=False).decode("ascii")
        self._say({"log": key, "at": offset, "data": text, "times": times})


def _gpus(fields: Mapping[str, object]) -> int:
    found = fields.get("gpus")
    return found if isinstance(found, int) and found > 0 else 0


def _grace(message: dict[str, object]) -> Seconds | None:
    found = message.get("grace")
    return float(found) if isinstance(found, (int, float)) else None
