"""A Makefile becomes a graph that does what make does: the same files, by the same commands."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.program import call

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.migration.drafts import LOST
from dagtui.migration.makefile.calls import MakeError
from dagtui.migration.makefile.tasks import read_makefile

if TYPE_CHECKING:
    from pathlib import Path

FORMS = r"""
CC = cp
NAMES := one two
export GREETING = hello $$USER
export PATH := $(CURDIR)/tools:$(PATH)
define twice
-false
@echo $(1) >> $@
@echo $(1) >> $@
endef
.PHONY: all notes lazy words
TEXTS = twice.txt state.txt failing.txt env.txt many.txt odd.txt
all: prog a.out b.out x.tab dir/deep.txt shelf.txt $(TEXTS) $(NAMES:%=%.gen) notes lazy words
## Link it
prog: main.o util.o | dir
	cat $^ > $@
%.o: %.src common.h
	$(CC) $< $@
	@echo "$(@F) $* $(words $^)" >> $@
dir:
	mkdir $@
dir/deep.txt: | dir
	echo deep > $@
a.out b.out: main.src
	cat main.src > a.out; cp a.out b.out
x.tab y.tab &: main.o ## Both at once
	echo x > x.tab
	echo y > y.tab
twice.txt:
	$(call twice,again)
state.txt:
	cd dir && pwd > /dev/null; FOO=1; export FOO
	echo "$$FOO" > $@; test -d dir && echo here >> $@
	-test -e nothing && echo never
	echo 'quoted # sign' >> $@  # a comment
failing.txt:
	-false; echo after > $@
	false; echo even so >> $@
	false || echo recovered >> $@
	@-rm no-such-file
env.txt:
	echo "$$GREETING" > $@
	tool >> $@
many.txt: common.h
	for name in $(NAMES); do \
	echo $$name; \
	done > $@
	if true; then echo "{{ not filled }}" '{{$$x}}'; fi >> $@
odd.txt: odd+name,1.src
	wc -c < '$<' | tr -d ' ' > $@
%.gen: %.in
	sed s/a/b/ $< > $@
one.in two.in:
	echo a$@ > $@
store: main.src
	mkdir -p $@; cat $< >> $@/all; touch $@
shelf.txt: store
	ls store > $@
notes:
	echo notes >> notes.txt
lazy: notes
	cat notes.txt > lazy.txt
words: SIZE = large
words:
	echo $(SIZE) > words.txt
alone:
	sleep 0.2 && touch alone.txt
again: alone one-more
	ls *.txt > again.lst
one-more:
	cp alone.txt one-more.txt
"""
SOURCES = {"main.src": "main\n", "util.src": "util\n", "common.h": "", "odd+name,1.src": "12345"}


def folder_with(folder: Path, makefile: str, sources: dict[str, str] = SOURCES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "Makefile").write_text(makefile)
    for name, content in sources.items():
        (folder / name).write_text(content)
    (folder / "tools").mkdir()
    (folder / "tools" / "tool").write_text("#!/bin/sh\necho of the folder\n")
    (folder / "tools" / "tool").chmod(0o755)
    return folder


def files(folder: Path) -> dict[str, str]:
    """Return what the files of a folder hold, but for those of dagtui."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith((".dagtui", "graph.toml")):
            found[name] = path.read_text()
    return found


def make(folder: Path, *goals: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *goals], cwd=folder, capture_output=True, text=True)


def draft_of(folder: Path, makefile: str, **names: str) -> str:
    """Return the graph of a Makefile. It has to load."""
    (folder / "Makefile").write_text(makefile)
    for name, content in names.items():
        (folder / name.replace("_", ".")).write_text(content)
    text = read_makefile(folder / "Makefile").text()
    load_text(text, str(folder / "graph.toml"))
    return text


