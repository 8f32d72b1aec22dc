# SPDX-License-Identifier: GPL-3.0-or-later
"""With every argument at its default: Denoise lowers noise, Inpaint fills its hole and nothing else, and a
dark picture is filled as bright as it is."""
import sys
import pathlib

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SIZE = 192
HOLE = (slice(20, 160), slice(100, 106))  # rows, columns: a scratch through the bird

SCRIPT = """
(define (open name) (gimp-file-load RUN-NONINTERACTIVE name))
(define (layer-of image) (vector-ref (gimp-image-get-layers image) 0))
(define noisy (open "noisy.png"))
(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image noisy #:drawables (vector (layer-of noisy)))
(gimp-file-save RUN-NONINTERACTIVE noisy "denoised.png")
(define holed (open "holed.png"))
(gimp-image-select-rectangle holed CHANNEL-OP-REPLACE {x} {y} {width} {height})
(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image holed #:drawables (vector (layer-of holed)))
(gimp-file-save RUN-NONINTERACTIVE holed "filled.png")
"""


DARK = 0.06  # of its brightness is left
PLACES = ((30, 20), (60, 180), (120, 60), (150, 250))  # of dark pictures in the photograph: rows, columns
DARK_SIZE, DARK_HOLE = 112, slice(36, 76)

FILL_DARK = """
(define (fill-dark name)
  (let* ((image (gimp-file-load RUN-NONINTERACTIVE name)) (layer (vector-ref (gimp-image-get-layers image) 0)))
    (gimp-image-select-rectangle image CHANNEL-OP-REPLACE {start} {start} {size} {size})
    (plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer))
    (gimp-file-save RUN-NONINTERACTIVE image (string-append "filled-" name))))
"""


def dark(tap):
    """The hole of each as the network has to guess it, and as bright as it would guess it in the light."""
    photo = cv2.imread(str(DATA / "demo-photo.png"))
    script = FILL_DARK.format(start=DARK_HOLE.start, size=DARK_HOLE.stop - DARK_HOLE.start)
    with Console() as gimp:
        for i, (y, x) in enumerate(PLACES):
            light = photo[y : y + DARK_SIZE, x : x + DARK_SIZE]
            cv2.imwrite(str(gimp.folder / f"light{i}.png"), light)
            cv2.imwrite(str(gimp.folder / f"dark{i}.png"), (light * DARK).round().astype(np.uint8))
            script += f'(fill-dark "light{i}.png") (fill-dark "dark{i}.png")\n'
        result = gimp.run(script, timeout=800)
        if not tap.ok(result.code == 0, "dark pictures are filled", result.err):
            return
        for i in range(len(PLACES)):
            light, filled = (
                cv2.imread(str(gimp.folder / f"filled-{name}{i}.png"))[DARK_HOLE, DARK_HOLE].astype(float)
                for name in ("light", "dark")
            )
            share = filled.mean() / (DARK * light.mean())
            tap.ok(
                0.95 < share < 1.05,
                f"dark picture {i + 1}: its hole is as bright as when it is filled in the light",
                f"{share:.2f} of it",
            )
            tap.note(f"{share:.3f} of the brightness, {psnr(filled / DARK, light):.1f} dB at full light")


SHADE, SHADED_HOLE = 330, (slice(130, 170), slice(160, 200))  # pixels from the corner; rows, columns


def dark_corner(tap):
    """An ordinary picture with a corner in the dark, the hole in it. The picture outside keeps its bits."""
    photo = cv2.imread(str(DATA / "demo-photo.png"))
    light = cv2.copyMakeBorder(photo, 144, 144, 256, 256, cv2.BORDER_REFLECT)
    row, column = np.mgrid[: light.shape[0], : light.shape[1]]
    shade = np.clip((np.maximum(row, 0.75 * column) - SHADE) / 60, 0, 1)[..., None]
    shaded = (light * (DARK + (1 - DARK) * shade)).round().astype(np.uint8)
    rows, columns = SHADED_HOLE
    script = FILL_DARK.replace("{start} {start} {size} {size}", f"{columns.start} {rows.start} 40 40").format()
    with Console() as gimp:
        cv2.imwrite(str(gimp.folder / "light.png"), light)
        cv2.imwrite(str(gimp.folder / "shaded.png"), shaded)
        result = gimp.run(script + '(fill-dark "light.png") (fill-dark "shaded.png")', timeout=800)
        if not tap.ok(result.code == 0, "a dark corner is filled", result.err):
            return
        filled = {n: cv2.imread(str(gimp.folder / f"filled-{n}.png")) for n in ("light", "shaded")}
    share = filled["shaded"][SHADED_HOLE].mean() / (DARK * filled["light"][SHADED_HOLE].mean())
    tap.ok(0.95 < share < 1.05, "as bright as when it is filled in the light", f"{share:.3f} of it")
    tap.note(f"dark corner: {share:.3f} of the brightness")
    filled["shaded"][SHADED_HOLE] = shaded[SHADED_HOLE]
    tap.ok((filled["shaded"] == shaded).all(), "and the light picture around it keeps its bits")


def psnr(a, b):
    return 10 * np.log10(255**2 / ((a.astype(float) - b.astype(float)) ** 2).mean())


def main():
    tap = Tap()
    clean = cv2.imread(str(DATA / "demo-photo.png"))[40 : 40 + SIZE, 100 : 100 + SIZE]
    noise = np.random.default_rng(1).normal(0, 25, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).round().astype(np.uint8)
    holed = clean.copy()
    holed[HOLE] = (255, 0, 255)
    rows, columns = HOLE
    script = SCRIPT.format(
        x=columns.start, y=rows.start, width=columns.stop - columns.start, height=rows.stop - rows.start
    )

    with Console() as gimp:
        cv2.imwrite(str(gimp.folder / "noisy.png"), noisy)
        cv2.imwrite(str(gimp.folder / "holed.png"), holed)
        result = gimp.run(script)
        if tap.ok(result.code == 0, "both filters run with every argument at its default", result.err):
            denoised = cv2.imread(str(gimp.folder / "denoised.png"))
            filled = cv2.imread(str(gimp.folder / "filled.png"))

            gain = psnr(denoised, clean) - psnr(noisy, clean)
            tap.ok(gain >= 3, "Denoise raises the PSNR at sigma 25 by 3 dB or more", f"{gain:.2f} dB")
            tap.note(f"PSNR {psnr(noisy, clean):.2f} -> {psnr(denoised, clean):.2f} dB")

            outside = np.ones(clean.shape[:2], bool)
            outside[HOLE] = False
            tap.ok((filled[outside] == holed[outside]).all(), "Inpaint changes nothing outside the selection")

            # The surroundings' mean color is what any method has to beat.
            near = np.zeros_like(outside)
            near[rows.start - 4 : rows.stop + 4, columns.start - 4 : columns.stop + 4] = True
            mean = np.broadcast_to(clean[near & outside].mean(0), clean[HOLE].shape)
            tap.ok(
                psnr(filled[HOLE], clean[HOLE]) > psnr(mean, clean[HOLE]),
                "the filling is nearer to what was there than the mean color around it",
            )
            tap.note(
                f"PSNR in the hole: {psnr(filled[HOLE], clean[HOLE]):.2f} dB, mean color "
                f"{psnr(mean, clean[HOLE]):.2f} dB"
            )
    dark(tap)
    dark_corner(tap)
    tap.finish()


main()
