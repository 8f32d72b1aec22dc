# SPDX-License-Identifier: GPL-3.0-or-later
#
# gimp_console.py: a real GIMP without a window, for tests: gimp-console-3.0
# with a profile of its own, the plug-in as it was just built with the bundled
# model beside it, and of GIMP's own plug-ins only those that are named, which
# makes a start take two seconds instead of ten.
#
# From the environment, either what was just built (set by meson):
# DIFFUSION_PLUGIN and DIFFUSION_PROBE, the two binaries, and DIFFUSION_WEIGHTS,
# the model folder; or what is installed (set by build.sh): DIFFUSION_PLUGINS, the
# folder that holds the plug-in's.

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SCRIPT_FU = ("--batch-interpreter=plug-in-script-fu-eval",)
FORMATS = ("file-png", "file-jpeg", "file-tiff")


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str


def scheme(value):
    """A Python value as Script-Fu reads it."""
    if isinstance(value, bool):
        return "#t" if value else "#f"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def call(procedure, **arguments):
    """A call with named arguments; "_" in Python's names is "-" in GIMP's."""
    words = [f"#:{name.replace('_', '-')} {scheme(value)}" for name, value in arguments.items()]
    return f"({procedure} {' '.join(words)})"


def system_plug_ins():
    folder = subprocess.run(
        ["pkg-config", "--variable=gimplibdir", "gimp-3.0"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return pathlib.Path(folder) / "plug-ins"


def console():
    """The name of GIMP's binary without windows."""
    for name in ("gimp-console-3", "gimp-console-3.0"):
        if shutil.which(name):
            return name
    sys.exit("Bail out! There is no gimp-console here.")


def stage(plug_ins):
    """Lays the plug-ins under test into a folder of plug-ins."""
    built = os.environ.get("DIFFUSION_PLUGIN")
    if not built:
        installed = pathlib.Path(os.environ["DIFFUSION_PLUGINS"]) / "gimp-diffusion"
        (plug_ins / "gimp-diffusion").symlink_to(installed)
        return

    for name, binary in (("gimp-diffusion", built), ("gimp-probe", os.environ["DIFFUSION_PROBE"])):
        # A copy, for a plug-in looks for what belongs to it beside its binary.
        (plug_ins / name).mkdir()
        shutil.copy2(binary, plug_ins / name / name)
    (plug_ins / "gimp-diffusion" / "model").symlink_to(os.environ["DIFFUSION_WEIGHTS"])
    (plug_ins / "gimp-diffusion" / "help").symlink_to(pathlib.Path(__file__).resolve().parents[2] / "help")


class Console:
    """with Console() as console: console.run('(display "hello")')"""

    def __init__(self, processors=None, formats=FORMATS, fonts=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gimp-diffusion-"))
        self.options = "-nids" if fonts else "-nidfs"
        profile, plug_ins = self.folder / "profile", self.folder / "plug-ins"
        profile.mkdir()
        plug_ins.mkdir()
        for name in ("script-fu", *formats):
            (plug_ins / name).symlink_to(system_plug_ins() / name)
        stage(plug_ins)
        if processors:
            (profile / "gimprc").write_text(f"(num-processors {processors})\n")
        self.environment = {
            **os.environ,
            "GIMP3_DIRECTORY": str(profile),
            "GIMP_TESTING_PLUGINDIRS": str(plug_ins),
            "LANG": "C.UTF-8",
            "LANGUAGE": "",
        }
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            self.environment.pop(name, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, script, timeout=300, cwd=None):
        """Runs Script-Fu (v3) and quits."""
        done = subprocess.run(
            [console(), self.options, *SCRIPT_FU, "-b", "(script-fu-use-v3)\n" + script, "--quit"],
            env=self.environment,
            cwd=cwd or self.folder,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        return Result(done.returncode, done.stdout, done.stderr)


class Tap:
    """Numbers the results and prints them in the Test Anything Protocol."""

    def __init__(self):
        self.count = self.failed = 0
        self.start = time.monotonic()

    def ok(self, passed, name, note=None):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)
        if note is not None and not passed:
            self.note(note)
        return passed

    def note(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def finish(self):
        self.note(f"{time.monotonic() - self.start:.1f} s")
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)


def run_probe(procedure, timeout):
    """Runs a test of gimp-probe (probe.h) and passes its results on."""
    tap = Tap()
    with Console(fonts=True) as gimp:
        result = gimp.run(f"({procedure})", timeout=timeout)
    for line in result.out.splitlines():
        # GIMP may have written to the same line before.
        for start in ("not ok - ", "ok - "):
            before, found, name = line.partition(start)
            if found:
                tap.ok(start == "ok - ", name)
                break
        else:
            if line.startswith("# "):
                print(line)
    tap.ok(result.code == 0, "GIMP ran to the end", result.err)
    tap.finish()
