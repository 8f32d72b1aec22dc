# SPDX-License-Identifier: GPL-3.0-or-later
"""The translations: every source file with strings is listed, and every language has every string,
with the same placeholders and mnemonics where there are any, and every page of the help, built alike."""
import os
import sys
import pathlib
import re
import subprocess
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]
PO = TOP / "po"
HELP = TOP / "help"

# Those of meson's preset "glib" that the tree has a use for.
KEYWORDS = ("_", "N_", "C_:1c,2", "NC_:1c,2", "g_dngettext:2,3")


def lines(path):
    """The lines of a list, without comments."""
    return [line for line in path.read_text().split("\n") if line and not line.startswith("#")]


def run(*command):
    # The rules for AppStream's XML lie in po/its.
    return subprocess.run(
        command,
        env=os.environ | {"GETTEXTDATADIRS": str(PO)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def sources_with_strings():
    return sorted(
        str(path.relative_to(TOP))
        for folder in ("core", "plugin", "ui")
        for path in (TOP / folder).rglob("*")
        if path.name.endswith(".metainfo.xml.in")
        or path.suffix == ".c"
        and re.search(r"\b(N?C?_|g_dngettext) \(|\bN?C?_\(\"", path.read_text())
    )


def structure(page):
    """The page's tags without what is translated in them."""
    tags = re.findall(r"<[^>]+>", page.read_text())
    return [re.sub(r' (lang|dir|title)="[^"]*"', "", tag) for tag in tags]


def check_help(tap, language):
    pages = sorted(path.name for path in (HELP / "en").iterdir())
    folder = HELP / language
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    tap.ok(there == pages, f"{language}: the help has its pages", there)
    other = [name for name in pages if name in there and structure(folder / name) != structure(HELP / "en" / name)]
    tap.ok(not other, f"{language}: they are built as the English ones", other)
    same = [name for name in there if (folder / name).read_text() == (HELP / "en" / name).read_text()]
    tap.ok(not same, f"{language}: they are not English", same)
    built = re.search(r"foreach language : (\[.*\])", (HELP / "meson.build").read_text())[1]
    tap.ok(f"'{language}'" in built, f"{language}: its help is installed")


def main():
    tap = Tap()
    listed, found = lines(PO / "POTFILES.in"), sources_with_strings()
    tap.ok(listed == found, "po/POTFILES.in lists the files with strings", "\n".join(sorted(set(listed) ^ set(found))))

    with tempfile.TemporaryDirectory() as folder:
        template = pathlib.Path(folder) / "template.pot"
        made = run(
            "xgettext",
            "--from-code=UTF-8",
            f"--directory={TOP}",
            "-f",
            PO / "POTFILES.in",
            "-o",
            template,
            *(f"--keyword={word}" for word in KEYWORDS),
        )
        tap.ok(made.returncode == 0, "the strings can be read", made.stdout)
        for language in lines(PO / "LINGUAS"):
            catalog = PO / f"{language}.po"
            checked = run("msgfmt", "--check", "--check-accelerators=_", "-o", "/dev/null", catalog)
            tap.ok(checked.returncode == 0, f"{language}: well-formed", checked.stdout)
            compared = run("msgcmp", catalog, template)
            tap.ok(compared.returncode == 0, f"{language}: complete", compared.stdout)
            check_help(tap, language)
    tap.finish()


main()
