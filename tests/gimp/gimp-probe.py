# SPDX-License-Identifier: GPL-3.0-or-later
"""gimp-probe.py NAME: runs the test NAME of the plug-in gimp-probe in GIMP."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import run_probe

run_probe("gimp-probe-" + sys.argv[1], timeout=7200)
