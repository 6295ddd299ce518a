"""Everything that can be wrong with a file: what is said, where, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.sources import graph_of, problems_of

from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.loading import load, load_text

VERSION = '"version" is missing'

# Every body stands behind `version = 1`, which is line 1; marked is the text above the carets.
AT_THE_TOP = [
    ("depends = 1\n[tasks.a]", 2, 1, "depends", 'unknown key "depends"', "the keys here are version, name"),
    ("task = 1\n[tasks.a]", 2, 1, "task", 'unknown key "task"', 'did you mean "tasks"?'),
    ("jobs = 1\n[tasks.a]", 2, 1, "jobs", 'unknown key "jobs"', "it is a key of [run]"),
    ("[jobs.a]\n[tasks.a]", 2, 2, "jobs", 'unknown key "jobs"', 'did you mean "tasks"?'),
    ("[[tasks]]\nname = 1", 2, 3, "tasks", '"tasks" must be a table, not an array', "write [tasks.NAME] for each"),
    ('secrets = ["A"]\n[tasks.a]', 2, 1, "secrets", 'unknown key "secrets"', "it is a key of [run]"),
    ("keep_going = true\n[tasks.a]", 2, 1, "keep_going", 'unknown key "keep_going"', "it is a key of [run]"),
    ("poools = 1\n[tasks.a]", 2, 1, "poools", 'unknown key "poools"', 'did you mean "pools"?'),
    ("[tasks.retry]\ncount = 1", 3, 1, "count", 'unknown key "count"', "the keys here are group, doc, run"),
    ('[build]\nrun = "x"\n[tasks.a]', 2, 2, "build", 'unknown table "build"', "write a task as [tasks.build]"),
    ('["a b"]\nrun = "x"\n[tasks.a]', 2, 2, '"a b"', 'unknown table "a b"', 'write a task as [tasks."a b"]'),
    ("pools = 1\n[tasks.a]", 2, 9, "1", '"pools" must be a table, not an integer', "write [pools]"),
    ("[pools]\ng = true\n[tasks.a]", 3, 5, "true", '"g" must be an integer or a size, not a boolean', "whole number"),
    ("[pools]\ng = 1.5\n[tasks.a]", 3, 5, "1.5", '"g" must be an integer or a size, not a float', "whole number"),
    ("[pools]\ng = 0\n[tasks.a]", 3, 5, "0", '"g" must be greater than zero', "remove it"),
    ("[pools]\ng = -2\n[tasks.a]", 3, 5, "-2", '"g" must be greater than zero', ""),
    ('[pools]\ng = "-2G"\n[tasks.a]', 3, 5, '"-2G"', '"g" must be greater than zero', ""),
    ('[pools]\ng = "32 gigs"\n[tasks.a]', 3, 5, '"32 gigs"', '"g" is not a size', 'such as "32G"'),
    ('[pools]\ng = "0.5B"\n[tasks.a]', 3, 5, '"0.5B"', '"g" is not a whole number of bytes', ""),
    ('[pools]\ng = "{{ params.g }}"\n[tasks.a]', 3, 5, '"{{ params.g }}"', "can't contain placeholders", ""),
    ('[pools]\n" " = 1\n[tasks.a]', 3, 1, '" "', "the name of a pool must not be empty", ""),
    (
        "[pools]\ngpu = 1\n[tasks.a]\npools = { gpus = 1 }",
        5,
        11,
        "gpus",
        'task "a" wants the unknown pool "gpus"',
        'did you mean "gpu"?',
    ),
    (
        "[tasks.a]\npools = { gpu = 1 }",
        3,
        11,
        "gpu",
        'task "a" wants the unknown pool "gpu"',
        "add [pools] with gpu = 1",
    ),
    (
        "[pools]\ngpu = 2\n[defaults]\npools = { gpu = 3 }\n[tasks.a]\n[tasks.b]",
        5,
        17,
        "3",
        "[defaults] wants 3 gpu, more than the 2 in [pools]",
        'raise "gpu"',
    ),
    (
        '[pools]\nmem = "32G"\n[tasks.a]\npools = { mem = "33G" }',
        5,
        17,
        '"33G"',
        'task "a" wants 33 GB of mem, more than the 32 GB in [pools]',
        'raise "mem"',
    ),
    (
        '[pools]\nmem = 32\n[tasks.a]\npools = { mem = "8G" }',
        5,
        17,
        '"8G"',
        'task "a" wants 8 GB of mem, more than the 32 in [pools]',
        'write a size there, such as "32G"',
    ),
    (
        '[pools]\nmem = "32G"\n[tasks.a]\npools = { mem = 8 }',
        5,
        17,
        "8",
        'task "a" wants 8 bytes of "mem"',
        'write "8G" for gigabytes, or "8B" for bytes',
    ),
    ("name = 1\n[tasks.a]", 2, 8, "1", '"name" must be a string, not an integer', "quotation marks"),
    ('name = ""\n[tasks.a]', 2, 8, '""', '"name" must not be empty', ""),
    ('name = "a\\u001b"\n[tasks.a]', 2, 8, '"a\\u001b"', '"name" contains characters that can\'t be printed', ""),
    ("params = 1\n[tasks.a]", 2, 10, "1", '"params" must be a table, not an integer', "write [params]"),
    ("[params]\np = [[]]\n[tasks.a]", 3, 6, "[]", 'an element of "p" must be a string, a number or a boolean', ""),
    ("[params]\np = 2020-01-01\n[tasks.a]", 3, 5, "2020-01-01", "not a date", "in quotation marks"),
    ("[params]\np = 0x8000000000000000\n[tasks.a]", 3, 5, "0x8000000000000000", "must fit in 64 bits", ""),
    ('[params]\n"" = 1\n[tasks.a]', 3, 1, '""', "the name of a parameter must not be empty", ""),
    ('[env]\nA = "\\u0000"\n[tasks.a]', 3, 5, '"\\u0000"', '"env.A" can\'t contain the character NUL', ""),
    ('[env]\n"A=B" = 1\n[tasks.a]', 3, 9, "1", '"env.A=B" is not a valid name for a variable', ""),
    ("[env]\nA = []\n[tasks.a]", 3, 5, "[]", '"env.A" must be a string', ""),
    ("defaults = 1\n[tasks.a]", 2, 12, "1", '"defaults" must be a table', "write [defaults]"),
    ("[defaults]\ncmd = 1\n[tasks.a]", 3, 1, "cmd", 'unknown key "cmd"', 'did you mean "run"?'),
    ('run = "x"\n[tasks.a]', 2, 7, '"x"', '"run" must be a table, not a string', "write [run]"),
    ("[run]\njobs = 0\n[tasks.a]", 3, 8, "0", '"run.jobs" must be between 1 and 1,000,000', ""),
    ('[run]\njobs = "4"\n[tasks.a]', 3, 8, '"4"', '"run.jobs" must be an integer, not a string', ""),
    ("[run]\nkeep_going = 1\n[tasks.a]", 3, 14, "1", '"run.keep_going" must be a boolean', ""),
    ("[run]\ntimeout = 0\n[tasks.a]", 3, 11, "0", '"run.timeout" must be greater than zero', "leave the key out"),
    ("[run]\ntimeout = true\n[tasks.a]", 3, 11, "true", '"run.timeout" must be a string or a number of seconds', ""),
    ("[run]\nexclusive = 1\n[tasks.a]", 3, 13, "1", '"run.exclusive" must be a boolean', "write true or false"),
    ("[run]\nmax_workers = 1\n[tasks.a]", 3, 1, "max_workers", 'unknown key "max_workers"', 'did you mean "jobs"?'),
    (
        '[run]\nsecrets = "TOKEN"\n[tasks.a]',
        3,
        11,
        '"TOKEN"',
        '"run.secrets" must be an array, not a string',
        "API_TOKEN",
    ),
    ("[run]\nsecrets = [1]\n[tasks.a]", 3, 12, "1", '"run.secrets" has an entry that must be a string', ""),
    ('[run]\nsecrets = [" "]\n[tasks.a]', 3, 12, '" "', '"run.secrets" has an entry that must not be empty', ""),
    ('[run]\nsecrets = ["A", "A"]\n[tasks.a]', 3, 17, '"A"', '"run.secrets" names "A" twice', ""),
    ("[run]\ndefault = []\n[tasks.a]", 3, 11, "[]", '"run.default" must not be empty', "name what runs"),
    ('[run]\ndefault = "a"\n[tasks.a]', 3, 11, '"a"', '"run.default" must be an array, not a string', 'write ["a"]'),
    ("[run]\ndefault = [1]\n[tasks.a]", 3, 12, "1", '"run.default" must be a string, not an integer', ""),
    ('[run]\ndefault = ["a", "a"]\n[tasks.a]', 3, 17, '"a"', '"run.default" repeats "a"', "remove it"),
    ('[run]\ndefault = ["bulid"]\n[tasks.build]', 3, 12, '"bulid"', 'no node "bulid"', 'mean "build"?'),
    ('[run]\ndefault = ["b*"]\n[tasks.a]', 3, 12, '"b*"', 'no node matches "b*"', ""),
    ('[run]\ndefault = ["dta/"]\n[tasks.a]\ngroup = "data"', 3, 12, '"dta/"', 'no group "dta/"', 'mean "data/"?'),
    ("[run]\nload_average = 1\n[tasks.a]", 3, 1, "load_average", 'does not support "load_average" yet', ""),
    ("tasks = 1", 2, 9, "1", '"tasks" must be a table', "write [tasks]"),
    ('[tasks]\na = "make"', 3, 5, '"make"', 'task "a" must be a table, not a string', "write [tasks.a], then run"),
    ('[tasks.""]', 2, 8, '""', "the name of a task must not be empty", ""),
    ('[tasks." "]', 2, 8, '" "', "the name of a task must not be empty", ""),
    ('[tasks."a\\u001b[31m"]', 2, 8, '"a\\u001b[31m"', "the name of a task contains characters", ""),
    ('[tasks."\\u202e"]', 2, 8, '"\\u202e"', "the name of a task contains characters", ""),
    (f"[tasks.{'x' * 201}]", 2, 8, "x" * 100, "the name of a task can have at most 200 characters, not 201", ""),
    (
        "[run]\njobs = 2\n[tasks.a]\nslots = 3",
        5,
        9,
        "3",
        'task "a" needs 3 slots, more than the 2 jobs',
        'lower "slots"',
    ),
    (
        '[tasks.a]\ntrigger = "any_failed"',
        3,
        11,
        '"any_failed"',
        'task "a" can never run: its trigger is "any_failed", and it needs no task',
        'name the tasks that it waits for in "needs"',
    ),
    (
        '[defaults]\ntrigger = "any_success"\n[tasks.a]\n[tasks.b]\nneeds = ["a"]',
        3,
        11,
        '"any_success"',
        'task "a" can never run',
        "or remove the trigger",
    ),
    ("[run]\njobs = 2\n[defaults]\nslots = 3\n[tasks.a]", 5, 9, "3", 'task "a" needs 3 slots', ""),
]

# Every body is that of `[tasks.a]`, which is line 2.
IN_A_TASK = [
    ('secrets = ["A"]', 1, "secrets", 'unknown key "secrets"', "it is a key of [run]"),
    ('when = "x"', 1, "when", 'unknown key "when"', 'did you mean "if"?'),
    ("default = 1", 11, "1", '"default" must be a boolean', ""),
    ("depends = []", 1, "depends", 'unknown key "depends"', 'did you mean "needs"?'),
    ("depends_on = []", 1, "depends_on", 'unknown key "depends_on"', 'did you mean "needs"?'),
    ("deps = []", 1, "deps", 'unknown key "deps"', 'did you mean "needs"?'),
    ("command = 1", 1, "command", 'unknown key "command"', 'did you mean "run"?'),
    ("cmd = 1", 1, "cmd", 'unknown key "cmd"', 'did you mean "run"?'),
    ("tiemout = 1", 1, "tiemout", 'unknown key "tiemout"', 'did you mean "timeout"?'),
    ("RUN = 1", 1, "RUN", 'unknown key "RUN"', 'did you mean "run"?'),
    ("zzzz = 1", 1, "zzzz", 'unknown key "zzzz"', "the keys here are group, doc, run"),
    ('"a\\u001bb" = 1', 1, '"a\\u001bb"', 'unknown key "a^[b"', ""),
    ("inputs = []", 10, "[]", '"inputs" must not be empty', "leave it out"),
    ("outputs = []", 11, "[]", '"outputs" must not be empty', "leave it out"),
    ('pools = "gpu"', 9, '"gpu"', '"pools" must be a table, not a string', "write { gpu = 1 }"),
    ("pools = { gpu = 0 }", 17, "0", '"pools.gpu" must be greater than zero', ""),
    ("gpus = 1", 1, "gpus", 'unknown key "gpus"', "write resources = { gpus = 1 }"),
    ('mem = "8G"', 1, "mem", 'unknown key "mem"', 'write resources = { mem = "8G" }'),
    ("resources = { gpu = 1 }", 21, "1", '"resources.gpu" is an unknown word', "[pools]"),
    ("resources = { mem = 8000 }", 21, "8000", '"resources.mem" has no unit', 'write "8000M" for megabytes'),
    ("resources = { time = '2:00:00' }", 22, "'2:00:00'", '"resources.time" is not a duration', '"2h30m"'),
    ("executor = 'x'", 12, "'x'", 'this task names the unknown executor "x"', "add [executors.x]"),
    ("finally = 1", 11, "1", '"finally" must be a boolean', "write true or false"),
    ("run = 'x {{ run.failed }}'", 10, "{{ run.failed }}", "only when the run has ended", 'write "finally = true"'),
    ("finally = true\nrun = 'x {{ run.verdit }}'", 10, "{{ run.verdit }}", 'a run has no "verdit"', '"verdict"?'),
    ("if = 'run.verdict == 1'", 7, "run.verdict", "only when the run has ended", 'write "finally = true"'),
    ("ask = 1", 7, "1", '"ask" must be a string, not an integer', "quotation marks"),
    ('ask = " "', 7, '" "', '"ask" must not be empty', ""),
    ('ask = "{{ params.x }}"', 8, "{{ params.x }}", 'there is no parameter "x"', ""),
    ('ask = "x"\nrun = "y"', 1, "run", '"run" and "ask" are both given', "remove one of them"),
    ('ask = "x"\ncall = "a:b"', 1, "call", '"call" and "ask" are both given', "remove one of them"),
    ('ask = "x"\ntimeout = 1', 1, "timeout", '"timeout" beside "ask"', "a gate executes nothing"),
    ('ask = "x"\nslots = 2', 1, "slots", '"slots" beside "ask"', "a gate executes nothing"),
    ('choices = ["a", "b"]', 1, "choices", '"choices" without "ask"', "add"),
    ('ask = "x"\nchoices = "a"', 11, '"a"', '"choices" must be an array, not a string', 'write ["publish", "drop"]'),
    ('ask = "x"\nchoices = []', 11, "[]", '"choices" must not be empty', "write at least two"),
    ('ask = "x"\nchoices = ["a"]', 11, '["a"]', '"choices" has only one choice', "write at least two"),
    ('ask = "x"\nchoices = ["a", "a"]', 17, '"a"', 'an element of "choices" repeats "a"', "remove it"),
    ('ask = "x"\nchoices = ["a", 1]', 17, "1", 'an element of "choices" must be a string', "quotation marks"),
    ('ask = "x"\nchoices = ["a", ""]', 17, '""', 'an element of "choices" must not be empty', ""),
    ('ask = "x"\nchoices = ["a", "b "]', 17, '"b "', 'an element of "choices" begins or ends with a space', "write"),
    ('ask = "x"\nchoices = ["a", "{{ x }}"]', 17, '"{{ x }}"', "can't contain placeholders", 'put them into "ask"'),
    ('ask = "x"\nchoices = ["a", "b\\n"]', 17, '"b\\n"', "can't be printed: character 2 is U+000A", ""),
    ('when = "manual"', 1, "when", 'unknown key "when"', 'write a task with ask = "Go on?"'),
    ("manual = true", 1, "manual", 'unknown key "manual"', 'did you mean "ask"?'),
    ("prompt = 'x'", 1, "prompt", 'unknown key "prompt"', 'did you mean "ask"?'),
    ("tty = 1", 7, "1", '"tty" must be a boolean', "write true or false"),
    ('ask = "x"\ntty = true', 1, "tty", '"tty" beside "ask"', "a gate executes nothing"),
    ("pty = true", 1, "pty", 'unknown key "pty"', 'did you mean "tty"?'),
    ("run = 1", 7, "1", '"run" must be a string or an array of strings, not an integer', ""),
    ('run = ""', 7, '""', '"run" must not be empty', ""),
    ("run = []", 7, "[]", '"run" must not be empty', ""),
    ('run = ["x", 1]', 13, "1", 'an element of "run" must be a string, not an integer', "quotation marks"),
    ('run = [""]', 8, '""', 'an element of "run" must start with a program', ""),
    ('run = ["x", "\\u0000"]', 13, '"\\u0000"', "can't contain the character NUL", ""),
    ('run = "x\\u0000"', 7, '"x\\u0000"', "can't contain the character NUL", ""),
    ('call = "x"', 8, '"x"', '"call" must be a function in a module', '"package.module:function"'),
    ('call = "a b:c"', 8, '"a b:c"', '"call" must be a function in a module', ""),
    ('call = "os:system(1)"', 8, '"os:system(1)"', '"call" must be a function in a module', ""),
    ('run = "x"\ncall = "a:b"', 1, "call", '"run" and "call" are both given', "remove one of them"),
    ("args = { x = 1 }", 1, "args", '"args" without "call"', 'add "call"'),
    ('run = "x"\nargs = { x = 1 }', 1, "args", '"args" without "call"', ""),
    ('call = "a:b"\nargs = [1]', 8, "[1]", '"args" must be a table, not an array', ""),
    ('call = "a:b"\nargs = { x = [nan] }', 15, "nan", 'an element of "args.x" must be a finite number', ""),
    ('call = "a:b"\nargs = { x = 2020-01-01 }', 14, "2020-01-01", '"args.x" must be', "in quotation marks"),
    ('group = "a//b"', 9, '"a//b"', '"group" has a folder without a name', ""),
    ('group = "a\\n"', 9, '"a\\n"', '"group" contains characters that can\'t be printed', ""),
    ("doc = 1", 7, "1", '"doc" must be a string', ""),
    ('needs = "b"', 9, '"b"', '"needs" must be an array, not a string', 'write ["b"]'),
    ("needs = [1]", 10, "1", 'an element of "needs" must be a string', ""),
    ('needs = ["b", 1]', 15, "1", 'an element of "needs" must be a string', ""),
    ('needs = [""]', 10, '""', 'an element of "needs" must not be empty', ""),
    ('needs = ["x*"]', 10, '"x*"', '"x*" matches no task', ""),
    ('group = "data"\nneeds = ["dta/"]', 10, '"dta/"', '"dta/" matches no task', 'did you mean "data/"?'),
    ('needs = ["b[x=*]*"]', 10, '"b[x=*]*"', '"b[x=*]*" matches no task', "a pattern means whole tasks"),
    ('needs = ["a*"]', 10, '"a*"', '"a*" matches only the task itself', ""),
    ('needs = ["b", "b"]', 15, '"b"', 'an element of "needs" repeats "b"', "remove it"),
    ("matrix = 1", 10, "1", '"matrix" must be a table', "{ seed = [1, 2] }"),
    ("matrix = {}", 10, "{}", '"matrix" must have at least one axis', ""),
    ("matrix = { exclude = [] }", 10, "{ exclude = [] }", '"matrix" must have at least one axis', ""),
    ("matrix = { x = 1 }", 16, "1", '"matrix.x" must be an array, not an integer', "write [1]"),
    ("matrix = { x = [] }", 16, "[]", '"matrix.x" must have at least one value', ""),
    ("matrix = { x = [[]] }", 17, "[]", 'an element of "matrix.x" must be', ""),
    ('matrix = { x = ["\\n"] }', 17, '"\\n"', "can't be printed", ""),
    ("matrix = { x = [1, '1'] }", 20, "'1'", 'an element of "matrix.x" has the value "1" twice', ""),
    ('matrix = { "" = [1] }', 17, "[1]", '"matrix." has an axis whose name must not be empty', ""),
    ("matrix = { x = [1], exclude = 1 }", 31, "1", '"matrix.exclude" must be an array', ""),
    ("matrix = { x = [1], exclude = [1] }", 32, "1", 'an element of "matrix.exclude" must be a table', ""),
    ("matrix = { x = [1], exclude = [{}] }", 32, "{}", 'an element of "matrix.exclude" must be a table', ""),
    ("matrix = { x = [1], exclude = [{ y = 1 }] }", 38, "1", 'names "y", which is not an axis', 'the axes are "x"'),
    ("matrix = { x = [1], exclude = [{ x = 2 }] }", 38, "2", 'excludes "2", which "x" doesn\'t have', '"1"'),
    ("matrix = { x = [1], exclude = [{ x = 1 }] }", 31, "[{ x = 1 }]", '"matrix" excludes every cell', ""),
    ('cwd = ""', 7, '""', '"cwd" must not be empty', ""),
    ("env = []", 7, "[]", '"env" must be a table', ""),
    ("env = { A = [] }", 13, "[]", '"env.A" must be a string', ""),
    ('shell = "bash"', 9, '"bash"', '"shell" must be an array, not a string', '["bash", "-c"]'),
    ("shell = []", 9, "[]", '"shell" must not be empty', ""),
    ('shell = ["bash"]', 9, '["bash"]', '"shell" lacks the option that takes a command', '["bash", "-c"]'),
    ('shell = ["bash", "{{ params.x }}"]', 9, '["bash", "{{ params.x }}"]', '"shell" can\'t contain placeholders', ""),
    ("service = true", 11, "true", '"service" must be a table, not a boolean', 'write { ready = "port 5432"'),
    ("service = {}", 11, "{}", '"service" lacks "ready"', 'write { ready = "port 5432"'),
    ("service = { ready = 1 }", 21, "1", '"service.ready" must be a string, not an integer', ""),
    ('service = { ready = "port" }', 21, '"port"', '"service.ready" must begin with "port", "run" or "log"', ""),
    ('service = { ready = "port x" }', 21, '"port x"', '"service.ready" names the port "x"', "up to 65535"),
    ('service = { ready = "log x", redy = 1 }', 37, "1", "is an unknown key", 'did you mean "ready"?'),
    ('service = { ready = "log x", timeout = 0 }', 40, "0", '"service.timeout" must be greater than zero', ""),
    ('service = { ready = "log {{ x }}" }', 21, '"log {{ x }}"', "can't contain placeholders", "reads a variable"),
    ('service = { ready = "log x" }', 1, "service", '"service" without "run" or "call"', 'add "run"'),
    ('run = "x"\nservice = { ready = "log x" }\nslots = 2', 1, "slots", '"slots" beside "service"', "holds no slot"),
    ('run = "x"\nservice = { ready = "log x" }\noutputs = ["x"]', 1, "outputs", "beside", "never up to date"),
    ('wrap = "nice -n 5"', 8, '"nice -n 5"', '"wrap" must be an array', 'write ["nice", "-n", "5"]'),
    ("wrap = {}", 8, "{}", '"wrap" must be an array, not a table', 'write ["nice", "-n", "5"]'),
    ("wrap = [1]", 9, "1", 'an element of "wrap" must be a string', ""),
    ('wrap = [""]', 9, '""', 'an element of "wrap" must start with a program', ""),
    ('wrap = ["nice -n", "5"]', 9, '"nice -n"', "is a command line, not a program", 'write ["nice", "-n", "5"]'),
    ('wrap = ["x", "{{ params.x }}"]', 15, "{{ params.x }}", 'there is no parameter "x"', ""),
    ("retries = -1", 11, "-1", '"retries" must be between 0 and 1,000,000', ""),
    ("retries = true", 11, "true", '"retries" must be an integer, not a boolean', ""),
    ("retries = 1.5", 11, "1.5", '"retries" must be an integer, not a float', ""),
    ('retry_delay = "soon"', 15, '"soon"', '"retry_delay" is not a duration', 'write "90s", "1h30m"'),
    ("retry = 3", 9, "3", '"retry" must be a table', ""),
    ("retry = { retries = 3 }", 21, "3", '"retry.retries" is an unknown key', "it is a key of the task"),
    ("retry = { dealy = 3 }", 19, "3", '"retry.dealy" is an unknown key', 'did you mean "delay"?'),
    ("retry = { delay = -1 }", 19, "-1", '"retry.delay" must not be negative', ""),
    ("retry = { backoff = 0.5 }", 21, "0.5", '"retry.backoff" must be between 1 and 1000', ""),
    ("retry = { backoff = nan }", 21, "nan", '"retry.backoff" must be between 1 and 1000', ""),
    ("retry = { jitter = 1.5 }", 20, "1.5", '"retry.jitter" must be between 0 and 1', ""),
    ("retry = { delay = 9, max_delay = 1 }", 34, "1", '"retry.max_delay" must not be shorter than "delay"', ""),
    ("retry = { exit_codes = 1 }", 24, "1", '"retry.exit_codes" must be an array', ""),
    ("retry = { exit_codes = [] }", 24, "[]", '"retry.exit_codes" must not be empty', ""),
    (
        'retry = { exit_codes = ["SIGKILL"] }',
        25,
        '"SIGKILL"',
        'an element of "retry.exit_codes" must be an exit status from 1 to 255, "timeout", "lost" or "outside"',
        "write 137",
    ),
    (
        'retry = { exit_codes = [7, "timeouts"] }',
        28,
        '"timeouts"',
        'an element of "retry.exit_codes" must be an exit status',
        'did you mean "timeout"',
    ),
    ("colour = 1", 10, "1", '"colour" must be a boolean', "write true or false"),
    ("color = true", 1, "color", 'unknown key "color"', 'did you mean "colour"?'),
    ("force_color = true", 1, "force_color", 'unknown key "force_color"', 'did you mean "colour"?'),
    ("retry = { exit_codes = [0] }", 25, "0", 'an element of "retry.exit_codes" must be between 1 and 255', ""),
    (
        "retry = { delay = 1 }\nretry_delay = 1",
        1,
        "retry_delay",
        '"retry.delay" and "retry_delay" are both given',
        "remove one",
    ),
    ("timeout = 0", 11, "0", '"timeout" must be greater than zero', "leave the key out"),
    ("timeout = nan", 11, "nan", '"timeout" must be a finite number', ""),
    ('timeout = "99999d"', 11, '"99999d"', '"timeout" must not be longer than ten years', ""),
    ("timeout = []", 11, "[]", '"timeout" must be a string or a number of seconds', ""),
    ('grace = "-5s"', 9, '"-5s"', '"grace" must not be negative', ""),
    ("slots = 0", 9, "0", '"slots" must be between 1 and 1,000,000', ""),
    ('trigger = "all_sucess"', 11, '"all_sucess"', '"trigger" names an unknown trigger', 'did you mean "all_success"?'),
    ('trigger = "one_failed"', 11, '"one_failed"', '"trigger" names an unknown trigger', 'did you mean "any_failed"?'),
    ('trigger = "always"', 11, '"always"', '"trigger" names an unknown trigger', 'did you mean "all_done"?'),
    ("version = 1", 1, "version", 'unknown key "version"', "at the top of the file"),
    ('name = "x"', 1, "name", 'unknown key "name"', 'a task is named by its header: [tasks.NAME]; "doc"'),
    ("jobs = 2", 1, "jobs", 'unknown key "jobs"', "it is a key of [run]"),
    ('bash_command = "x"', 1, "bash_command", 'unknown key "bash_command"', 'did you mean "run"?'),
    ("run = [['a'], ['b']]", 7, "[['a'], ['b']]", '"run" must be one command', "a task is one command"),
    ('call = "a.b.c"', 8, '"a.b.c"', '"call" must be a function in a module', 'write "a.b:c"'),
    ('call = "a:b()"', 8, '"a:b()"', '"call" must be a function in a module', 'write "a:b"'),
    ("needs = { b = 1 }", 9, "{ b = 1 }", '"needs" must be an array, not a table', 'write ["a", "b"]'),
    ('matrix = { x = "1..3" }', 16, '"1..3"', '"matrix.x" must be an array, not a string', "list its values"),
    ("matrix = { include = 1 }", 22, "1", '"matrix.include" must be an array', "write [{ x = 1, y = 2 }]"),
    ("matrix = { include = [{}] }", 23, "{}", 'an element of "matrix.include" must be a table of axes', ""),
    ("matrix = { include = [{ x = 1 }, 2] }", 34, "2", 'an element of "matrix.include" must be a table of axes', ""),
    ("matrix = { include = [1, { x = 1 }] }", 26, "{ x = 1 }", "must be a string, a number or a boolean", ""),
    ("matrix = { include = [{ x = [1] }] }", 29, "[1]", '"matrix.include.x" must be a string, a number', ""),
    ('matrix = { include = [{ x = "\\n" }] }', 29, '"\\n"', "can't be printed", ""),
    ('matrix = { include = [{ "" = 1 }] }', 30, "1", "has an axis whose name must not be empty", ""),
    ("matrix = { include = [{ x = 1 }], exclude = [{ y = 1 }] }", 52, "1", "is not an axis", 'the axes are "x"'),
    ("matrix = { include = [{ x = 1 }], exclude = [{ x = 2 }] }", 52, "2", "doesn't have", 'its values are "1"'),
    ("matrix = { include = [{ x = 1 }], exclude = [{ x = 1 }] }", 45, "[{ x = 1 }]", "excludes every cell", ""),
    ("matrix = { x = [1], include = [{ y = 1 }], exclude = [{ y = 1 }] }", 61, "1", "is not an axis", ""),
    ("matrix = { from = 1 }", 19, "1", '"matrix.from" must be a path, not an integer', 'write from = "samples.tsv"'),
    ("matrix = { from = { x = 1 } }", 19, "{ x = 1 }", '"matrix.from" must be a path, not a table', ""),
    ("matrix = { from = '' }", 19, "''", '"matrix.from" must not be empty', ""),
    ("matrix = { from = 'gone.tsv' }", 19, "'gone.tsv'", "can't be read: gone.tsv: No such file", "graph file"),
    ("matrix = { from = 'a.xlsx' }", 19, "'a.xlsx'", "must name a file that ends in .tsv, .csv, .json or .toml", ""),
    ("matrix = { from = [{ x = 1 }], x = [1] }", 36, "[1]", '"matrix.x" is an axis and a column of the sheet', ""),
    ("matrix = { from = '{{ env.X }}.tsv' }", 20, "{{ env.X }}", "can't have", "only params are known"),
    ("matrix = { from = '{{ params.x }}.tsv' }", 20, "{{ params.x }}", 'there is no parameter "x"', ""),
    ("matrix = { from = '{{ x' }", 20, "{{ x", "without its", ""),
    ('shell = "touch a"', 9, '"touch a"', '"shell" must be an array', 'write a command line as "run"'),
    ('run = "{{ params.x | upper }}"', 8, "{{ params.x | upper }}", "is not a placeholder", "write {{ params.x }}"),
    ('run = "{{ needs.b.outputs.n }}"', 8, "{{ needs.b.outputs.n }}", '"a" doesn\'t need "b", directly or', "add it"),
    ('run = "{{ needs.b.outputs.n or 1 }}"', 8, "{{ needs.b.outputs.n or 1 }}", '"a" doesn\'t need "b"', "add it"),
    ('run = "{{ needs.a.outputs.n }}"', 8, "{{ needs.a.outputs.n }}", '"a" doesn\'t need "a"', "add it"),
    ('run = "{{ needs.z.outputs.n }}"', 8, "{{ needs.z.outputs.n }}", 'there is no task "z"', ""),
    ('run = "{{ needs.b.outputs }}"', 8, "{{ needs.b.outputs }}", "is not a placeholder", "needs.TASK.outputs.KEY"),
    ('run = "{{ needs.b.outputs.a b }}"', 8, "{{ needs.b.outputs.a b }}", '"a b" can\'t be the name of', "letters"),
    ('run = "{{ needs.b.outputs. }}"', 8, "{{ needs.b.outputs. }}", '"" can\'t be the name of', "letters"),
    ('env = { X = "{{ needs.b.outputs.n }}" }', 14, "{{ needs.b.outputs.n }}", '"a" doesn\'t need "b"', "add it"),
    ('cwd = "{{ needs.b.outputs.n }}"', 8, "{{ needs.b.outputs.n }}", '"a" doesn\'t need "b"', "add it"),
    ('run = ["{{ needs.b.outputs.n }}"]', 9, "{{ needs.b.outputs.n }}", '"a" doesn\'t need "b"', "add it"),
    ('run = "cat <<E\\n{{ needs.b.outputs.n }}\\nE"', 17, "{{ needs.b.outputs.n }}", "inside a here-document", "env"),
    ('trigger = "zzz"', 11, '"zzz"', '"trigger" names an unknown trigger', "the triggers are all_success, none_failed"),
    ('allow_failure = "yes"', 17, '"yes"', '"allow_failure" must be a boolean, not a string', ""),
]


def marked(problem: Problem) -> str:
    before, width = problem.mark
    return problem.excerpt[before : before + width]


@pytest.mark.parametrize(("body", "line", "column", "mark", "message", "hint"), AT_THE_TOP)
def test_at_the_top(body: str, line: int, column: int, mark: str, message: str, hint: str):
    problems = problems_of(body)
    problem = problems[0] if not problems[0].message.startswith("there are no tasks") else problems[1]
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column, marked(problem)) == (line, column, mark)


@pytest.mark.parametrize(("body", "column", "mark", "message", "hint"), IN_A_TASK)
def test_in_a_task(body: str, column: int, mark: str, message: str, hint: str):
    others = "\n[tasks.b]\n[tasks.c]\n"
    (problem,) = problems_of(f"[tasks.a]\n{body}{others}")
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column, marked(problem)) == (2 + len(body.splitlines()), column, mark)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("x = ", 1, 3, "not a valid value", "quotation marks"),
        ("a = 1\nb = yes\n", 2, 5, "not a valid value", 'strings need quotation marks: "…"'),
        ("a = True", 1, 5, "not a valid value", 'write "true"'),
        ("a = no", 1, 5, "not a valid value", "write false"),
        ("a = node x.js", 1, 5, "not a valid value", "strings need quotation marks"),
        ("a = None", 1, 5, "not a valid value", "leave the key out"),
        ("a = “x”", 1, 5, "not a valid value", "straight quotation marks"),
        ("a == 1", 1, 4, "not a valid value", "one equals sign"),
        ('a = "C:\\Users"', 1, 8, "not a valid escape sequence", "put the string in '…'"),
        ("a = {\n b = 1 }", 1, 6, "expected a name here", "one line without a comma at its end"),
        ("a = { b = 1, }", 1, 14, "expected a name here", "a longer one as a [table]"),
        ("[tasks.my task]", 1, 11, "the table name doesn't end here", '[tasks."my task"]'),
        ("a = 1\na = 2\n", 2, 1, "this key is defined twice", "remove or rename one of them"),
        ("[tasks.a]\n[tasks.a]\n", 2, 1, "the table [tasks.a] is defined twice", "remove or rename one of them"),
        ("a b = 1", 1, 3, "Expected '=' after a key", 'need quotation marks: "a.b"'),
        ("a = 'x\n", 1, 6, 'Expected "\'"', ""),
        ('a = "x\n', 1, 7, "a string must end on the line where it starts", '"""…"""'),
        ('a = "\\d"', 1, 6, "not a valid escape sequence", "put the string in '…'"),
        ("a = [1 2]", 1, 8, "this array isn't closed", "a comma between"),
        ("a = { b = 1", 1, 11, "this table isn't closed", ""),
        ('a = "x" b', 1, 9, "unexpected text after the value", ""),
        ('a = """x', 1, 8, "this string isn't closed", ""),
        ("a = {x=1,x=2}", 1, 13, "Duplicate inline table key 'x'", "remove one of them"),
        ("= 1", 1, 1, "Invalid statement", "write key = value"),
        ("\x1b[31m", 1, 1, "Invalid statement", ""),
    ],
)
def test_the_first_error_of_syntax(text: str, line: int, column: int, message: str, hint: str):
    with pytest.raises(GraphError) as caught:
        load_text(text, "demo.toml")
    (problem,) = caught.value.problems
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column) == (line, column)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tasks.a]", '"version" is missing'),
        ("version = 2\n[tasks.a]", "only version 1 is supported"),
        ("version = true\n[tasks.a]", "only version 1 is supported"),
        ("version = 1.0\n[tasks.a]", "only version 1 is supported"),
        ("version = '1'\n[tasks.a]", "only version 1 is supported"),
        ("version = 1", "there are no tasks"),
        ("version = 1\n[tasks]", "there are no tasks"),
    ],
)
def test_version_and_tasks_are_there(text: str, message: str):
    with pytest.raises(GraphError) as caught:
        load_text(text, "demo.toml")
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.hint


