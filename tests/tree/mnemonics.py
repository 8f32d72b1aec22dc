# SPDX-License-Identifier: GPL-3.0-or-later
"""In no dialog, in no language, two things answer to the same key; GIMP's own buttons count as well, by its own
catalogues where they are."""
import sys
import collections
import gettext
import pathlib
import subprocess
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]

# What can be seen at the same time. Labels of arguments stand in plugin/arguments.c.
COMMON = ("Ste_ps", "Sa_mpler", "S_eed", "_New Seed", "O_utput", "M_odel", "Ad_vanced")
FILES = ("Pictur_es in", "File _names", "O_utput folder", "Replace e_xisting results", "Ste_ps", "M_odel", "Ad_vanced")
DENOISE = (
    "_Denoise",
    "No_ise level",
    "Me_asured in the picture",
    "_Fixed level (0–255)",
    "Share of the model’s noise ran_ge",
    "Luminance",
    "Chroma",
    "_Keep detail",
)
WINDOWS = {
    "Inpaint": COMMON
    + (
        "_Inpaint",
        "_What is there",
        "Grow _by",
        "_Feather its edge",
        "Sample merge_d",
        "Con_tent from",
        "Cop_y from",
        "Step spacin_g",
        "DDIM noise",
        "Resampling p_asses",
        "_Jump length",
        "_Known pixels",
        "Conte_xt",
    ),
    "Denoise": COMMON + DENOISE + ("Previe_w", "Me_thod"),
    "Inpaint Files": FILES
    + (
        "_Inpaint",
        "Mas_k suffix",
        "_What is there",
        "Grow _by",
        "_Feather its edge",
        "Con_tent from",
    ),
    "Denoise Files": FILES + DENOISE,
    "menu": ("_Inpaint Selection…", "_Denoise…", "Inpaint _Files…", "De_noise Files…"),
    "progress": ("_Cancel", "_Stop Here and Keep This"),
    "results": ("_Try Another", "_Discard", "_Keep", "Hold to See the _Original"),
}
# Of GimpProcedureDialog.
GIMP = ("_Help", "_Reset", "_Cancel", "_Load Saved Settings", "_Save Settings")


def catalog(language):
    """Our strings in the language, and GIMP's."""
    if not language:
        return gettext.NullTranslations(), gettext.NullTranslations()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "catalog.mo"
        subprocess.run(["msgfmt", TOP / "po" / f"{language}.po", "-o", path], check=True)
        with open(path, "rb") as file:
            ours = gettext.GNUTranslations(file)
    return ours, gettext.translation("gimp30-libgimp", languages=[language], fallback=True)


def keys(labels):
    found = collections.defaultdict(list)
    for label in labels:
        if "_" in label:
            found[label[label.index("_") + 1].lower()].append(label)
    return found


def main():
    tap = Tap()
    languages = ["", *(line for line in (TOP / "po" / "LINGUAS").read_text().splitlines() if line[:1] not in ("", "#"))]
    for language in languages:
        ours, gimp = catalog(language)
        for name, labels in WINDOWS.items():
            shown = [ours.gettext(label) for label in labels]
            buttons = [gimp.gettext(label) for label in GIMP] if "_Inpaint" in labels or "_Denoise" in labels else []
            # Two of GIMP's own buttons that share a key are GIMP's affair.
            double = {
                key: found
                for key, found in keys(shown + buttons).items()
                if len(found) > 1 and not set(found) <= set(buttons)
            }
            tap.ok(not double, f"{language or 'en'}, {name}: one key, one thing", double)
    sources = "".join(path.read_text() for folder in ("plugin", "ui") for path in (TOP / folder).glob("*.c"))
    lost = [label for labels in WINDOWS.values() for label in labels if f'"{label}"' not in sources]
    tap.ok(not lost, "the labels are those of the sources", lost)
    tap.finish()


main()
