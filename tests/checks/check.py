#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check.py KIND SOURCE_ROOT BUILD_ROOT: builds the tree another way below BUILD_ROOT, where an
earlier build is gone on with, and runs tests there. Speaks TAP.

memory    gcc, AddressSanitizer and UndefinedBehaviorSanitizer
threads   clang, ThreadSanitizer
lines     gcc, counting: says which share of the lines was run
tidy      clang-tidy with the list of .clang-tidy, on the compiler's commands of BUILD_ROOT

CI runs memory and threads. With DIFFUSION_CHECKS=1 also the filters in GIMP, and the tests that take
long in such builds.
Warnings are errors in each build, and so are a sanitizer's reports in any process, also in GIMP's
plug-ins, whose end nobody looks at."""
import collections
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap

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
LEFT_OUT = {
    "transformer-live",  # PyTorch's part of it is slow, and the rest is `transformer`
    "loading",  # measures memory, of which the sanitizers take their own
}
# Minutes in such builds, for lines that other tests run as well.
SLOW = {"blocks", "mixture", "noise-estimate"}
LONG = os.environ.get("DIFFUSION_CHECKS") == "1"

# suites, tests: what is run; more: what the long check adds.
BUILDS = {
    "memory": {
        "CC": "gcc",
        # What is left out AddressSanitizer sees as well, or takes most of the time; the fuzzers have it.
        "setup": [
            "-Db_sanitize=address,undefined",
            "-Dc_args=-fno-sanitize-recover=undefined -fno-sanitize=alignment,null,object-size,pointer-overflow",
        ],
        "suites": AREAS + ["plugin"],
        "tests": [],
        "more": ["gimp-scripts", "gimp-batch"],
        # What GLib and GIMP keep to their end is no leak of ours; gimp-leaks looks for those.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:log_path={reports}/address",
        "UBSAN_OPTIONS": "print_stacktrace=1:log_path={reports}/undefined",
    },
    "threads": {
        "CC": "clang",
        "setup": ["-Db_sanitize=thread", "-Dc_args=-include {source}/tests/checks/tsan-glib.h"],
        "suites": ["base", "layers"],
        "tests": [],
        "more": ["blocks", "denoise", "inpaint", "gimp-threads"],
        "TSAN_OPTIONS": "log_path={reports}/thread",
    },
    "lines": {
        "CC": "gcc",
        "setup": ["-Db_coverage=true"],
        "suites": AREAS + ["plugin"],
        "tests": ["gimp-scripts"],
        "more": ["gimp-batch", "gimp-hole", "window-inpaint", "window-denoise"],
    },
}


def run(*command, **options):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )


def build(tap, kind, source, folder):
    """Warnings are errors, all targets are made."""
    how = BUILDS[kind]
    setup = [word.format(source=source) for word in how["setup"]]
    setup += ["-Dwerror=true", "-Doptimization=2", "-Ddebug=true", "-Db_lundef=false"]
    # Meson keeps the compiler's arguments of the first setup.
    stamp = folder / "check-setup"
    if folder.exists() and not (stamp.exists() and stamp.read_text() == str(setup)):
        shutil.rmtree(folder)
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    made = run("meson", "setup", *again, *setup, folder, source, env=os.environ | {"CC": "ccache " + how["CC"]})
    if made.returncode == 0:
        stamp.write_text(str(setup))
    if made.returncode == 0:
        made = run("ninja", "-j", "1", "-C", folder)
    return tap.ok(
        made.returncode == 0, f"{how['CC']} builds it with {setup[0][4:]}, without a warning", made.stdout[-6000:]
    )


def run_tests(tap, kind, folder):
    how = BUILDS[kind]
    tests = how["tests"] + (how["more"] if LONG else [])
    reports, logs = folder / "reports", folder / "meson-logs"
    reports.mkdir(exist_ok=True)
    for old in [*reports.iterdir(), *logs.glob("testlog*"), *folder.rglob("*.gcda")]:
        old.unlink()
    options = {k: v.format(reports=reports) for k, v in how.items() if k.endswith("_OPTIONS")}
    listed = json.loads(run("meson", "introspect", "--tests", folder).stdout)
    left_out = LEFT_OUT | (set() if LONG and kind != "lines" else SLOW)
    names = [
        test["name"]
        for test in listed
        if test["name"] not in left_out
        and (test["name"] in tests or any(s.rpartition(":")[2] in how["suites"] for s in test["suite"]))
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DIFFUSION_WEIGHTS", "MESON_TEST"))}
    run(
        "meson",
        "test",
        "-C",
        folder,
        "--no-rebuild",
        "--num-processes",
        "1",
        "-t",
        "5",
        *names,
        env=environment | options,
    )
    for line in (logs / "testlog.json").read_text().splitlines():
        test = json.loads(line)
        text = test.get("stdout", "")[-4000:] + test.get("stderr", "")[-4000:]
        tap.ok(test["result"] in ("OK", "SKIP"), f"{kind}: {test['name'].rpartition(' / ')[2]}", text)
    found = sorted(reports.iterdir())
    if "sanitize" in how["setup"][0]:
        tap.ok(
            not found, f"{kind}: the sanitizer has nothing to say", "\n".join(f.read_text()[:6000] for f in found[:5])
        )


def coverage(tap, source, folder):
    """The share of lines that were run, by area."""
    done = run(
        "gcovr",
        "-r",
        source,
        "--object-directory",
        folder,
        "--filter",
        f"{source}/(core|plugin|ui)/",
        "--json-summary",
        "-",
        "--gcov-ignore-parse-errors=all",
        cwd=folder,
    )
    start = done.stdout.find("{")
    if not tap.ok(done.returncode == 0 and start >= 0, "the lines that were run are counted", done.stdout):
        return
    total, covered = collections.Counter(), collections.Counter()
    for entry in json.JSONDecoder().raw_decode(done.stdout[start:])[0]["files"]:
        area = str(pathlib.PurePath(entry["filename"]).parent)
        for name in (area, "all"):
            total[name] += entry["line_total"]
            covered[name] += entry["line_covered"]
    for name in sorted(total, key=lambda n: (n == "all", n)):
        tap.note(f"lines run: {name} {100 * covered[name] / max(total[name], 1):.0f} % of {total[name]}")


def tidy(tap, source, build_root):
    commands = json.loads((build_root / "compile_commands.json").read_text())
    files = {str((pathlib.Path(c["directory"]) / c["file"]).resolve()) for c in commands}
    ours = sorted(f for f in files if pathlib.Path(f).relative_to(source).parts[0] in ("core", "plugin", "ui"))
    tap.ok(len(ours) > 50, "the sources are found")
    done = run("run-clang-tidy", "-quiet", "-p", build_root, "-j", str(os.cpu_count()), *[f"{f}$" for f in ours])
    lines = [line for line in done.stdout.splitlines() if ": warning: " in line or ": error: " in line]
    tap.ok(done.returncode == 0 and not lines, "clang-tidy has nothing to say", "\n".join(lines) or done.stdout[-4000:])


def main():
    tap = Tap()
    kind, source, build_root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if kind == "tidy":
        tidy(tap, source, build_root)
    elif build(tap, kind, source, folder := build_root / "checks" / kind):
        run_tests(tap, kind, folder)
        if kind == "lines":
            coverage(tap, source, folder)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    tap.note(f"{used.ru_utime + used.ru_stime:.0f} processor seconds")
    tap.finish()


main()