@pytest.mark.parametrize("goals", [(), ("again",)])
def test_a_graph_makes_what_make_makes(tmp_path: Path, goals: tuple[str, ...]):
    by_make, by_graph = folder_with(tmp_path / "a", FORMS), folder_with(tmp_path / "b", FORMS)
    before = files(by_graph)
    done = call("import", "--yes", "Makefile", cwd=by_graph)
    assert done.returncode == 0, done.stderr
    assert "No recipe is run" in done.stderr
    assert files(by_graph) == before
    assert done.stdout.splitlines()[0] == "wrote graph.toml: 28 of 28 tasks carried over whole, nothing lost"
    assert call("check", cwd=by_graph).returncode == 0
    made = make(by_make, *goals)
    assert made.returncode == 0, made.stderr
    ran = call("run", "graph.toml", *goals, cwd=by_graph)
    assert ran.returncode == 0, ran.stdout
    assert files(by_graph) == files(by_make)
    assert len(files(by_make)) > len(before) + 2
    for folder in (by_make, by_graph):  # what changed, what is gone, and what is new
        (folder / "main.src").write_text("another\n")
        (folder / "many.txt").unlink(missing_ok=True)
        shutil.rmtree(folder / "store", ignore_errors=True)
    assert make(by_make, *goals).returncode == 0
    ran = call("run", "graph.toml", *goals, cwd=by_graph)
    assert ran.returncode == 0, ran.stdout
    assert files(by_graph) == files(by_make)


def test_no_recipe_is_run_by_an_import(tmp_path: Path):
    recipes = """
.PHONY: all sub plus
all: plus sub made.txt old.txt
plus:
	+touch plus
	@+touch plus-at
sub:
	$(MAKE) other
	${MAKE} -C . other
	touch sub-run
other: ; +touch other-run
made.txt: ; touch made-run $@
old.txt:: ; +touch double-run
-include made.d
include also.mk
made.d also.mk: ; touch $@ remade; echo 'X = 1' > $@
own: SHELL := /bin/bash
own: ; +touch own-run
firm firm2: override SHELL := /bin/bash
firm2: private override SHELL := /bin/bash
firm: firmer ; +touch firm-run
firm2: ; +touch private-run
firmer: ; +touch firmer-run
%.own: override SHELL := /bin/bash
a.own: ; +touch pattern-run
MAKEFLAGS += -j4 -O
.DELETE_ON_ERROR:
"""
    (tmp_path / "also.mk").write_text("")
    os.utime(tmp_path / "also.mk", (0, 0))
    before = sorted(os.listdir(tmp_path))
    text = draft_of(tmp_path, recipes)
    assert sorted([*before, "Makefile"]) == sorted(os.listdir(tmp_path))
    names = ("plus", "plus-at", "sub-run", "other-run", "made-run", "double-run", "own-run", "pattern-run")
    for name in (*names, "firm-run", "private-run", "firmer-run"):
        assert f"touch {name}" in text, text
    assert f"{LOST} include made.d: it does not exist yet" in text


@pytest.mark.parametrize("name", ["a\\\\ b", "a%(b)"])
def test_a_shell_of_a_name_that_cannot_be_written_is_refused(tmp_path: Path, name: str):
    with pytest.raises(MakeError, match="has its own SHELL"):
        draft_of(tmp_path, f"all: ; true\n{name}: SHELL = /bin/bash\n{name}: ; +touch run\n")
    assert not (tmp_path / "run").exists()


def test_shells_are_those_of_the_recipes(tmp_path: Path):
    text = draft_of(
        tmp_path,
        "SHELL := bash\n.SHELLFLAGS := -eu -o pipefail -c\n.ONESHELL:\n"
        "a:\n\tcd /\n\t@-pwd\nb: SHELL = python3\nb: .SHELLFLAGS = -c\nb:\n\timport os\n\tprint(os.sep)\n",
    )
    tasks = {task.name: task for task in load_text(text, str(tmp_path / "graph.toml")).tasks}
    assert tasks["a"].shell == ("bash", "-eu", "-o", "pipefail", "-c")
    assert tasks["b"].shell == ("python3", "-c")
    assert 'run = """\nimport os\nprint(os.sep)"""' in text
    assert 'run = """\ncd /\npwd"""' in text


