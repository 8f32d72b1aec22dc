# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs in one GIMP, and one batch of many files: neither GIMP nor the plug-in takes more memory or more open
files from one to the next, and nothing temporary is left. 25 runs and 50 files; with DIFFUSION_MATRIX=1 1000 and 2000.
"""
import sys
import os
import pathlib
import statistics
import subprocess
import threading
import time

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import SCRIPT_FU, Console, Tap, call, console

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
TINY = DATA / "unet-conditioned"
MIB = 1 << 20
GROWTH = 8 * MIB  # what a process may take more at the end than after its first third
LONG = os.environ.get("DIFFUSION_MATRIX") == "1"
RUNS, FILES = (1000, 2000) if LONG else (25, 50)

RUN = """
(define (run k)
  (let* ((image (gimp-image-new 48 40 RGB))
         (layer (gimp-layer-new image "layer" 48 40 RGB-IMAGE 100 LAYER-MODE-NORMAL)))
    (gimp-image-insert-layer image layer 0 0)
    (gimp-drawable-fill layer FILL-WHITE)
    (gimp-image-select-rectangle image CHANNEL-OP-REPLACE (+ 4 (modulo k 9)) 5 12 9)
    (plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:seed k
                               #:steps 1 #:model "{model}" #:output (if (= 0 (modulo k 2)) "in-place" "new-layer"))
    (gimp-selection-none image)
    (plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:sigma 20
                               #:model "{model}")
    (gimp-image-delete image)))
(let loop ((k 0)) (if (< k {runs}) (begin (run k) (loop (+ k 1)))))
"""


class Samples(threading.Thread):
    """What GIMP and the plug-in's processes hold, ten times a second: samples[program][process] = [(resident bytes,
    open files)]"""

    def __init__(self, gimp, plug_in):
        super().__init__(daemon=True)
        self.gimp, self.plug_in, self.ended = str(gimp), str(plug_in), threading.Event()
        self.samples = {"GIMP": {}, "the plug-in": {}}

    def look(self, process):
        if process.name == self.gimp:
            samples = self.samples["GIMP"]
        elif os.readlink(process / "exe") == self.plug_in:
            samples = self.samples["the plug-in"]
        else:
            return
        pages = int((process / "statm").read_text().split()[1])
        files = len(os.listdir(process / "fd"))
        samples.setdefault(process.name, []).append((pages * os.sysconf("SC_PAGE_SIZE"), files))

    def run(self):
        while not self.ended.wait(0.1):
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    self.look(process)
                except (OSError, IndexError):
                    pass  # it has just ended


def check(tap, what, samples):
    """Of the process that lived longest: the middle of its second third against that of its last tenth."""
    series = max(samples.values(), key=len, default=[])
    if not tap.ok(len(series) >= 30, f"{what}: it was watched", len(series)):
        return
    n = len(series)
    for k, (name, most) in enumerate((("memory", GROWTH), ("open files", 1))):
        # GIMP's own caches fill in its first hundred runs.
        if name == "memory" and what.startswith("GIMP") and not LONG:
            continue
        before = statistics.median(s[k] for s in series[n // 3 : 2 * n // 3])
        after = statistics.median(s[k] for s in series[-n // 10 :])
        tap.ok(after <= before + most, f"{what}: no more {name}", f"{before} before, {after} at the end")
        tap.note(f"{what}: {name} {before / (1 if k else MIB):.1f}, {after / (1 if k else MIB):.1f} at the end")


def watch(gimp, script):
    """Runs the script. Returns the exit code, what was said and what was held."""
    start = time.monotonic()
    running = subprocess.Popen(
        [console(), gimp.options, *SCRIPT_FU, "-b", "(script-fu-use-v3)\n" + script, "--quit"],
        env=gimp.environment,
        cwd=gimp.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    watching = Samples(running.pid, gimp.folder / "plug-ins" / "gimp-diffusion" / "gimp-diffusion")
    watching.start()
    said = running.communicate()[0]
    watching.ended.set()
    watching.join()
    return running.returncode, said, watching.samples, time.monotonic() - start


def main():
    tap = Tap()
    os.environ.pop("GLIBC_TUNABLES", None)  # large pages (run.sh) would be measured
    with Console() as gimp:
        temporary = gimp.folder / "temporary"
        temporary.mkdir()
        gimp.environment["TMPDIR"] = str(temporary)
        code, said, samples, seconds = watch(gimp, RUN.format(runs=RUNS, model=TINY))
        count = said.count("gimp-diffusion: took")
        tap.ok(code == 0 and count == 2 * RUNS, f"{RUNS} runs of each filter in one GIMP", said[-2000:])
        tap.note(f"{seconds:.0f} s")
        check(tap, f"GIMP, {RUNS} runs", samples["GIMP"])

        photo = cv2.imread(str(DATA / "demo-photo.png"))
        (gimp.folder / "in").mkdir()
        for k in range(FILES):
            x, y = 7 * k % 400, 3 * k % 200
            cv2.imwrite(str(gimp.folder / "in" / f"{k:05}.png"), photo[y : y + 24, x : x + 24])
        batch = call(
            "plug-in-diffusion-batch-denoise", pattern="in/*.png", output_folder="out", sigma=20.0, model=str(TINY)
        )
        code, said, samples, seconds = watch(gimp, batch)
        written = sorted(path.name for path in (gimp.folder / "out").iterdir())
        tap.ok(
            code == 0 and written == [f"{k:05}.png" for k in range(FILES)],
            f"a batch of {FILES} files, and nothing else in the folder",
            said[-2000:],
        )
        tap.note(f"{seconds:.0f} s")
        for program in samples:
            check(tap, f"{program}, {FILES} files", samples[program])
        left = [
            str(p) for folder in (temporary, gimp.folder / "profile" / "tmp") for p in folder.rglob("*") if p.is_file()
        ]
        tap.ok(not left, "nothing temporary is left", left)
    tap.finish()


main()
