# SPDX-License-Identifier: GPL-3.0-or-later
"""The forward process (T = 1000, linear betas, real-valued t), the v-objective and its weights."""
import math
import torch

T, BETA_START, BETA_END = 1000, 1e-4, 0.02
LOG_ABAR = torch.cumsum(torch.log1p(-torch.linspace(BETA_START, BETA_END, T, dtype=torch.float64)), 0).float()
SIGMA = 2 / 255  # one 8-bit level in the network's range -1..1
START = 850  # above it x_t tells next to nothing (its noise has a sigma of 37 or more, the picture lies in -1..1): the estimate is what looks show


def abar(t):
    """t (B) in 0..T-1 -> the share of the picture's variance left, interpolated in log space, shape (B,1,1,1)."""
    table = LOG_ABAR.to(t.device)
    i = t.floor().long().clamp(0, T - 2)
    f = t - i
    return torch.exp(table[i] * (1 - f) + table[i + 1] * f)[:, None, None, None]


def matched(sigma):
    """sigma (B) in the range -1..1 -> (t, abar) at which x_t / sqrt(abar) carries that noise."""
    log = -torch.log1p(sigma * sigma)
    table = LOG_ABAR.to(sigma.device)
    i = (torch.searchsorted(-table, -log) - 1).clamp(0, T - 2)
    t = i + (table[i] - log) / (table[i] - table[i + 1])
    return t.clamp(min=0), torch.exp(log)[:, None, None, None]


def estimate(x_t, v, ab):
    """The picture x_0 that belongs to x_t and v."""
    return ab.sqrt() * x_t - (1 - ab).sqrt() * v


def fill_times(b, device):
    """Times for samples with a hole: over the whole path, with weight on its start, where the hole's content is decided."""
    u = torch.rand(b, device=device)
    return torch.where(torch.rand(b, device=device) < 0.5, START + (T - 1 - START) * u, (T - 1) * u)


def noise_levels(b, device):
    """Standard deviations for samples without known pixels: log-uniform, sigma_8bit 1..5 for a quarter, 5..80 for the rest."""
    u, low = torch.rand(b, device=device), torch.rand(b, device=device) < 0.25
    return SIGMA * torch.where(low, torch.exp(u * math.log(5)), 5 * torch.exp(u * math.log(16)))


class Balance:
    """Weights 1 / (expected loss) per class of sample, so that every noise level and hole size counts by its relative error (decibels)
    and not by how hard it is. The expectation is a running mean; its table is part of a checkpoint."""

    def __init__(self, classes, device, rate=0.02):
        self.table, self.rate = torch.full((classes,), 0.2, device=device), rate

    def weight(self, k):
        return 1 / self.table[k]

    def learn(self, loss, k):
        n = torch.zeros_like(self.table).index_add_(0, k, torch.ones_like(loss))
        mean = torch.zeros_like(self.table).index_add_(0, k, loss) / n.clamp(min=1)
        self.table += (1 - (1 - self.rate) ** n) * (mean - self.table)
