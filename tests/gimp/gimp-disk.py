# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a disk that is full, or nearly, or read-only, or gone, or shared with another run: each file
is done or failed in a sentence that says why, and what was there before is there until what replaces it is.
The disks are tmpfs of their own, in a namespace of this test."""
import sys
import ctypes
import os
import pathlib
import re
import shutil
import threading
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap, call

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
FORMATS = ("file-png", "file-jpeg", "file-tiff", "file-webp", "file-jpegxl")
EXTENSIONS = ("jpg", "png", "tif", "webp", "jxl", "xcf")
# Free space in KiB, before the temporary file is written. (The whole disk: how much it takes.)
FREE = (0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 60, 96)
if os.environ.get("DIFFUSION_MATRIX") != "1":
    EXTENSIONS = ("jpg", "tif", "jxl")
    FREE = (0, 4, 96)
OLD = b"what was there before, and is still wanted"
FULL = "is full: free some space, then run it again"


def photo(height=90, width=120):
    picture = cv2.imread(str(PHOTO))
    return picture[60 : 60 + height, 80 : 80 + width]


def batch(pattern, out, **more):
    """The call, which goes on where it fails, and says so."""
    text = call("plug-in-diffusion-batch-denoise", pattern=pattern, output_folder=out, sigma=5, **more)
    return f'(newline) (display "run {out}") (newline) (catch (display "failed") {text}) (newline)\n'


def words(result, out):
    """What the run into this folder has printed."""
    found = re.search(rf"^run {re.escape(str(out))}$(.*?)(?=^run |\Z)", result.out, re.S | re.M)
    return found[1] if found else ""


# A small Debian has no program for this.
LIBC = ctypes.CDLL(None, use_errno=True)
READ_ONLY, REMOUNT, DETACH = 1, 32, 2


def mount(path, options, flags=0):
    path.mkdir(exist_ok=True)
    if LIBC.mount(b"tmpfs", str(path).encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mounting {path}: {os.strerror(ctypes.get_errno())}")


def hidden(folder):
    """Ours: GIMP may leave an empty .goutputstream-… of its own."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".gimp-diffusion-")]


def fill(disk, free):
    """Leaves so many KiB on it."""
    with open(disk / "filler", "wb") as file:
        total = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        file.write(bytes(max(total - free * 1024, 0)))


def full_disks(tap, gimp):
    cv2.imwrite(str(gimp.folder / "a.png"), photo())
    convert = "".join(
        f'(let ((image (gimp-file-load RUN-NONINTERACTIVE "a.png")))'
        f'  (gimp-file-save RUN-NONINTERACTIVE image "a.{extension}") (gimp-image-delete image))\n'
        for extension in EXTENSIONS
        if extension != "png"
    )
    runs = ""
    disks = {}
    for extension in EXTENSIONS:
        runs += batch(f"a.{extension}", f"whole-{extension}")
        for free in FREE:
            disk = gimp.folder / f"disk-{extension}-{free}"
            mount(disk, "size=256k")
            (disk / f"a.{extension}").write_bytes(OLD)
            fill(disk, free)
            disks[extension, free] = disk
            runs += batch(f"a.{extension}", disk.name, overwrite=True)
    result = gimp.run(convert + runs, timeout=1500)
    tap.ok(result.code == 0, "GIMP ran to the end", result.err)

    for extension in EXTENSIONS:
        whole = gimp.folder / f"whole-{extension}" / f"a.{extension}"
        if not tap.ok(whole.exists(), f"{extension}: written where there is room", words(result, f"whole-{extension}")):
            continue
        wanted = whole.read_bytes()
        n_done, wrong = 0, []
        for free in FREE:
            disk = disks[extension, free]
            said, now = words(result, disk.name), (disk / f"a.{extension}").read_bytes()
            done = ": done in" in said
            n_done += done
            # The files have the time in them.
            right = (
                abs(len(now) - len(wanted)) < 16 and now != OLD
                if done
                else now == OLD and FULL in said and str(disk) in said
            )
            if not right or done == ("failed" in said) or hidden(disk):
                wrong.append(f"{free} KiB: {len(now)} bytes, {hidden(disk)}, {said}")
        tap.ok(
            not wrong and 0 < n_done < len(FREE),
            f"{extension}, {len(wanted)} bytes: {len(FREE)} disks, {n_done} with room for it; on the others the old "
            "file is still there, and the sentence names the disk",
            "\n".join(wrong),
        )


