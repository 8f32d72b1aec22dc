#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""other-inpainters.py CASES OUT [--kinds square,object] [--every N] [--rounds 2] [--swd SWD] [--resynthesizer FOLDER] [--gmic GMIC]

The time that Inpaint and other programs' patch fills take for the same holes, in one run on one machine, and how near the
texture comes to the original's. CASES/NAME_KIND_{in,mask,gt}.png; the fills go to OUT/PROGRAM/NAME_KIND.png. SWD is swd.py of
../shared/eval.

  sh tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/other-inpainters.py /var/tmp/cases /var/tmp/fills --swd /shared/eval/swd.py'

Inpaint and Resynthesizer's engine, as its Heal Selection calls it, run at their defaults in a GIMP without a window, from
the call until it returns. FOLDER holds the engine's folder. OpenCV (shift map and fast
frequency selective reconstruction, of its module xphoto) is timed inside this program, G'MIC (-inpaint_matchpatch at its
defaults, as its filter "Inpaint [Multi-Scale]", and -inpaint, "Inpaint [Patch-Based]") as a process. Of the rounds,
in which the programs take turns, the shortest counts. A line for each hole, and for each kind the geometric mean of the
times by Inpaint's.
"""
import argparse
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console

FILL = """
(define (now) (let ((t (gettimeofday))) (+ (car t) (/ (cadr t) 1000000.0))))
(define (open-case)
  (let* ((image (gimp-file-load RUN-NONINTERACTIVE "in.png"))
         (mask (gimp-file-load-layer RUN-NONINTERACTIVE image "mask.png")))
    (gimp-image-insert-layer image mask -1 0)
    (gimp-image-select-item image CHANNEL-OP-REPLACE (add-mask image mask))
    (gimp-image-remove-layer image mask)
    image))
(define (add-mask image layer)
  (let ((mask (gimp-layer-create-mask layer ADD-MASK-COPY))) (gimp-layer-add-mask layer mask) mask))
(define image (open-case))
(define layers (gimp-image-get-layers image))
(gimp-image-set-selected-layers image layers)
(define start (now))
{call}
(define seconds (- (now) start))
(gimp-file-save RUN-NONINTERACTIVE image "out.png")
(display (string-append "took " (number->string seconds) "\\n"))
"""
CALLS = {
    "inpaint": "(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables layers)",
    # What its script Heal Selection does at its defaults: a corpus 50 pixels wide, all around, random order.
    "resynthesizer": """
