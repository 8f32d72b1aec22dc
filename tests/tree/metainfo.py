#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""metainfo.py METAINFO VERSION: what software centres are told, as it is installed, is what AppStream asks for,
in every language; its icon and the Flatpak's and the Debian package's names and versions go with it. Speaks TAP."""
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]
# What gettext makes of a locale's name in XML.
TAGS = {"pt_BR": "pt-BR", "zh_CN": "zh-Hans-CN"}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def main():
    path, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    tap = Tap()
    # The project has no page of its own yet.
    override = "--override=url-homepage-missing=info"
    told = subprocess.run(
        ["appstreamcli", "validate", "--no-net", override, path], capture_output=True, text=True, check=False
    )
    tap.ok(told.returncode == 0, "AppStream takes it", told.stdout + told.stderr)

    component = ElementTree.parse(path).getroot()
    name = component.findtext("id")
    languages = [line for line in (TOP / "po" / "LINGUAS").read_text().splitlines() if line[:1] not in ("", "#")]
    for what in ("summary", "description/p"):
        texts = component.findall(what)
        english = [text for text in texts if LANGUAGE not in text.attrib]
        for language in languages:
            found = [text for text in texts if text.get(LANGUAGE) == TAGS.get(language, language)]
            tap.ok(english and len(found) == len(english), f"{what} in {language}", ElementTree.tostring(component))
    newest = component.find("releases/release").get("version")
    tap.ok(newest == version, "its newest release is this one", f"{newest}, not {version}")

    icon = ElementTree.parse(TOP / "plugin" / f"{component.findtext('icon')}.svg").getroot()
    tap.ok(icon.tag == "{http://www.w3.org/2000/svg}svg" and icon.get("viewBox") == "0 0 128 128", "its icon is there")

    manifest = (TOP / "plugin" / f"{name}.yaml").read_text()
    tap.ok(f"\nid: {name}\n" in manifest, "the Flatpak has its name")
    archives = manifest.count("type: archive")
    hashes = len(re.findall(r"^ +sha256: [0-9a-f]{64}$", manifest, re.M))
    tap.ok(
        archives and archives == hashes, "what the Flatpak fetches is pinned", f"{archives} archives, {hashes} hashes"
    )

    packaged = (TOP / "debian" / "changelog").read_text().partition("(")[2].partition("-")[0]
    tap.ok(packaged == version, "the Debian package has its version", packaged)
    needed = re.findall(r"^ ([\w.+-]+)", (TOP / "debian/control").read_text().partition("Standards-Version")[0], re.M)
    listed = (TOP / "tests/package-packages.txt").read_text().split()
    missing = [n for n in needed if n.replace("debhelper-compat", "debhelper") not in listed]
    tap.ok(needed and not missing, "tests/package-packages.txt has what the Debian package needs", missing)
    tap.finish()


main()