def other_disks(tap, gimp):
    picture = photo()
    cv2.imwrite(str(gimp.folder / "a.png"), picture)
    disk = gimp.folder / "fixed"
    mount(disk, "size=256k")
    (disk / "a.png").write_bytes(OLD)
    mount(disk, "size=256k", READ_ONLY | REMOUNT)

    # Too few names, as a quota leaves.
    quota = gimp.folder / "quota"
    mount(quota, "size=256k,nr_inodes=2")
    (quota / "a.png").write_bytes(OLD)

    left = gimp.folder / "left"
    left.mkdir()
    own = left / f".gimp-diffusion-{machine():08x}-999999999-00000001.png"
    others = left / f".gimp-diffusion-{machine() ^ 1:08x}-999999999-00000001.png"
    young = left / f".gimp-diffusion-{machine():08x}-999999999-00000002.png"
    alive = left / f".gimp-diffusion-{machine():08x}-{os.getpid()}-00000001.png"
    for path in (own, others, young, alive):
        path.write_bytes(b"half a picture")
    for path in (own, others, alive):
        os.utime(path, (time.time() - 3600,) * 2)

    result = gimp.run("".join(batch("a.png", out.name, overwrite=True) for out in (disk, quota, left)))
    said = words(result, "fixed")
    tap.ok(
        (disk / "a.png").read_bytes() == OLD and "nothing can be written into the folder" in said and "fixed" in said,
        "a read-only disk: a sentence, and the old file",
        said,
    )
    said = words(result, "quota")
    tap.ok(
        (quota / "a.png").read_bytes() == OLD and "failed" in said and "quota" in said,
        "no more files allowed: a sentence, and the old file",
        said,
    )
    said = words(result, "left")
    tap.ok(
        ": done in" in said and sorted(hidden(left)) == sorted(path.name for path in (others, young, alive)),
        "what a killed run of this machine has left is gone; another machine's, a young and a living one's stay",
        (said, hidden(left)),
    )


def machine():
    """g_str_hash() of the host's name, as safe-file.c has it."""
    value = 5381
    for byte in os.uname().nodename.encode():
        value = (value * 33 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return value


def meanwhile(gimp, out, event):
    """Runs a and then b, and has something happen once a is there."""

    def wait():
        deadline = time.monotonic() + 200
        while not (gimp.folder / out / "a.png").exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        event(gimp.folder / out)

    thread = threading.Thread(target=wait)
    thread.start()
    result = gimp.run(batch("[ab].png", out))
    thread.join()
    return words(result, out)


def changing_folders(tap, gimp):
    cv2.imwrite(str(gimp.folder / "a.png"), photo())
    cv2.imwrite(str(gimp.folder / "b.png"), cv2.resize(cv2.imread(str(PHOTO)), (900, 900)))
    said = meanwhile(gimp, "gone", shutil.rmtree)
    tap.ok(
        "b.png: failed, " in said
        and re.search(r"gone(?: has gone away|: )", said)
        and not (gimp.folder / "gone").exists(),
        "a folder that vanishes: a sentence",
        said,
    )
    said = meanwhile(gimp, "taken", lambda folder: (folder / "b.png").write_bytes(OLD))
    tap.ok(
        "b.png: skipped" in said and (gimp.folder / "taken" / "b.png").read_bytes() == OLD,
        "a name that is taken meanwhile: skipped, and what took it stays",
        said,
    )


def two_at_once(tap, gimp):
    (gimp.folder / "many").mkdir()
    for i in range(3):
        cv2.imwrite(str(gimp.folder / "many" / f"{i}.png"), photo() // (i + 1))
    for overwrite in (False, True):
        out = f"both-{overwrite}"
        results = []
        with Console() as other:
            text = batch("many/*.png", out, overwrite=overwrite)
            threads = [
                threading.Thread(target=lambda g=g: results.append(g.run(text, cwd=gimp.folder))) for g in (gimp, other)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        said = "".join(words(result, out) for result in results)
        n_done, n_skipped = said.count(": done in"), said.count(": skipped")
        pictures = [cv2.imread(str(gimp.folder / out / f"{i}.png")) for i in range(3)]
        tap.ok(
            "failed" not in said
            and (n_done, n_skipped) == ((6, 0) if overwrite else (3, 3))
            and not hidden(gimp.folder / out)
            and all(
                p is not None and abs(p.astype(int) - photo() // (i + 1)).mean() < 6 for i, p in enumerate(pictures)
            ),
            f"two runs into one folder, {'each writing all' if overwrite else 'each file by one of them'}",
            f"{n_done} done, {n_skipped} skipped\n{said}",
        )


def main():
    if "DIFFUSION_OWN_MOUNTS" not in os.environ:
        os.environ["DIFFUSION_OWN_MOUNTS"] = "1"
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        # In the root of in-debian.sh, which is no mount point, all mounts are the test's already.
        mounts = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        shared = [] if "/" in mounts else ["--propagation", "unchanged"]
        os.execvp("unshare", ["unshare", *user, "--mount", *shared, sys.executable, *sys.argv])
    tap = Tap()
    with Console(formats=FORMATS) as gimp:
        try:
            full_disks(tap, gimp)
            other_disks(tap, gimp)
            changing_folders(tap, gimp)
            two_at_once(tap, gimp)
        finally:
            for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
                if str(gimp.folder) in line:
                    LIBC.umount2(line.split()[1].encode(), DETACH)
    tap.finish()


main()