@pytest.mark.parametrize(
    ("body", "line", "column", "name"),
    [
        ('[tasks.a.b]\nrun = "x"', 2, 10, 'quote the name: [tasks."a.b"]'),
        ('[tasks.a.b.c]\nrun = "x"', 2, 10, 'quote the name: [tasks."a.b.c"]'),
        ('[tasks]\na.b.run = "x"', 3, 3, 'quote the name: [tasks."a.b"]'),
    ],
)
def test_a_dotted_name_without_quotation_marks(body: str, line: int, column: int, name: str):
    (problem,) = problems_of(body)
    assert problem.message == 'task "a" has a table "b", which is not a key of a task'
    assert (problem.hint, problem.line, problem.column) == (name, line, column)


@pytest.mark.parametrize(
    ("parameters", "message", "hint"),
    [
        ({"smaples": "1"}, 'there is no parameter "smaples"', 'did you mean "samples"?'),
        ({"zzz": "1"}, 'there is no parameter "zzz"', "declare it with a default"),
        ({"samples": "x"}, 'the parameter "samples" must be an integer of at most 64 bits, not "x"', ""),
        ({"samples": "1.0"}, "must be an integer", ""),
        ({"samples": "1_0"}, "must be an integer", ""),
        ({"samples": "٣"}, "must be an integer", ""),
        ({"samples": "9" * 25}, "must be an integer", ""),
        ({"samples": "9" * 9000}, "must be an integer", ""),
        ({"rate": "fast"}, 'the parameter "rate" must be a number, not "fast"', ""),
        ({"deep": "yes"}, 'the parameter "deep" must be true or false, not "yes"', ""),
        ({"word": "\0"}, 'the parameter "word" can\'t contain the character NUL, not "^@"', ""),
    ],
)
def test_given_parameters(parameters: dict[str, str], message: str, hint: str):
    body = 'params = { samples = 2, rate = 0.5, deep = false, word = "x" }\n[tasks.a]'
    (problem,) = problems_of(body, parameters)
    assert message in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.excerpt) == (0, "")


