# SPDX-License-Identifier: GPL-3.0-or-later
"""SiLU(GroupNorm(x + e)) in one operation: compiled from norm_silu.c where that helps (CPU, bfloat16, a C compiler), PyTorch's elsewhere.

python3 fused.py     compares both, values and gradients, and times them
"""
import ctypes, hashlib, os, subprocess, tempfile, warnings
import torch
import torch.nn.functional as F
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


def _load():
    """Compiles norm_silu.c into the user's cache; None where that fails."""
    source = open(HERE + '/norm_silu.c', 'rb').read()
    cache = os.path.join(os.environ.get('XDG_CACHE_HOME', os.path.expanduser('~/.cache')), 'gimp-diffusion')
    cpu = (
        next((line for line in open('/proc/cpuinfo') if line.startswith('flags')), '')
        if os.path.exists('/proc/cpuinfo')
        else ''
    )
    path = '%s/norm_silu-%s.so' % (cache, hashlib.sha256(source + cpu.encode()).hexdigest()[:16])
    try:
        if not os.path.exists(path):
            os.makedirs(cache, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as d:
                subprocess.run(
                    ['cc', '-O3', '-march=native', '-shared', '-fPIC', '-o', d + '/a.so', HERE + '/norm_silu.c', '-lm'],
                    check=True,
                    capture_output=True,
                )
                os.replace(d + '/a.so', path)
        lib = ctypes.CDLL(path)
    except (OSError, subprocess.CalledProcessError) as e:
        warnings.warn('norm_silu.c not compiled, training will be slower: %s' % e)
        return None
    lib.norm_silu_forward.argtypes = [ctypes.c_void_p] * 7 + [ctypes.c_long] * 4 + [ctypes.c_float]
    lib.norm_silu_backward.argtypes = [ctypes.c_void_p] * 12 + [ctypes.c_long] * 4
    return lib


_lib = False  # not tried yet


class _NormSilu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, e, weight, bias, groups, eps):
        n, c, h, w = x.shape
        x = x.contiguous(memory_format=torch.channels_last)
        e = e.float().contiguous() if e is not None else None
        y = torch.empty_like(x)
        stats = torch.empty(2, n, groups)
        _lib.norm_silu_forward(
            x.data_ptr(),
            e.data_ptr() if e is not None else None,
            weight.data_ptr(),
            bias.data_ptr(),
            y.data_ptr(),
            stats[0].data_ptr(),
            stats[1].data_ptr(),
            n,
            h * w,
            c,
            groups,
            eps,
        )
        ctx.save_for_backward(x, e, weight, bias, stats)
        ctx.groups = groups
        return y

    @staticmethod
    def backward(ctx, dy):
        x, e, weight, bias, stats = ctx.saved_tensors
        n, c, h, w = x.shape
        dy = dy.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        dx, d = torch.empty_like(x), torch.zeros(2, c)
        de = torch.empty_like(e) if e is not None else None
        work = torch.empty(h * w * c)
        _lib.norm_silu_backward(
            dy.data_ptr(),
            x.data_ptr(),
            e.data_ptr() if e is not None else None,
            weight.data_ptr(),
            bias.data_ptr(),
            stats[0].data_ptr(),
            stats[1].data_ptr(),
            dx.data_ptr(),
            de.data_ptr() if e is not None else None,
            d[0].data_ptr(),
            d[1].data_ptr(),
            work.data_ptr(),
            n,
            h * w,
            c,
            ctx.groups,
        )
        return dx, de, d[0], d[1], None, None


def norm_silu(x, norm, e=None):
    """x (B,C,H,W), norm an nn.GroupNorm (or nn.Identity), e (B,C) added to x first, or None."""
    global _lib
    if (
        isinstance(norm, nn.GroupNorm)
        and x.dtype == torch.bfloat16
        and x.device.type == 'cpu'
        and x.shape[1] % 16 == 0
        and x.shape[1] <= 2048
    ):
        if _lib is False:
            _lib = _load()
        if _lib:
            return _NormSilu.apply(x, e, norm.weight, norm.bias, norm.num_groups, norm.eps)
    if e is not None:
        x = x + e[:, :, None, None]
    return F.silu(norm(x))


def _check():
    import time

    torch.manual_seed(0)
    for n, c, s, g in ((3, 32, 9, 16), (16, 64, 32, 16), (2, 448, 8, 16)):
        norm = torch.nn.GroupNorm(g, c)
        torch.nn.init.normal_(norm.weight), torch.nn.init.normal_(norm.bias)
        x = torch.randn(n, c, s, s).bfloat16().contiguous(memory_format=torch.channels_last)
        e, dy = torch.randn(n, c), torch.randn(n, c, s, s).bfloat16().contiguous(memory_format=torch.channels_last)
        results, times = [], []
        for fast in (False, True):
            a = (x if fast else x.float()).clone().requires_grad_()
            b = e.clone().requires_grad_()
            norm.zero_grad()
            f = (lambda: norm_silu(a, norm, b)) if fast else (lambda: F.silu(norm(a + b[:, :, None, None])))
            start = time.time()
            y = f()
            y.backward(dy.to(y.dtype))
            times.append(time.time() - start)
            results.append([v.float().clone() for v in (y.detach(), a.grad, b.grad, norm.weight.grad, norm.bias.grad)])
        print(
            (n, c, s, g),
            'relative differences',
            ['%.1e' % ((u - v).norm() / u.norm()).item() for u, v in zip(*results)],
            'ms',
            ['%.1f' % (1e3 * t) for t in times],
        )


if __name__ == '__main__':
    torch.set_num_threads(1)
    _check()
