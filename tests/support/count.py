#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what `meson test` ran: python3 count.py MESON_LOGS

testlog.json has one line for each test program, testlog.junit.xml the
subtests of those that speak TAP.  A program that failed without a failed
subtest (a crash, a time-out, a broken plan) is one failure more.  A skipped
test is a failure, unless this processor cannot run it: that is told, and
counts neither way.
"""
import collections
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

logs = pathlib.Path(sys.argv[1])
CANNOT = "not run: this processor "


def short(name):
    """The test's own name, without "project:suite / " and the like."""
    return name.rpartition(" / ")[2].rpartition(":")[2]


def result(case):
    """ "passed", "failed", or why this processor could not."""
    if case.find("skipped") is not None:
        why = (case.findtext("system-out") or "").strip()
        return why if why.startswith(CANNOT) else "failed"
    return "failed" if any(case.find(e) is not None for e in ("failure", "error")) else "passed"


def why(said):
    """Of what a program printed, each failed subtest and the notes below it; Meson keeps them in its log alone."""
    shown = False
    for line in said.splitlines():
        if line.startswith(("ok ", "not ok ")):
            shown = line.startswith("not ok ")
        if shown and line.startswith(("not ok ", "#")):
            yield line


subtests = {}  # name of the program: [(name of the subtest, result)]
junit = logs / "testlog.junit.xml"
if junit.exists():
    for suite in ElementTree.parse(junit).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            # Such a suite is called "project.program".
            subtests.setdefault(short(suite.get("name").partition(".")[2]), []).append((case.get("name"), result(case)))

passed, failed, not_run = 0, [], collections.Counter()
log = logs / "testlog.json"
for line in log.read_text().splitlines() if log.exists() else []:
    test = json.loads(line)
    name = short(test["name"])
    inner = subtests.get(name, [])
    bad = [f"{name}: {n}" for n, r in inner if r == "failed"]
    if test["result"] != "OK" and not bad and not (test["result"] == "SKIP" and inner):
        bad = [f"{name}: {test['result']}"]
    passed += sum(r == "passed" for _, r in inner) if inner else test["result"] == "OK"
    failed += bad
    if bad:
        print(f"{name}:", *list(why(test.get("stdout") or ""))[:60], sep="\n  ")
    not_run.update((name, r) for _, r in inner if r.startswith(CANNOT))
    for note in (test.get("stdout") or "").splitlines():
        if note.startswith("# lines run: "):
            print(note[2:])

for (name, why), n in sorted(not_run.items()):
    print(f"{why}: {n} of {name}")
for line in failed:
    print("not passed:", line)
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed or not passed else 0)