def test_two_nodes_of_one_name():
    problems = problems_of('[tasks.a]\nmatrix = { x = [1] }\n[tasks."a[x=1]"]\n')
    assert [problem.message for problem in problems] == [
        'two nodes are named "a[x=1]": one of task "a" and one of task "a[x=1]"'
    ]
    assert problems[0].line == 4


def test_two_cells_of_one_name():
    (problem,) = problems_of('[tasks.a]\nmatrix = { x = ["1,y=2", "1"], y = ["3", "2,y=3"] }\n')
    assert problem.message == 'two nodes are named "a[x=1,y=2,y=3]": one of task "a" and one of task "a"'


def test_a_shortest_cycle():
    (problem,) = problems_of(
        '[tasks.a]\nneeds = ["d"]\n[tasks.b]\nneeds = ["a", "c"]\n[tasks.c]\nneeds = ["b"]\n[tasks.d]\nneeds = ["c"]'
    )
    assert problem.message == "cycle: b → c → b"
    assert (problem.line, problem.hint) == (5, "remove one of these needs")


def test_a_long_cycle_shows_twenty_names_at_most():
    (problem,) = problems_of("".join(f'[tasks.t{i}]\nneeds = ["t{(i + 1) % 60}"]\n' for i in range(60)))
    assert "42 more" in problem.message
    assert problem.message.count("t") == 19


