#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""names.py SOURCE_ROOT: every source has a test that is found by its name: tests/AREA/test-NAME.c or
tests/gimp/gimp-NAME.py; or a row in tests/README.md says which tests have it for their subject. Speaks TAP."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
tests = root / "tests"
names = {
    p.stem
    for folder in tests.iterdir()
    if folder.name not in ("data", "support", "measure")
    for p in folder.glob("*.*")
}

rows = {}
for line in (tests / "README.md").read_text(encoding="utf-8").splitlines():
    cells = [re.findall(r"`([\w.*-]+)`", cell) for cell in line.split("|")[1:-1]]
    if len(cells) == 2 and cells[0] and all(c.endswith(".c") for c in cells[0]):
        for source in cells[0]:
            rows[source[:-2]] = cells[1]

sources = sorted(str(p.relative_to(root)) for area in ("core", "plugin", "ui") for p in (root / area).rglob("*.c"))
own = {s for s in sources if {f"test-{pathlib.Path(s).stem}", f"gimp-{pathlib.Path(s).stem}"} & names}
lost = [s for s in sources if s not in own and pathlib.Path(s).stem not in rows]
stale = [r for r in rows if r not in {pathlib.Path(s).stem for s in sources}]
gone = sorted({t for row in rows.values() for t in row if t not in names})
homeless = [
    str(p.relative_to(root))
    for p in (root / "core").rglob("*.c")
    if (found := list(tests.rglob(f"test-{p.stem}.c"))) and found[0].parent.name != p.parent.name
]


def check(number, wrong, what):
    print(f"{'not ok' if wrong else 'ok'} {number} - {what}")
    for line in wrong:
        print(f"# {line}")


print("1..3")
check(1, lost, "every source has a test of its name, or a row that names those of its subject")
check(2, stale + gone, "the rows name sources and tests that there are")
check(3, homeless, "a test lies in the folder of its source's area")
print(f"# {len(own)} of {len(sources)} sources have a test of their own name")
