#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""headers.py SOURCE_ROOT CC...: every source names its licence, and every header of
ours compiles alone. Speaks TAP."""
import glob
import os
import subprocess
import sys

root, compiler = sys.argv[1], sys.argv[2:]
folders = ('core', 'plugin', 'ui', 'weights', 'tests', 'po')
flags = subprocess.run(
    ['pkg-config', '--cflags', 'gimpui-3.0', 'gegl-0.4', 'json-glib-1.0'], text=True, capture_output=True, check=True
)
flags = flags.stdout.split() + ['-I' + os.path.join(root, d) for d in ('core', 'ui', 'plugin', 'tests')]
kinds = ('.c', '.h', '.py', '.sh', 'meson.build')

sources = sorted(
    f for d in folders for f in glob.glob(os.path.join(root, d, '**', '*'), recursive=True) if f.endswith(kinds)
)
headers = [f for f in sources if f.endswith('.h')]
print('1..%d' % (1 + len(headers)))

silent = [
    os.path.relpath(f, root)
    for f in sources
    if 'SPDX-License-Identifier: GPL-3.0-or-later' not in open(f, encoding='utf-8').read(1000)
]
print('%s 1 - every source names its licence %s' % ('not ok' if silent or not sources else 'ok', ' '.join(silent)))

for n, header in enumerate(headers, 2):
    r = subprocess.run(
        compiler + flags + ['-fsyntax-only', '-Werror', '-x', 'c', '-'],
        text=True,
        capture_output=True,
        input='#include "%s"\n' % header,
    )
    print('%s %d - %s compiles alone' % ('not ok' if r.returncode else 'ok', n, os.path.relpath(header, root)))
    sys.stdout.write(''.join('# %s\n' % line for line in r.stderr.splitlines()))
