"""Records of events: the JSON objects of the journal and of `--events`, and the events that they stand for."""

from __future__ import annotations

from json.encoder import JSONEncoder
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING, cast

from dagtui.engine.events import FAIL_FAST, CommandEvent, Event, NodeEvent, NoteEvent, RunEvent, command_word
from dagtui.engine.messages import NO_OUTPUTS, Answer, CommandKind, Usage
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME, WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.reload_event import Reload
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

_object = JSONEncoder(separators=(",", ":")).encode
_NAMES = tuple(status.name for status in NodeStatus)
_CAUSES = tuple(cause.word for cause in Cause)


def fields(event: Event, graph: Graph) -> str:
    """Return the event as the inside of a JSON object. The journal adds number, time and checksum."""
    if isinstance(event, NodeEvent):
        return _node_fields(event, graph)
    if isinstance(event, CommandEvent):
        nodes = ",".join(_quoted(graph.labels[node]) for node in event.nodes)
        extra = f',"jobs":{event.jobs}' if event.jobs else ""
        extra += f',"others":{event.others}' if event.others else ""
        extra += _answer_field(event.answer) if event.answer else ""
        extra += f',"executor":{_quoted(event.executor)}' if event.executor else ""
        return (
            f'"event":"command","number":{event.number},"command":{_quoted(command_word(event))},"nodes":[{nodes}],'
            f'"by":{_quoted(event.by)}{extra},"at":{event.at:.3f}'
        )
    if isinstance(event, RunEvent):
        extra = f',"jobs":{event.jobs}' if event.jobs else ""
        extra += f',"boot":{_quoted(event.boot)}' if event.boot else ""
        extra += f',"verdict":{_quoted(event.verdict)}' if event.verdict else ""
        extra += _target_field(event, graph)
        extra += f',"named":{_texts(event.named)}' if event.named else ""
        extra += f',"reload":{_object(_reload_fields(event.reload))}' if event.reload is not None else ""
        extra += f',"away":{event.away:.3f}' if event.away else ""
        return f'"event":"run","what":{_quoted(event.what)},"why":{_quoted(event.why)}{extra},"at":{event.at:.3f}'
    node = f'"node":{_quoted(graph.labels[event.node])},"attempt":{event.attempt},' if event.node >= 0 else ""
    silence = f'"executor":{_quoted(event.executor)},"since":{event.since:.3f},' if event.executor else ""
    return f'"event":"note",{node}"text":{_quoted(event.text)},{silence}"at":{event.at:.3f}'


def _answer_field(answer: Answer) -> str:
    choice, user, at = answer
    return f',"answer":{{"choice":{_quoted(choice)},"user":{_quoted(user)},"time":{at:.3f}}}'


def _target_field(event: RunEvent, graph: Graph) -> str:
    if event.targets is None:
        return ""
    from dagtui.engine.targets import whole_names

    return f',"targets":{_texts(whole_names(graph, event.targets))}'


def _texts(texts: Iterable[str]) -> str:
    return f"[{','.join(map(_quoted, texts))}]"


def _node_fields(event: NodeEvent, graph: Graph) -> str:
    at, node, attempt, status, cause, why, value, seconds, blocker, marks, due, fresh, stale, left, outputs, *_ = event
    text = (
        f'"event":"node","node":{_quoted(graph.labels[node])},"attempt":{attempt},"status":"{_NAMES[status]}",'
        f'"why":{_quoted(why)},"at":{at:.3f}'
    )
    if cause:
        text += f',"cause":"{_CAUSES[cause]}"'
        if cause is Cause.EXIT:
            text += f',"exit":{value}'
        elif cause is Cause.SIGNAL:
            text += f',"signal":{value}'
        elif cause is Cause.RAN:
            text += ',"exit":0'
    if seconds:
        text += f',"seconds":{seconds:.3f}{_usage_fields(event.usage)}'
    if blocker >= 0:
        text += f',"blocker":{_quoted(graph.labels[blocker])}'
    if marks:
        text += f',"marks":[{",".join(map(str, marks))}]'
    if due:
        text += f',"due":{due:.3f}'
    if fresh:
        text += ',"fresh":true,"bypass":true' if event.bypass else ',"fresh":true'
    if stale:
        text += ',"stale":true'
    if left or outputs:
        text += f',"left_behind":{left}' if left else ""
        text += f',"outputs":{_object(dict(outputs))}' if outputs else ""
    return f"{text}{_place_fields(event)}" if event.executor else text


def _place_fields(event: NodeEvent) -> str:
    where = f',"where":{_quoted(event.where)}' if event.where else ""
    ago = f',"ago":{event.ago:.3f}' if event.ago else ""
    return f',"executor":{_quoted(event.executor)}{where}{ago}'


def _usage_fields(usage: Usage | None) -> str:
    if usage is None:
        return ""
    cpu, memory, read, written = usage
    disks = f',"read":{read},"written":{written}' if read or written else ""
    peak = f',"memory":{memory}' if memory else ""
    return f',"cpu":{cpu:.3f}{peak}{disks}'


