#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-encodes photographs smaller (4:4:4) so that they travel to a machine with a size limit:

python3 pack.py PHOTOS OUT [LONG_SIDE QUALITY]     default 768 pixels, quality 82
"""
import glob, os, sys
from PIL import Image


def main(source, out, side=768, quality=82):
    os.makedirs(out, exist_ok=True)
    total = 0
    for f in sorted(glob.glob(source + '/*.jpg')):
        im = Image.open(f).convert('RGB')
        im.thumbnail((side, side), Image.LANCZOS)
        path = os.path.join(out, os.path.basename(f))
        im.save(path, quality=quality, subsampling=0)
        total += os.path.getsize(path)
    print('%.1f MiB' % (total / 2**20))


if __name__ == '__main__':
    main(*sys.argv[1:3], *map(int, sys.argv[3:5]))