def test_a_cycle_between_cells_of_one_task():
    (problem,) = problems_of(
        "[tasks.a]\nmatrix = { x = [0, 1], to = [1, 0], exclude = [{ x = 0, to = 0 }, { x = 1, to = 1 }] }\n"
        'needs = ["a[x={{ matrix.to }}]"]'
    )
    assert problem.message == "cycle: a[x=0,to=1] → a[x=1,to=0] → a[x=0,to=1]"


def test_everything_wrong_is_in_one_report_sorted_by_place():
    problems = problems_of('name = 1\n[tasks.b]\nneeds = ["x"]\ndepends = 1\n[tasks.a]\ntimeout = "x"\nrun = "{{ x }}"')
    assert [problem.line for problem in problems] == [2, 4, 5, 7, 8]


def test_every_placeholder_that_is_wrong_is_in_the_report():
    body = (
        "[tasks.a]\nrun = 'echo {{ x }} \"{{ params.p }}\" {{ params.q }} `{{ env.B }}` {{ oops'\n"
        'cwd = "{{ y }}{{ z }}"\nenv = { A = "{{ u }}", B = "{{ v }}{{ params.w }}" }\n'
    )
    assert [(problem.line, marked(problem)) for problem in problems_of(body)] == [
        (3, "{{ x }}"), (3, "{{ params.p }}"), (3, "{{ params.q }}"), (3, "{{ env.B }}"), (3, "{{ oops"),
        (4, "{{ y }}"), (4, "{{ z }}"), (5, "{{ u }}"), (5, "{{ v }}"),
    ]  # fmt: skip


