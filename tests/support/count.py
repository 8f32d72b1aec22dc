# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what `meson test` ran: python3 count.py MESON_LOGS

testlog.json has one line for each test program, testlog.junit.xml the
subtests of those that speak TAP.  A program that failed without a failed
subtest (a crash, a time-out, a broken plan) is one failure more.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

logs = pathlib.Path(sys.argv[1])


def short(name):
    """The test's own name, without "project:suite / " and the like."""
    return name.rpartition(" / ")[2].rpartition(":")[2]


subtests = {}  # name of the program: [(name of the subtest, passed)]
junit = logs / "testlog.junit.xml"
if junit.exists():
    for suite in ElementTree.parse(junit).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            # Such a suite is called "project.program".
            passed = not any(case.find(e) is not None for e in ("failure", "error", "skipped"))
            subtests.setdefault(short(suite.get("name").partition(".")[2]), []).append((case.get("name"), passed))

passed, failed = 0, []
log = logs / "testlog.json"
for line in log.read_text().splitlines() if log.exists() else []:
    test = json.loads(line)
    name = short(test["name"])
    inner = subtests.get(name, [])
    bad = [f"{name}: {n}" for n, ok in inner if not ok]
    if test["result"] != "OK" and not bad:
        bad = [f"{name}: {test['result']}"]
    passed += sum(ok for _, ok in inner) if inner else test["result"] == "OK"
    failed += bad

for line in failed:
    print("not passed:", line)
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed or not passed else 0)
