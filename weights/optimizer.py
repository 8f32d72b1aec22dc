# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon (momentum, orthogonalised by Newton-Schulz) for the inner convolutions, AdamW for everything else."""
import torch


def orthogonal(g, steps=5):
    """The nearest semi-orthogonal matrix, roughly (Jordan's quintic iteration, singular values end in 0.7..1.2)."""
    x = g.bfloat16()
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    x = (x / (x.norm() + 1e-7)).contiguous()
    for _ in range(steps):
        a = x @ x.T
        x = torch.addmm(x, torch.addmm(a, a, a, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Steps scaled to a root mean square of 0.2 lr per weight, as AdamW's are, so that both take the same lr."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0, pool=None):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))
        self.map = pool.map if pool else map

    @torch.no_grad()
    def update(self, group, p):
        m = self.state[p].setdefault('momentum', torch.zeros_like(p))
        m.lerp_(p.grad, 1 - group['momentum'])
        flat = torch.lerp(p.grad, m, group['momentum']).flatten(1)
        o = orthogonal(flat) * (0.2 * max(flat.shape) ** 0.5)
        p.mul_(1 - group['lr'] * group['weight_decay']).add_(o.to(p.dtype).view(p.shape), alpha=-group['lr'])

    def step(self):
        for group in self.param_groups:
            list(self.map(lambda p: self.update(group, p), [p for p in group['params'] if p.grad is not None]))


def make(net, lr, kind, pool=None):
    """The optimizers of a UNet; kind `muon` or `adamw`. pool: threads that share the matrices."""
    inner, rest = [], []
    for name, p in net.named_parameters():
        (inner if kind == 'muon' and p.ndim == 4 and not name.startswith(('conv_in', 'conv_out')) else rest).append(p)
    fused = all(p.device.type in ('cuda', 'cpu') for p in rest)
    adam = torch.optim.AdamW(rest, lr=lr, weight_decay=1e-4, betas=(0.9, 0.99), fused=fused)
    return [Muon(inner, lr, weight_decay=1e-2, pool=pool), adam] if inner else [adam]