def test_cycles_are_told_together_with_the_rest():
    problems = problems_of('[tasks.a]\nneeds = ["b"]\ntimeout = 0\n[tasks.b]\nneeds = ["a"]')
    assert [problem.line for problem in problems] == [3, 4]


def test_what_the_defaults_say_wrong_is_told_once():
    problems = problems_of('[defaults]\ncwd = "{{ oops }}"\nneeds = ["gone"]\n[tasks.a]\n[tasks.b]\n[tasks.c]')
    assert [(problem.line, problem.column) for problem in problems] == [(3, 8), (4, 10)]


def test_a_broken_matrix_is_told_without_what_follows_from_it():
    body = '[tasks.a]\nmatrix = { x = [] }\nrun = "{{ matrix.x }}"\n[tasks.b]\nneeds = ["a[x=1]"]'
    assert [problem.line for problem in problems_of(body)] == [3]


def test_the_report_ends_somewhere():
    with pytest.raises(GraphError) as caught:
        graph_of("".join(f"[tasks.t{i}]\nx = 1\n" for i in range(2000)))
    error = caught.value
    assert (len(error.problems), error.more) == (50, 1950)
    assert str(error).endswith("and 1,950 more problems")


def test_the_report():
    with pytest.raises(GraphError) as caught:
        graph_of('[tasks.a]\n\tdepends = ["a"]\n\tdoc = "日本", cwd = 1')
    assert caught.value.report() == (
        "demo.toml:4:12: unexpected text after the value\n"
        '    doc = "日本", cwd = 1\n'
        "                ^\n"
        "  write each key on a line of its own"
    )
    with pytest.raises(GraphError) as caught:
        graph_of('[tasks.a]\n\tdepends = ["a"]\n')
    assert str(caught.value) == (
        'demo.toml:3:2: unknown key "depends"\n    depends = ["a"]\n    ^^^^^^^\n  did you mean "needs"?'
    )


