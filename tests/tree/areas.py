#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""areas.py SOURCE_ROOT: the areas of core/ use only what lies below them, and no file uses
itself by way of others. Prints how many levels of files there are. Speaks TAP."""
import pathlib
import re
import sys

# From the bottom up: a file includes its own area and those before it.
AREAS = [
    "base",
    "kernels",
    "format",
    "layers",
    "network",
    "process",
    "picture",
    "model",
    "patches",
    "inpaint",
    "denoise",
]

root = pathlib.Path(sys.argv[1])
core = root / "core"


def included(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.M)


def unit(name):
    """A source and its header are one."""
    return name.rpartition(".")[0]


def area(name):
    return name.rpartition("/")[0]


uses = {}
unknown, up = [], []
for path in sorted(core.rglob("*.[ch]")):
    name = str(path.relative_to(core))
    for header in included(path):
        if not (core / header).exists():
            unknown.append(f"{name}: {header}")
            continue
        if unit(header) != unit(name):
            uses.setdefault(unit(name), set()).add(unit(header))
        if name != "diffusion.h" and area(header) and AREAS.index(area(name)) < AREAS.index(area(header)):
            up.append(f"{name}: {header}")
    uses.setdefault(unit(name), set())

circles, levels = [], {}


def level(name, path=()):
    """1 for what uses nothing; else 1 more than the highest that it uses."""
    if name in path:
        circles.append(" -> ".join(path[path.index(name) :] + (name,)))
        return 0
    if name not in levels:
        levels[name] = 1 + max((level(other, path + (name,)) for other in uses[name]), default=0)
    return levels[name]


area_uses = {a: {area(o) for n in uses if area(n) == a for o in uses[n]} - {a, ""} for a in AREAS}


def area_level(name):
    return 1 + max((area_level(other) for other in area_uses[name]), default=0)


def check(number, wrong, what):
    print(f"{'not ok' if wrong else 'ok'} {number} - {what}")
    for line in wrong:
        print(f"# {line}")


strays = [n for n in uses if not area(n) and n != "diffusion"]
homeless = sorted({area(n) for n in uses} - {"", *AREAS})
print("1..3")
check(1, unknown + strays + homeless, "every file of core/ lies in an area, every header it includes in core/")
if unknown or homeless:
    sys.exit(1)
highest = max(level(n) for n in uses)
check(2, up, "no file includes what lies above it")
check(3, circles, "no circles")
print(f"# {len(uses)} files on {highest} levels; areas on {0 if up else max(map(area_level, AREAS))}")
for a in AREAS:
    print(f"#   {a}: {', '.join(sorted(area_uses[a])) or '-'}")
