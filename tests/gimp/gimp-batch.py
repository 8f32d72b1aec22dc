# SPDX-License-Identifier: GPL-3.0-or-later
"""The batch procedures: which files, what becomes of each, and what is kept."""
import sys
import io
import pathlib
import struct

import cv2
import numpy as np
from PIL import Image, ImageCms

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap, call

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
QUALITY = 77
LONGEST_JPEG = 65500  # libjpeg's limit in pixels
DESCRIPTION, SIDEWAYS = "a scratched photograph", 6  # as Exif says that the camera was turned


def photo(size=56):
    return cv2.imread(str(DATA / "demo-photo.png"))[40 : 40 + size, 60 : 60 + size + 8]


def mask(size=56):
    picture = np.zeros((size, size + 8), np.uint8)
    picture[20:30, 22:36] = 255
    return picture


def write(path, picture, *options):
    cv2.imwrite(str(path), picture, *options)


def batch(kind, **settings):
    return call(f"plug-in-diffusion-batch-{kind}", steps=1, **settings)


def markers(jpeg):
    """The quantization tables and the sampling factors of a JPEG."""
    tables, factors, at = {}, None, 2
    while at < len(jpeg):
        marker, length = struct.unpack(">HH", jpeg[at : at + 4])
        body = jpeg[at + 4 : at + 2 + length]
        if marker == 0xFFDB:
            while body:
                tables[body[0] & 15] = body[1:65]
                body = body[65:]
        elif 0xFFC0 <= marker <= 0xFFC2:
            factors = [body[7 + 3 * i] for i in range(body[5])]
        elif marker == 0xFFDA:
            break
        at += 2 + length
    return tables, factors


def five_files(tap):
    with Console() as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        for name in ("a", "b", "e"):
            write(folder / f"{name}.png", photo())
            write(folder / f"{name}_mask.png", mask())
        (folder / "c.png").write_bytes(b"\x89PNG, but not really")
        write(folder / "d.png", photo())
        result = gimp.run(batch("inpaint", pattern="in/*.png", output_folder="new/out"))
        out = gimp.folder / "new" / "out"

        tap.ok(result.code == 70, "five files, one broken and one without a mask: exit 70", result.err)
        tap.ok(
            sorted(p.name for p in out.iterdir()) == ["a.png", "b.png", "e.png"],
            "the other three are there, masks are no inputs, nothing else is left",
            sorted(out.iterdir()),
        )
        tap.ok(
            "2 of 5 files failed" in result.err
            and "c.png: " in result.err
            and "d.png: it has neither a mask nor transparent pixels" in result.err,
            "the failures are named with their reasons",
            result.err,
        )
        same = all((cv2.imread(str(out / f"{n}.png")) == photo())[mask() == 0].all() for n in ("a", "b", "e"))
        changed = all((cv2.imread(str(out / f"{n}.png")) != photo())[mask() > 0].any() for n in ("a", "b", "e"))
        tap.ok(same and changed, "white in the mask is filled, everything else is as it was")

        before = (out / "a.png").read_bytes()
        result = gimp.run(batch("inpaint", pattern="in/[ab].png", output_folder="new/out", seed=9))
        tap.ok(
            result.code == 0 and "a.png exists" in result.out and (out / "a.png").read_bytes() == before,
            "existing results are skipped and named, which is no failure",
            result.out + result.err,
        )
        result = gimp.run(batch("inpaint", pattern="in/a.png", output_folder="new/out", seed=9, overwrite=True))
        tap.ok(
            result.code == 0 and (out / "a.png").read_bytes() != before,
            "with overwrite they are made again",
            result.out + result.err,
        )

        result = gimp.run(batch("inpaint", pattern="in/*.tif", output_folder="out"))
        tap.ok(
            result.code == 70 and "No file matches" in result.err and not (gimp.folder / "out").exists(),
            "no match is an error",
            result.err,
        )


def odd_inpaint_files(tap):
    with Console() as gimp:
        write(gimp.folder / "small.png", photo())
        write(gimp.folder / "small_mask.png", mask(40))
        write(gimp.folder / "black.png", photo())
        write(gimp.folder / "black_mask.png", mask() * 0)
        write(gimp.folder / "hole.png", np.dstack([photo(), 255 - mask()]))
        write(gimp.folder / "photo.jpg", photo())
        write(gimp.folder / "photo-hole.png", mask())
        result = gimp.run(batch("inpaint", pattern="*.png", output_folder="out"))
        tap.ok(
            "small_mask.png is 48 × 40 pixels large, the picture 64 × 56" in result.err,
            "a mask of another size fails",
            result.err,
        )
        tap.ok("black_mask.png is black" in result.err, "a black mask fails", result.err)
        filled = cv2.imread(str(gimp.folder / "out" / "hole.png"), cv2.IMREAD_UNCHANGED)
        tap.ok(
            filled is not None and (filled[..., 3] == 255).all() and (filled[..., :3] == photo())[mask() == 0].all(),
            "without a mask the transparent pixels are filled and become opaque",
            result.err,
        )
        result = gimp.run(batch("inpaint", pattern="photo.jpg", mask_suffix="-hole", output_folder="out"))
        tap.ok(
            result.code == 0 and (gimp.folder / "out" / "photo.jpg").exists(),
            "another suffix, and a PNG mask for a JPEG",
            result.err,
        )