def test_long_lines_are_cut_around_the_mark():
    (problem,) = problems_of(f'[tasks.a]\nenv = {{ A = "{"x" * 500}", B = [], C = "{"y" * 500}" }}')
    assert marked(problem) == "[]"
    assert problem.excerpt.startswith("…x")
    assert problem.excerpt.endswith("y…")
    assert len(problem.excerpt) < 200


def test_hostile_text_is_shown_and_not_sent():
    body = '[tasks."a]8;;\\u001b"]\nneeds = ["\\u001b[2J\\u202e"]\n"\x7f\u202e" = 1'.replace("\x7f", "")
    with pytest.raises(GraphError) as caught:
        load_text("version = 1\n" + body, "de\x1b[31mmo.toml")
    assert not any(character in str(caught.value) for character in "\x1b\u202e")
    assert "de^[[31mmo.toml" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path):
    for path, said in [
        (tmp_path / "missing.toml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (Path("a\0b"), "null"),
        (tmp_path / ("x" * 300), "File name too long"),
    ]:
        with pytest.raises(GraphError, match=said):
            load(path)


def test_a_character_that_can_not_be_printed_is_named():
    with pytest.raises(GraphError) as raised:
        load_text('version = 1\n[tasks."a\U0001f468\u200d\U0001f469"]\nrun = "true"\n'.encode(), Path("g.toml"))
    assert "character 3 is U+200D (ZERO WIDTH JOINER)" in str(raised.value)