(let* ((corpus (gimp-image-duplicate image))
       (hole (gimp-selection-save corpus)))
  (gimp-selection-grow corpus 50)
  (let ((bounds (gimp-selection-bounds corpus)))
    (gimp-image-select-item corpus CHANNEL-OP-SUBTRACT hole)
    (gimp-image-crop corpus (- (list-ref bounds 3) (list-ref bounds 1)) (- (list-ref bounds 4) (list-ref bounds 2))
                     (list-ref bounds 1) (list-ref bounds 2)))
  (plug-in-resynthesizer (vector-ref layers 0) 0 0 1 (vector-ref (gimp-image-get-layers corpus) 0) -1 -1 0.0 0.117 16 500)
  (gimp-image-delete corpus))""",
}


def in_gimp(console, program, picture, mask):
    cv2.imwrite(str(console.folder / "in.png"), picture)
    cv2.imwrite(str(console.folder / "mask.png"), mask)
    result = console.run(FILL.format(call=CALLS[program]), timeout=3600)
    filled = cv2.imread(str(console.folder / "out.png"))
    if "took " not in result.out or filled is None:
        sys.exit(f"{program}: {result.out[-2000:]}{result.err[-2000:]}")
    return float(result.out.partition("took ")[2].split()[0]), filled


def by_opencv(how):
    def fill(picture, mask):
        lab, filled = cv2.cvtColor(picture, cv2.COLOR_BGR2Lab), np.zeros_like(picture)
        start = time.monotonic()
        if how == cv2.xphoto.INPAINT_SHIFTMAP:
            cv2.xphoto.inpaint(lab, 255 - mask, filled, how)
            filled = cv2.cvtColor(filled, cv2.COLOR_Lab2BGR)
        else:
            cv2.xphoto.inpaint(picture, 255 - mask, filled, how)
        return time.monotonic() - start, filled

    return fill


def by_gmic(gmic, command, folder):
    def fill(picture, mask):
        cv2.imwrite(str(folder / "in.png"), picture)
        cv2.imwrite(str(folder / "mask.png"), mask)
        start = time.monotonic()
        subprocess.run(
            [gmic, "-v", "0", "in.png", "mask.png", f"{command}[0]", "[1]", "-rm[1]", "-o", "out.png"],
            cwd=folder,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return time.monotonic() - start, cv2.imread(str(folder / "out.png"))[:, :, :3]

    return fill


def texture(swd, original, filled, mask):
    """Distance to the texture of the original in the hole, in levels, the mean over scales."""
    return float(swd.figures(original, filled, mask > 127)[:, 2].mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--kinds", default="square,object")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--swd")
    parser.add_argument("--resynthesizer", type=pathlib.Path)
    parser.add_argument("--gmic", default=shutil.which("gmic"))
    args = parser.parse_args()
    swd = None
    if args.swd:
        spec = importlib.util.spec_from_file_location("swd", args.swd)
        swd = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(swd)

    args.out.mkdir(parents=True, exist_ok=True)
    with Console() as console:
        programs = {"inpaint": lambda p, m: in_gimp(console, "inpaint", p, m)}
        if args.resynthesizer:
            for folder in args.resynthesizer.iterdir():
                (console.folder / "plug-ins" / folder.name).symlink_to(folder.resolve())
            programs["resynthesizer"] = lambda p, m: in_gimp(console, "resynthesizer", p, m)
        programs["opencv shift map"] = by_opencv(cv2.xphoto.INPAINT_SHIFTMAP)
        programs["opencv fsr"] = by_opencv(cv2.xphoto.INPAINT_FSR_FAST)
        if args.gmic:
            programs["gmic patch-based"] = by_gmic(args.gmic, "-inpaint", args.out)
            programs["gmic multi-scale"] = by_gmic(args.gmic, "-inpaint_matchpatch", args.out)
        for kind in args.kinds.split(","):
            times = {name: [] for name in programs}
            textures = {name: [] for name in programs}
            for path in sorted(args.cases.glob(f"*_{kind}_mask.png"))[:: args.every]:
                case = path.name[: -len("_mask.png")]
                picture, original = (cv2.imread(str(path.with_name(f"{case}_{n}.png"))) for n in ("in", "gt"))
                mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
                best = dict.fromkeys(programs, float("inf"))
                for _ in range(args.rounds):
                    for name, fill in programs.items():
                        seconds, filled = fill(picture, mask)
                        best[name] = min(best[name], seconds)
                        (args.out / name).mkdir(exist_ok=True)
                        cv2.imwrite(str(args.out / name / f"{case}.png"), filled)
                words = []
                for name in programs:
                    times[name].append(best[name])
                    words.append(f"{name} {best[name]:.2f} s")
                    if swd:
                        filled = cv2.imread(str(args.out / name / f"{case}.png"))
                        textures[name].append(texture(swd, original, filled, mask))
                        words[-1] += f" {textures[name][-1]:.1f}"
                print(f"{case}, {(mask > 127).sum()} pixels: {', '.join(words)}", flush=True)
            for name in programs if times["inpaint"] else ():
                ratio = np.exp(np.mean(np.log(np.array(times[name]) / np.array(times["inpaint"]))))
                told = f", texture {np.mean(textures[name]):.2f}" if swd else ""
                print(f"{kind}: {name}: {ratio:.2f} times the time of Inpaint{told}", flush=True)


main()
