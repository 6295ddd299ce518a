"""Logs far away: whole, with the times of their lines, without secrets, also when the disk is full."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

from support.far_side import FarWorker

from dagtui.store.line_times import LineTimes

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "p&ss+'wörd' \\ two"


def test_a_log_of_200_000_lines_is_whole(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        far.shell("node", "seq 200000")
        assert far.log_of("node") == b"".join(b"%d\n" % number for number in range(1, 200_001))


def test_a_log_may_be_written_where_the_run_has_it(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        far.shell("node", "echo text", log=str(tmp_path / "logs" / "aa" / "node.log"))
        assert far.log_of("node") == b"text\n"
        far.say(ack="node")
    assert (tmp_path / "logs" / "aa" / "node.log").read_bytes() == b"text\n"


def test_pieces_come_with_the_times_of_their_lines(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        begun = time.time()
        far.shell("node", "echo one; sleep 0.3; echo two; sleep 0.3; echo three")
        far.log_of("node")
        piece = far.hear(lambda message: message.get("log") == "node" and message["at"] == 0)
        assert [offset for offset, _ in piece["times"]] == [0, 4, 8]
        first, second, third = (wall for _, wall in piece["times"])
        assert begun <= first < second < third <= time.time()
        assert LineTimes(far.spool / "logs" / "node.times").at(9) == third
        far.say(look={"node": 4})
        later = far.hear(lambda message: message.get("log") == "node" and message["at"] == 4)
        assert [offset for offset, _ in later["times"]] == [4, 8]


def test_secrets_are_redacted_in_every_form_and_across_pieces(tmp_path: Path):
    parts = (
        'import os, sys, time, json, base64, urllib.parse, shlex; word = os.environ["WORD"]\n'
        "def out(text): os.write(1, text.encode())\n"
        "for cut in (1, 4, 9): out(word[:cut]); time.sleep(0.05); out(word[cut:] + '\\n')\n"
        "out(json.dumps(word) + urllib.parse.quote(word) + repr(word) + shlex.quote(word))\n"
        "out(base64.b64encode(word.encode()).decode() + '\\n')"
    )
    with FarWorker(tmp_path) as far:
        far.start("node", "python3", "-c", parts, secrets={"WORD": SECRET})
        far.shell("later", f"cat {tmp_path}/word; printf 'p&ss+'")
        (tmp_path / "word").write_text(SECRET)
        log = far.log_of("node").decode()
        assert log.startswith("***\n***\n***\n")
        for piece in ("p&ss", "p%26ss", "rd' ", "two", "cCZzcys"):
            assert piece not in log
        assert far.end_of("node")["value"] == 0
        assert far.log_of("later") in {b"***\n", b"***"}


def test_what_a_full_disk_takes_is_counted_and_said(tmp_path: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with FarWorker(tmp_path) as far:
        far.hear(lambda message: "hello" in message)
        resource.prlimit(far.guardian, resource.RLIMIT_FSIZE, (100_000, before[1]))
        far.shell("node", "ulimit -S -f unlimited; head -c 300000 /dev/zero; exit 3")
        end = far.end_of("node")
        assert (end["kind"], end["value"]) == ("exit", 3)
        assert end["size"] == 100_000
        assert end["lost"] >= 200_000
        assert end["lost_why"] == "file size limit reached"
        far.shell("other", "echo fine")
        assert far.log_of("other") == b"fine\n"


def test_what_no_program_can_get_is_told_by_its_number(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        far.start("long", "true", "x" * 200_000)
        far.start("null", "true", "a\0b")
        ends = far.end_of("long"), far.end_of("null")
        assert [(end["kind"], end["errno"], end["what"]) for end in ends] == [
            ("could not start", 7, "command"),
            ("could not start", 0, "command"),
        ]
