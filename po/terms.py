#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""terms.py [LANGUAGE...]: where our catalogue says another word than GIMP's own for the same English one, without
mnemonics: a line each, language, English, ours, GIMP's. For those who translate; some differences are meant.

  sh tests/in-debian.sh python3 po/terms.py de fr"""
import gettext
import pathlib
import re
import subprocess
import sys
import tempfile

PO = pathlib.Path(__file__).resolve().parent
DOMAINS = ("gimp30-libgimp", "gimp30", "gimp30-std-plug-ins")


def plain(label):
    """Without a mnemonic and what only says that a dialog follows."""
    return re.sub(r"\(_.\)|_|…$|:$", "", label).strip()


def catalog_of(language):
    with tempfile.NamedTemporaryFile(suffix=".mo") as file:
        subprocess.run(["msgfmt", PO / f"{language}.po", "-o", file.name], check=True)
        with open(file.name, "rb") as written:
            return gettext.GNUTranslations(written)._catalog  # the only way to go through it


def main():
    listed = [line for line in (PO / "LINGUAS").read_text().splitlines() if line and not line.startswith("#")]
    for language in sys.argv[1:] or listed:
        ours = {plain(key): plain(value) for key, value in catalog_of(language).items() if isinstance(key, str) and key}
        for domain in DOMAINS:
            gimp = gettext.translation(domain, languages=[language], fallback=True)
            for key, value in getattr(gimp, "_catalog", {}).items():
                if not isinstance(key, str) or plain(key) not in ours:
                    continue
                own = ours.pop(plain(key))
                if own.lower() != plain(value).lower():
                    print(f"{language}\t{plain(key)}\t{own}\t{plain(value)}")


main()