@pytest.mark.parametrize(
    ("makefile", "lost"),
    [
        ("a: ; @echo $(error give X)", "make can't expand its recipe: give X"),
        ("a: gone.csv ; cat $<", "it needs gone.csv, which does not exist and which no rule makes"),
        ("a: Makefile ; echo $?", "$? stands for all prerequisites, in make for the newer ones"),
        (".PHONY: a\na: ; sleep 9 &", "what it starts in the background is ended with it"),
        ("a: ; rm -f $(wildcard *.o)", "$(wildcard …) in its recipe has the value of the time of the import"),
        (
            "all: clean x.o\nclean: ; rm -f x.o\nx.o: ; touch x.o",
            "make does clean before x.o, and everything once: here they may run at once",
        ),
        ("SHELL = python3\na.txt: ; open('$@', 'w')", "its shell can't tell whether there is something to do"),
        (
            "all: x.z\n%.y: Makefile ; touch $@\n%.z: %.y ; touch $@",
            "make removes this file when it is not needed any more",
        ),
        (
            "all: x.t\nx.t: Makefile ; echo $(V) > $@\nfast: V = 1\nfast: all",
            "V, which it sets for what it needs, too: x.t\n[tasks.fast]",
        ),
        (
            "all: V = 1\nall: x.t\nx.t: Makefile ; echo $(V) > $@",
            "V, which all sets for it: alone it has another value",
        ),
        ("a: ; echo $(MAKEFLAGS)", "it uses the options of make"),
        ("a: ; @$(info hello)echo", "$(info), $(file) and $(eval) in a recipe"),
        ("c: ; true\na\\ b: ; echo", "target a b: make reads its name as something else where it is needed"),
    ],
)
def test_what_is_lost_is_said_where_it_is(tmp_path: Path, makefile: str, lost: str):
    text = draft_of(tmp_path, makefile + "\n")
    assert f"{LOST} {lost}" in text, text


def test_settings_targets_and_help(tmp_path: Path):
    text = draft_of(
        tmp_path,
        "first: ; true\n.DEFAULT_GOAL := second\n# Say\n## Do it\n## well\nsecond: ; true\n.NOTPARALLEL:\n"
        ".PHONY: third # Described\nthird: ; true\n# lost: [tasks.evil]\nFORCE:\nalways.txt: FORCE ; touch $@\n",
    )
    graph = load_text(text, str(tmp_path / "graph.toml"))
    assert graph.settings.default == ("second",)
    assert (graph.settings.jobs, graph.settings.keep_going) == (1, False)
    assert {task.name: task.doc for task in graph.tasks if task.doc} == {"second": "Do it well", "third": "Described"}
    assert [task.inputs for task in graph.tasks if task.name == "always.txt"] == [()]


@pytest.mark.parametrize(
    ("makefile", "said"),
    [
        ("a:\n    true\n", "make refuses it: Makefile:2: *** missing separator"),
        ("$(error not today)\n", "make refuses it: Makefile:1: *** not today."),
        (
            "X := $(shell sleep 60)\na: ; true\n",
            "make did not end within 0.5 seconds; a $(shell …) in it may never end",
        ),
        ("X := $(shell yes | head -c 3000000 | tee /dev/stderr)\na: ; true\n", "make printed more than 1.0 MB"),
        ("include gone.mk\na: ; true\n", "No rule to make target 'gone.mk'"),
        ("\n", "it has no targets that can be named"),
    ],
)
def test_what_can_t_be_read_is_one_sentence(tmp_path: Path, makefile: str, said: str):
    (tmp_path / "Makefile").write_text(makefile)
    with pytest.raises(MakeError) as raised:
        read_makefile(tmp_path / "Makefile", longest=0.5 if "sleep" in makefile else 60, most_bytes=1_000_000)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_path_with_two_slashes_at_its_start_has_an_end(tmp_path: Path):
    (tmp_path / "Makefile").write_text("all: //nowhere/x ; true\n")
    assert f"{LOST} it needs //nowhere/x, which does not exist" in read_makefile(tmp_path / "Makefile").text()


@pytest.mark.parametrize("name", ["Makefile", "Taskfile.yml", "dvc.yaml"])
def test_a_pipe_is_refused_at_once(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / name)
    refused = call("import", "--yes", name, cwd=tmp_path)
    assert f"dagtui: {name}: it is a pipe or device: write its content to a file" in refused.stderr
    assert (refused.returncode, os.listdir(tmp_path)) == (2, [name])