def jpeg(tap):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = DESCRIPTION, SIDEWAYS
    source = io.BytesIO()
    Image.fromarray(photo()[..., ::-1]).save(
        source, "JPEG", quality=QUALITY, subsampling=2, exif=exif, icc_profile=profile
    )
    with Console() as gimp:
        (gimp.folder / "IMG.JPG").write_bytes(source.getvalue())
        result = gimp.run(batch("denoise", pattern="*.JPG", output_folder="out", sigma=10))
        out = gimp.folder / "out" / "IMG.JPG"
        if tap.ok(result.code == 0 and out.exists(), "a JPEG is denoised", result.out + result.err):
            data = out.read_bytes()
            tap.ok(data[:2] == b"\xff\xd8", "it stays a JPEG, under its name")
            tap.ok(
                markers(data) == markers(source.getvalue()),
                "with the same quality and subsampling",
                f"{markers(data)}\n{markers(source.getvalue())}",
            )
            picture = Image.open(out)
            tap.ok(
                picture.getexif().get(0x010E) == DESCRIPTION and picture.getexif().get(0x0112) == SIDEWAYS,
                "with its metadata, the same way up",
                dict(picture.getexif()),
            )
            tap.ok(picture.info.get("icc_profile") == profile, "with its profile")
            tap.ok("sigma 10" in result.out, "and its settings are told", result.out)

        # Too long for a JPEG, which the name asks for; and GIMP says so when all is done.
        long = np.full((1, LONGEST_JPEG + 1, 4), 255, np.uint8)
        long[0, 100:110, 3] = 0
        (gimp.folder / "long.jpg").write_bytes(cv2.imencode(".png", long)[1].tobytes())
        result = gimp.run(batch("inpaint", pattern="long.jpg", output_folder="long"))
        tap.ok(
            result.code == 70
            and "long.jpg: GIMP cannot write it: " in result.err
            and not list((gimp.folder / "long").iterdir()),
            "a result that GIMP cannot write: exit 70, and no file",
            result.out + result.err,
        )


def refused_files(tap):
    with Console(formats=("file-png", "file-gif-load", "file-tiff", "file-svg")) as gimp:
        write(gimp.folder / "a.png", photo())
        pages = [Image.fromarray(photo()[..., ::-1])] * 2
        pages[0].save(gimp.folder / "pages.tif", save_all=True, append_images=pages[1:])
        pages[0].convert("P").save(gimp.folder / "indexed.gif")
        write(gimp.folder / "deep.png", photo().astype(np.uint16) * 257)
        result = gimp.run(batch("denoise", pattern="*.*", output_folder="out", sigma=5))
        out = gimp.folder / "out"
        tap.ok(
            result.code == 70 and "pages.tif: it does not hold exactly one layer" in result.err,
            "a file with several pages fails",
            result.err,
        )
        tap.ok(
            "indexed.gif: GIMP cannot write this format" in result.err, "a format GIMP cannot write fails", result.err
        )
        tap.ok(sorted(p.name for p in out.iterdir()) == ["a.png", "deep.png"], "the others are done")
        deep = cv2.imread(str(out / "deep.png"), cv2.IMREAD_UNCHANGED)
        tap.ok(deep is not None and deep.dtype == np.uint16, "16 bits stay 16 bits")

        # "taken" reaches the folder of the inputs by another name.
        (gimp.folder / "same").mkdir()
        write(gimp.folder / "same" / "x.png", photo())
        (gimp.folder / "same" / "y.png").symlink_to("x.png")
        result = gimp.run(batch("denoise", pattern="same/*.png", output_folder="same", sigma=5, overwrite=True))
        tap.ok(
            "is another input" in result.err and result.code == 70,
            "an output that is another input is not overwritten",
            result.out + result.err,
        )

        # A result that cannot take its place, a folder that is a file, a mask that is no picture.
        (gimp.folder / "blocked" / "a.png").mkdir(parents=True)
        write(gimp.folder / "f.png", photo())
        (gimp.folder / "f_mask.png").write_bytes(b"\x89PNG, but not really")
        for what, script, sentence in (
            (
                "a folder where the result belongs",
                batch("denoise", pattern="a.png", output_folder="blocked", sigma=5, overwrite=True),
                "a.png: ",
            ),
            (
                "a mask that cannot be opened",
                batch("inpaint", pattern="f.png", output_folder="never"),
                "f_mask.png: GIMP cannot open it",
            ),
            (
                "a file as the output folder",
                batch("denoise", pattern="a.png", output_folder="a.png"),
                "Name another one.",
            ),
            (
                "a folder of inputs that is not there",
                batch("denoise", pattern="nowhere/*.png", output_folder="never"),
                "nowhere",
            ),
            ("no pattern", '(plug-in-diffusion-batch-denoise #:output-folder "out")', "There is no pattern"),
            ("no output folder", '(plug-in-diffusion-batch-denoise #:pattern "*.png")', "There is no output folder"),
            ("a broken model", batch("denoise", pattern="*.png", output_folder="never", model="same"), "config.json"),
        ):
            result = gimp.run(script)
            tap.ok(result.code == 70 and sentence in result.err, f"{what}: exit 70 and a sentence", result.err)
        tap.ok(not list((gimp.folder / "blocked").glob(".*")), "nothing unfinished is left behind")


def main():
    tap = Tap()
    five_files(tap)
    odd_inpaint_files(tap)
    jpeg(tap)
    refused_files(tap)
    tap.finish()


main()
