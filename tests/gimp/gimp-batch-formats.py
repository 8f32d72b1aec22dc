# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch writes a picture as it was stored: lossless stays lossless, compression, interlacing and the
colours under alpha 0 stay, and a picture that is stored turned is filled where its mask shows it upright."""
import sys
import pathlib

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap, call

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
FORMATS = ("file-png", "file-jpeg", "file-tiff", "file-webp", "file-jpegxl", "file-tga", "file-bmp")
WIDTH, HEIGHT = 64, 48
HOLE = (slice(8, 18), slice(10, 24))  # rows, columns; not in the middle
ORIENTATION, COMPRESSION, INTERLACED = 0x0112, 259, 28
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a, -1),
}


def photo(alpha=False):
    rgb = cv2.imread(str(DATA / "demo-photo.png"))[60 : 60 + HEIGHT, 80 : 80 + WIDTH, ::-1]
    if not alpha:
        return rgb.copy()
    # Half is transparent, with colours all the same.
    opacity = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    opacity[HEIGHT // 2 :] = 0
    return np.concatenate([rgb, opacity], 2)


def mask():
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    picture[HOLE] = 255
    return picture


def convert(source, target):
    return (
        f'(let ((image (gimp-file-load RUN-NONINTERACTIVE "{source}")))\n'
        f'  (file-png-export #:run-mode RUN-NONINTERACTIVE #:image image #:file "{target}" #:save-transparent #t)'
        f"\n  (gimp-image-delete image))\n"
    )


def make_jxl(source, target, lossless, depth=8):
    return (
        f'(let ((image (gimp-file-load RUN-NONINTERACTIVE "{source}")))\n'
        f'  (file-jpegxl-export #:run-mode RUN-NONINTERACTIVE #:image image #:file "{target}" '
        f"#:lossless {'#t' if lossless else '#f'} #:save-bit-depth {depth})\n"
        f"  (gimp-image-delete image))\n"
    )


def read(path):
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        return None
    return picture[..., [2, 1, 0] + ([3] if picture.shape[2] == 4 else [])]


def outside_is_same(tap, name, after, before):
    kept = mask() == 0
    same = after is not None and after.shape == before.shape and (after[kept] == before[kept]).all()
    worst = (
        np.abs(after[kept].astype(int) - before[kept]).max()
        if after is not None and after.shape == before.shape
        else "another picture"
    )
    tap.ok(same, f"{name}: every pixel outside the mask keeps its value", worst)
    if same:
        tap.ok((after[~kept] != before[~kept]).any(), f"{name}: the hole is filled")


def lossless(tap):
    with Console(formats=FORMATS) as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        rgb, rgba = Image.fromarray(photo()), Image.fromarray(photo(alpha=True))
        deep = photo().astype(np.uint16) * 257 + 3
        rgb.save(gimp.folder / "rgb.png")
        rgba.save(gimp.folder / "rgba.png")
        cv2.imwrite(str(gimp.folder / "deep.png"), deep[..., ::-1])
        rgb.save(folder / "w.webp", lossless=True)
        rgba.save(folder / "wa.webp", lossless=True, exact=True)
        rgb.save(folder / "lossy.webp", quality=80)
        wanted = {"lzw": 5, "tiff_adobe_deflate": 8, "packbits": 32773, "raw": 1}
        for name in wanted:
            rgb.save(folder / f"{name}.tif", compression="tiff_lzw" if name == "lzw" else name)
        rgba.save(folder / "ta.tif", compression="tiff_lzw")
        rgb.convert("CMYK").save(folder / "cmyk.jpg", quality=100)
        odd = False
        try:
            rgb.save(folder / "zstd.tif", compression="zstd")
            odd = True
        except (OSError, KeyError, ValueError):
            rgb.save(folder / "zstd.tif", compression="jpeg", quality=100)
        rgba.save(folder / "pa.png")
        rgba.save(folder / "ta.tga")
        rgba.save(folder / "ba.bmp")
        for path in list(folder.iterdir()) + [
            folder / "j.jxl",
            folder / "ja.jxl",
            folder / "jd.jxl",
            folder / "lossy.jxl",
        ]:
            cv2.imwrite(str(folder / f"{path.stem}_mask.png"), mask())

        script = (
            make_jxl("rgb.png", "in/j.jxl", True)
            + make_jxl("rgba.png", "in/ja.jxl", True)
            + make_jxl("deep.png", "in/jd.jxl", True, 16)
            + make_jxl("rgb.png", "in/lossy.jxl", False)
            + call("plug-in-diffusion-batch-inpaint", pattern="in/*", output_folder="out", steps=1)
        )
        names = ["w.webp", "ta.tif", "pa.png", "ta.tga", "ba.bmp", "j.jxl", "ja.jxl", "jd.jxl", "zstd.tif"]
        names += [f"{name}.tif" for name in wanted]
        for name in names:
            script += convert(f"in/{name}", f"{name}.before.png") + convert(f"out/{name}", f"{name}.after.png")
        result = gimp.run(script, timeout=800)
        if not tap.ok(result.code == 0, "pictures of all formats are filled", result.out + result.err):
            return

        out = gimp.folder / "out"
        for name in names:
            outside_is_same(
                tap, name, read(gimp.folder / f"{name}.after.png"), read(gimp.folder / f"{name}.before.png")
            )
        for path in sorted(out.glob("*.tif")):
            pages = Image.open(path).n_frames
            tap.ok(pages == 1, f"{path.name} is one page", pages)
        for name, code in wanted.items():
            seen = Image.open(out / f"{name}.tif").tag_v2.get(COMPRESSION)
            tap.ok(seen == code, f"{name}.tif keeps its compression", seen)
        tap.ok(b"VP8L" in (out / "w.webp").read_bytes()[:64], "a lossless WebP stays one")
        tap.ok(b"VP8 " in (out / "lossy.webp").read_bytes()[:200], "a lossy one stays lossy")
        tap.ok(
            "cmyk.jpg: GIMP opens a JPEG in the colors of printing as RGB" in result.out
            and Image.open(out / "cmyk.jpg").mode == "RGB",
            "a JPEG in CMYK becomes RGB, which is said",
            result.out,
        )
        tap.ok((out / "lossy.jxl").stat().st_size < (out / "j.jxl").stat().st_size, "a lossy JPEG XL stays lossy")
        tap.ok(
            f"GIMP cannot write the TIFF compression {'Zstandard' if odd else 'JPEG'}" in result.out,
            "a compression that GIMP cannot write is named",
            result.out,
        )


def described(tap):
    """How a JPEG is coded stays; what a PNG tells in words that GIMP does not keep is said."""
    with Console() as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        rgb = Image.fromarray(photo())
        for name, progressive in (("baseline", False), ("progressive", True)):
            rgb.save(folder / f"{name}.jpg", quality=85, subsampling=1, progressive=progressive)
        for name, keyword in (("titled", "Title"), ("commented", "Comment")):
            texts = PngImagePlugin.PngInfo()
            texts.add_text(keyword, "some words")
            rgb.save(folder / f"{name}.png", pnginfo=texts)
        result = gimp.run(call("plug-in-diffusion-batch-denoise", pattern="in/*", output_folder="out", sigma=10))
        if not tap.ok(result.code == 0, "pictures with words and without are denoised", result.out + result.err):
            return
        for name in ("baseline", "progressive"):
            before, after = (Image.open(gimp.folder / f / f"{name}.jpg") for f in ("in", "out"))
            tap.ok(
                before.info.get("progressive") == after.info.get("progressive")
                and before.layer == after.layer
                and before.quantization == after.quantization,
                f"a {name} JPEG stays one, of the same quality",
                f"{after.info.get('progressive')}, {after.layer}",
            )
        said = "of a PNG's texts GIMP keeps the comment alone"
        tap.ok(f"titled.png: {said}" in result.out, "a title that is lost is said", result.out)
        tap.ok(
            f"commented.png: {said}" not in result.out
            and Image.open(gimp.folder / "out" / "commented.png").info.get("Comment") == "some words",
            "a comment is kept",
            result.out,
        )


def make_heif(source, target, options):
    procedure = "file-heif-av1-export" if target.endswith("avif") else "file-heif-export"
    return (
        f'(let ((image (gimp-file-load RUN-NONINTERACTIVE "{source}")))\n'
        f'  ({procedure} #:run-mode RUN-NONINTERACTIVE #:image image #:file "{target}" {options})\n'
        f"  (gimp-image-delete image))\n"
    )


def heif(tap):
    """HEIC and AVIF, made by GIMP itself."""
    kept, lossy = '#:lossless #t #:pixel-format "rgb"', '#:quality 80 #:pixel-format "yuv444"'
    kinds = {
        "rgb": ("rgb.png", kept + " #:save-bit-depth 8"),
        "rgba": ("rgba.png", kept + " #:save-bit-depth 8"),
        "deep10": ("deep.png", kept + " #:save-bit-depth 10"),
        "deep12": ("deep.png", kept + " #:save-bit-depth 12"),
        "lossy": ("rgb.png", lossy + " #:save-bit-depth 8"),
    }
    names = [f"{name}.{extension}" for name in kinds for extension in ("avif", "heic")]
    with Console(formats=("file-png", "file-heif")) as gimp:
        (gimp.folder / "in").mkdir()
        rgba = photo(alpha=True)
        rgba[..., 3] = np.linspace(30, 255, HEIGHT).astype(np.uint8)[:, None]
        Image.fromarray(photo()).save(gimp.folder / "rgb.png")
        Image.fromarray(rgba).save(gimp.folder / "rgba.png")
        cv2.imwrite(str(gimp.folder / "deep.png"), photo()[..., ::-1].astype(np.uint16) * 257 + 3)
        script = ""
        for name in names:
            source, options = kinds[name.split(".")[0]]
            script += make_heif(source, f"in/{name}", options)
        for extension in ("avif", "heic"):
            folder = gimp.folder / "in"
            for name in kinds:
                cv2.imwrite(str(folder / f"{name}_mask.png"), mask())
            script += call("plug-in-diffusion-batch-inpaint", pattern=f"in/*.{extension}", output_folder="out", steps=1)
        for name in names:
            script += convert(f"in/{name}", f"{name}.before.png") + convert(f"out/{name}", f"{name}.after.png")
        result = gimp.run(script, timeout=800)
        if not tap.ok(result.code == 0, "HEIC and AVIF are filled", result.out + result.err):
            return
        for name in names:
            before, after = (read(gimp.folder / f"{name}.{when}.png") for when in ("before", "after"))
            if not name.startswith("lossy"):
                outside_is_same(tap, name, after, before)
                continue
            far = np.abs(after[mask() == 0].astype(int) - before[mask() == 0])
            tap.ok(
                far.mean() < 2 and f"{name}: a HEIC or AVIF does not tell its quality" in result.out,
                f"{name} stays near to what it was, and that its quality is not known is said",
                f"{far.mean():.2f} levels apart on average: {result.out}",
            )
            tap.note(f"{name}: {far.mean():.2f} levels apart on average, {far.max()} at most")


def hidden_colours(tap):
    with Console(formats=FORMATS) as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        before = photo(alpha=True)
        Image.fromarray(before).save(folder / "a.png")
        Image.fromarray(before).save(folder / "a.webp", lossless=True, exact=True)
        Image.fromarray(before).save(folder / "a.tif")
        cv2.imwrite(str(folder / "deep.png"), before[..., [2, 1, 0, 3]].astype(np.uint16) * 257)
        # Adam7, which Pillow does not write, is GIMP's.
        script = (
            '(let ((image (gimp-file-load RUN-NONINTERACTIVE "in/a.png")))'
            ' (file-png-export #:run-mode RUN-NONINTERACTIVE #:image image #:file "in/interlaced.png" #:interlaced #t'
            " #:save-transparent #t))"
            + call("plug-in-diffusion-batch-denoise", pattern="in/*", output_folder="out", sigma=20)
            + convert("out/a.tif", "tif.png")
        )
        result = gimp.run(script, timeout=800)
        tap.ok(result.code == 0, "pictures with colours under alpha 0 are denoised", result.out + result.err)
        out = gimp.folder / "out"
        hidden = before[..., 3] == 0
        for name, path in (
            ("PNG", out / "a.png"),
            ("PNG of 16 bits", out / "deep.png"),
            ("interlaced PNG", out / "interlaced.png"),
            ("TIFF", gimp.folder / "tif.png"),
        ):
            after = read(path)
            if after is not None and after.dtype == np.uint16:
                after = (after / 257).round().astype(np.uint8)
            tap.ok(
                after is not None and after.shape == before.shape and (after[hidden] == before[hidden]).all(),
                f"{name}: the colours under alpha 0 are unchanged",
                None if after is None else np.abs(after[hidden].astype(int) - before[hidden]).max(),
            )
            tap.ok(
                after is not None and (after[~hidden] != before[~hidden]).any(), f"{name}: the visible part is denoised"
            )
        tap.ok(
            "a.webp: GIMP does not write into a WebP what colors transparent pixels have" in result.out,
            "WebP, into which GIMP writes none: that is said",
            result.out,
        )
        interlacing = {n: (out / n).read_bytes()[INTERLACED] for n in ("a.png", "interlaced.png")}
        tap.ok(interlacing == {"a.png": 0, "interlaced.png": 1}, "interlacing stays as it was", interlacing)


def turned(tap):
    """Written with an orientation, the mask upright; seen as viewers show it."""
    with Console(formats=FORMATS) as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        upright = cv2.GaussianBlur(photo(), (0, 0), 2)
        cases = [("jpg", o) for o in range(1, 9)] + [(f, o) for f in ("png", "tif", "webp") for o in (3, 6)]
        for extension, orientation in cases:
            exif = Image.Exif()
            exif[ORIENTATION] = orientation
            stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](upright)))
            options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(extension, {})
            stored.save(folder / f"{extension}{orientation}.{extension}", exif=exif, **options)
            cv2.imwrite(str(folder / f"{extension}{orientation}_mask.png"), mask())
        # A mask that is stored turned as its picture is, and one of the stored size.
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        stored = Image.fromarray(np.ascontiguousarray(TURNS[6](upright)))
        for name in ("both6", "stored6"):
            stored.save(folder / f"{name}.jpg", exif=exif, quality=100, subsampling=0)
        Image.fromarray(np.ascontiguousarray(TURNS[6](mask()))).save(folder / "both6_mask.png", exif=exif)
        Image.fromarray(np.ascontiguousarray(TURNS[6](mask()))).save(folder / "stored6_mask.png")

        result = gimp.run(
            call("plug-in-diffusion-batch-inpaint", pattern="in/*", output_folder="out", steps=1), timeout=800
        )
        tap.ok(result.code == 0, "turned pictures are filled", result.out + result.err)
        for path in sorted(p for p in folder.iterdir() if "_mask" not in p.stem):
            after = gimp.folder / "out" / path.name
            if not tap.ok(after.exists(), f"{path.name} is written"):
                continue
            picture = Image.open(after)
            seen = viewed(picture)
            if not tap.ok(
                seen.shape == upright.shape, f"{path.name}: it is shown upright", f"{seen.shape}, {picture.getexif()}"
            ):
                continue
            change = np.abs(seen.astype(int) - upright).max(2)
            inside, outside = (change[HOLE] > 3).mean(), change[mask() == 0].max()
            tap.ok(
                inside > 0.3 and outside <= 8,
                f"{path.name}: what the upright mask shows is filled, and nothing else",
                f"{inside:.2f} of the hole changed, elsewhere by {outside} at most",
            )


def viewed(picture):
    from PIL import ImageOps

    return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def main():
    tap = Tap()
    lossless(tap)
    described(tap)
    heif(tap)
    hidden_colours(tap)
    turned(tap)
    tap.finish()


main()