def parse(record: Mapping[str, object], graph: Graph) -> Event | None:
    """Return the event of a journal record, or None if its kind or node is unknown.

    Raise ValueError, KeyError or TypeError if a record of a known kind is malformed.
    """
    kind = record["event"]
    if kind == "node":
        return _parse_node(record, graph)
    at = _time(record.get("at"))
    if kind == "command":
        return _parse_command(record, graph, at)
    if kind == "run":
        what, why, boot = str(record["what"]), str(record.get("why", "")), str(record.get("boot", ""))
        targets, named = record.get("targets"), record.get("named")
        return RunEvent(
            at,
            what,
            why,
            _integer(record.get("jobs")),
            boot,
            str(record.get("verdict", "")),
            None if targets is None else _nodes_named(graph, _names(targets)),
            _names(named or []),
            _parse_reload(record["reload"]) if "reload" in record else None,
            _number(record.get("away")),
        )
    if kind == "note":
        node = graph.find(str(record["node"])) if "node" in record else None
        return NoteEvent(
            at,
            str(record["text"]),
            NO_NODE if node is None else node,
            _attempt(record.get("attempt")),
            str(record.get("executor", "")),
            WallTime(_number(record.get("since"))),
        )
    return None


def wall_time(record: Mapping[str, object], unknown: WallTime) -> WallTime:
    """Return when a record was written, or `unknown` if it does not tell. Raise ValueError if it is malformed."""
    wall = record.get("time")
    return WallTime(_number(wall)) if isinstance(wall, int | float) else unknown


def _reload_fields(reload: Reload) -> dict[str, object]:
    from dagtui.engine.reload_event import reload_fields  # most runs are never reloaded

    return reload_fields(reload)


def _parse_reload(value: object) -> Reload:
    from dagtui.engine.reload_event import parse_reload

    return parse_reload(value)


def _nodes_named(graph: Graph, names: Iterable[str]) -> tuple[NodeIndex, ...]:
    from dagtui.engine.targets import nodes_named

    return nodes_named(graph, names)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("names must be a list")
    return tuple(map(str, value))


_KINDS = {kind.value: kind for kind in CommandKind}


def _parse_command(record: Mapping[str, object], graph: Graph, at: ClockTime) -> CommandEvent:
    words, nodes = record["command"], record["nodes"]
    if not isinstance(words, str) or not isinstance(nodes, list):
        raise TypeError("a command must be a word, and its nodes a list")
    found = (graph.find(str(label)) for label in nodes)
    return CommandEvent(
        at,
        _integer(record["number"]),
        None if words == FAIL_FAST else _KINDS.get(words, words),
        tuple(node for node in found if node is not None),
        _integer(record.get("jobs")),
        str(record.get("by", "person")),
        _integer(record.get("others")),
        _parse_answer(record["answer"]) if "answer" in record else None,
        str(record.get("executor", "")),
    )


def _parse_answer(value: object) -> Answer:
    if not isinstance(value, dict):
        raise TypeError("an answer must be an object")
    return Answer(str(value["choice"]), str(value["user"]), WallTime(_number(value["time"])))


_STATUS_OF = {status.name: status for status in NodeStatus}
_CAUSE_OF = {cause.word: cause for cause in Cause}


def _parse_node(record: Mapping[str, object], graph: Graph) -> NodeEvent | None:
    get = record.get  # local for speed: a run of 100,000 nodes has several hundred thousand records
    node = graph.find(str(record["node"]))
    if node is None:
        return None
    cause, blocker, marks, due = get("cause"), get("blocker"), get("marks"), get("due")
    if marks is not None and not isinstance(marks, list):
        raise TypeError("marks must be a list")
    parent = None if blocker is None else graph.find(str(blocker))
    return NodeEvent(
        _time(get("at")),
        node,
        _attempt(record["attempt"]),
        _STATUS_OF[str(record["status"])],
        Cause.NONE if cause is None else _CAUSE_OF[str(cause)],
        str(get("why", "")),
        _integer(get("exit", get("signal"))),
        _number(get("seconds")),
        NO_NODE if parent is None else parent,
        tuple(map(_integer, marks)) if marks else (),
        NO_TIME if due is None else _time(due),
        get("fresh") is True,
        get("stale") is True,
        _integer(get("left_behind")),
        _outputs(get("outputs")),
        get("bypass") is True,
        None if (cpu := get("cpu")) is None else _usage(cpu, get("memory"), get("read"), get("written")),
        *(_place(executor, get("where", ""), get("ago")) if (executor := get("executor")) else ()),
    )


def _place(executor: object, where: object, ago: object) -> tuple[str, str, float]:
    return str(executor), str(where), _number(ago)


def _usage(cpu: object, *amounts: object) -> Usage:
    if not all(amount is None or isinstance(amount, int) for amount in amounts):
        raise TypeError("amounts of bytes must be whole numbers")
    return Usage(_number(cpu), *cast("Iterable[int]", (amount or 0 for amount in amounts)))


def _outputs(value: object) -> Mapping[str, str]:
    if value is None:
        return NO_OUTPUTS
    if not isinstance(value, dict):
        raise TypeError("outputs must be an object")
    return {str(key): str(text) for key, text in value.items()}


_MOST = (1 << 31) - 1


def _integer(value: object) -> int:
    if value is None:
        return 0
    if not isinstance(value, int):
        raise TypeError(f"not a whole number: {value!r}")
    if not -_MOST <= value <= _MOST:
        raise ValueError(f"a number out of all bounds: {value!r:.40}")
    return value


_attempt = cast("Callable[[object], AttemptNumber]", _integer)


def _number(value: object) -> float:
    if value is None:
        return 0.0
    if not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"a number out of all bounds: {value!r:.40}") from None


_time = cast("Callable[[object], ClockTime]", _number)
