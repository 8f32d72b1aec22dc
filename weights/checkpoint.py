# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: one dictionary in parts of a chosen size, written beside the old one and put in its place by one rename."""
import hashlib, io, json, os, shutil
import torch


def write_parts(folder, state, part_mib=0):
    """state -> folder/part.000… and folder/index.json."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data, new, old = buffer.getbuffer(), folder + '.new', folder + '.old'
    size = int(part_mib * 2**20) or len(data)
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    names = []
    for i in range(0, len(data), size):
        names.append('part.%03d' % len(names))
        with open('%s/%s' % (new, names[-1]), 'wb') as f:
            f.write(data[i : i + size])
    with open(new + '/index.json', 'w') as f:
        json.dump({'parts': names, 'sha256': hashlib.sha256(data).hexdigest(), 'step': state['step']}, f)
    shutil.rmtree(old, ignore_errors=True)
    if os.path.isdir(folder):
        os.rename(folder, old)
    os.rename(new, folder)
    shutil.rmtree(old, ignore_errors=True)


def read_parts(folder, device='cpu'):
    """The dictionary back, or None where there is none. A run cut off between the two renames is made good."""
    for f in (folder, folder + '.new', folder + '.old'):
        if os.path.exists(f + '/index.json'):
            index = json.load(open(f + '/index.json'))
            data = b''.join(open('%s/%s' % (f, n), 'rb').read() for n in index['parts'])
            if hashlib.sha256(data).hexdigest() == index['sha256']:
                return torch.load(io.BytesIO(data), map_location=device, weights_only=True)
    return None