def test_what_make_executes_is_agreed_to(tmp_path: Path):
    (tmp_path / "Makefile").write_text("X := $(shell touch executed)\na: ; true\n")
    refused = call("import", "Makefile", cwd=tmp_path)
    assert refused.returncode == 2
    assert (
        "executes what it and the files that it includes have in $(shell …) and !=. No recipe is run." in refused.stderr
    )
    assert "dagtui import --yes ./Makefile" in refused.stderr
    assert os.listdir(tmp_path) == ["Makefile"]
    (tmp_path / "graph.toml").write_text("mine")
    kept = call("import", "--yes", "Makefile", cwd=tmp_path)
    assert "already exists and was not changed" in kept.stderr
    assert sorted(os.listdir(tmp_path)) == ["Makefile", "graph.toml"]
    without = call("import", "--yes", "Makefile", "-o", "new.toml", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert (without.returncode, "read by make, which is not installed" in without.stderr) == (2, True)


NAMES = st.text(st.sampled_from("ab.c/_-+,@%{}é #:=$;|*?[]()'\"\\~&!\t"), min_size=1, max_size=8)
RECIPES = st.lists(
    st.sampled_from(
        ["echo $@ $^",
            "touch ran",
            "+touch ran", "-false; true", "cd /x && {{ y }}", "cat <<E", "echo 'open", "a | b || c", "# note", "@+x &",
         "(", "$(x)", "$(call v,1)", "for i in 1; do", "echo \\", "{{params.x}}", "$(MAKE)"]
    ),
    max_size=3,
)  # fmt: skip


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3), RECIPES), min_size=1, max_size=4))
def test_any_file_makes_a_graph_or_a_sentence(tmp_path: Path, rules: list[tuple[str, list[str], list[str]]]):
    text = "".join(
        f"{name}: {' '.join(needs)}\n" + "".join(f"\t{one}\n" for one in lines) for name, needs, lines in rules
    )
    with contextlib.suppress(GraphError, ValueError):  # what the command says as a sentence
        draft_of(tmp_path, text)
    assert set(os.listdir(tmp_path)) == {"Makefile"}


LIVE = r"""
PREFIX ?= /usr/local
export MODE ?= fast
DIR ?= out
VERSION := $(shell cat version.txt)
SIZE = $(shell wc -c < version.txt)
FOUND := $(shell ls version.txt)
ifeq ($(FOUND),version.txt)
FLAG = found
endif
all: $(DIR)/a.txt
.PHONY: $(DIR)/a.txt choice
$(DIR)/a.txt:
	mkdir -p $(DIR) && cd $(DIR)
	echo $(PREFIX)/lib '$(VERSION)' "v$(VERSION)" x$(SIZE)y $(FLAG) > $@; echo "$$MODE" $(MODE) >> $@
choice:
	echo $(if $(shell cat version.txt),yes,no) > choice.txt
"""


def test_parameters_and_what_commands_print_are_found_anew(tmp_path: Path):
    (tmp_path / "version.txt").write_text("1.0\n")
    text = draft_of(tmp_path, LIVE)
    (tmp_path / "graph.toml").write_text(text)
    graph = load_text(text, str(tmp_path / "graph.toml"))
    assert graph.params == {"PREFIX": "/usr/local", "MODE": "fast"}  # DIR is in the name of a target
    assert re.findall(rf"{LOST} (.*)\n.tasks.(\w+)", text) == [
        ("$(shell …) in its recipe has the value of the time of the import", "choice")
    ]
    for version, chosen in (("1.0", {}), ("2.10", {"PREFIX": "/opt", "MODE": "slow"})):
        (tmp_path / "version.txt").write_text(version + "\n")
        assert make(tmp_path, *(f"{name}={value}" for name, value in chosen.items())).returncode == 0
        made = (tmp_path / "out" / "a.txt").read_text()
        words = [word for name, value in chosen.items() for word in ("-p", f"{name}={value}")]
        ran = call("run", "graph.toml", *words, cwd=tmp_path)
        assert ran.returncode == 0, ran.stdout
        assert (tmp_path / "out" / "a.txt").read_text() == made


def test_headers_that_the_compiler_finds_all_count(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "deep.h").touch()
    text = draft_of(
        tmp_path, "a.o b.o: %.o: %.c ; cc -MMD -c $<\n-include a.d b.d\n", a_c="", b_c="", b_d="b.o: b.c inner/deep.h"
    )
    tasks = {task.name: task.inputs for task in load_text(text, str(tmp_path / "graph.toml")).tasks}
    assert tasks == {"a.o": ("a.c", "**/*.h"), "b.o": ("b.c", "inner/deep.h")}
    assert LOST not in text


def test_a_value_where_no_placeholder_can_stand_is_left_as_it_is(tmp_path: Path):
    text = draft_of(tmp_path, "PREFIX ?= /usr\n.ONESHELL:\na:\n\tcat <<E\n\t$(PREFIX)\n\tE\n\techo $(PREFIX)\n")
    graph = load_text(text, str(tmp_path / "graph.toml"))
    assert graph.params == {}
    assert 'run = """\ncat <<E\n/usr\nE\necho /usr"""' in text
    assert LOST not in text
    more = draft_of(tmp_path, (tmp_path / "Makefile").read_text() + "b: ; echo $(PREFIX)\n")
    assert f"{LOST} the parameter PREFIX does not change it: it stands where no placeholder can\n[tasks.a]" in more
