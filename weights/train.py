#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the mask-aware, v-predicting U-Net on a folder of photographs, on one GPU or on the CPU; goes on where it stopped.

  CPU:  OMP_WAIT_POLICY=passive nice -n 19 python3 train.py --photos PHOTOS --out RUN --threads 1 --minutes 120 --decay 20
  GPU:  python3 train.py --photos PHOTOS --out RUN --device cuda --patch 128 --batch 192 --minutes 9 --decay 2 --compile --part-mib 15

RUN/state holds everything needed to go on exactly (weights, EMA, optimizer, balance, random numbers) and is rewritten every
--save minutes, always before the learning rate falls; the last --decay minutes lower it to zero and go into RUN/final, whose
EMA is what export.py takes. Run the same command again to continue from RUN/state; kill -TERM writes it and ends. --init takes
only the weights of a model folder. --steps instead of --minutes stops after that many steps, for tests.
"""
import argparse, copy, os, signal, time
from concurrent.futures import ThreadPoolExecutor

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--photos', required=True)
p.add_argument('--out', required=True)
p.add_argument('--device', default='cpu')
p.add_argument('--threads', type=int, default=1, help='each takes its share of every batch')
p.add_argument('--channels', default='64,96,160,192')
p.add_argument('--layers', type=int, default=2)
p.add_argument('--groups', type=int, default=4)
p.add_argument('--mid-attention', action='store_true')
p.add_argument('--unshuffle', type=int, default=2)
p.add_argument('--guess-deviation', type=float, default=0.25, help='0: no skip around the guess')
p.add_argument('--guess-sweeps', type=int, default=8, help='that smooth the guess at every scale')
p.add_argument('--patch', type=int, default=64)
p.add_argument('--batch', type=int, default=32, help='0: the largest that fits, on a GPU')
p.add_argument('--optimizer', choices=('muon', 'adamw'), default='muon')
p.add_argument('--lr', type=float, default=1e-3)
p.add_argument('--ema', type=float, default=0.999)
p.add_argument('--denoise', type=float, default=0.5, help='share of samples without known pixels (all at low noise)')
p.add_argument('--robust', type=float, default=0.2, help='share of these with clipped, correlated or compressed noise')
p.add_argument(
    '--camera', type=float, default=0.4, help='share of them with the noise of cameras and films (camera.py)'
)
p.add_argument(
    '--self-condition',
    type=float,
    default=0.5,
    help='share of samples with a hole whose guess is an estimate of the network; half of that in thin ones, which gain less',
)
p.add_argument(
    '--structure', type=float, default=0.15, help='weight of 1 - SSIM beside the squared error where t > 850; 0: none'
)
p.add_argument('--minutes', type=float, default=60)
p.add_argument('--steps', type=int, default=0)
p.add_argument('--decay', type=float, default=0, help='the last minutes, in which the learning rate falls to zero')
p.add_argument('--save', type=float, default=5, help='minutes between checkpoints')
p.add_argument('--part-mib', type=float, default=0, help='checkpoints in parts of this size')
p.add_argument('--init', help='a model folder to start from')
p.add_argument('--compile', action='store_true', help='torch.compile; pays on a GPU only')
p.add_argument('--f32', action='store_true', help='no bfloat16')
p.add_argument('--val', help='the evaluation folder: figures on a few pictures at every checkpoint')
p.add_argument('--seed', type=int, default=0)
a = p.parse_args()
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')  # spinning threads make a shared processor ten times slower
os.environ.setdefault('GOMP_SPINCOUNT', '0')

import torch  # after the environment is set
import torch.nn.functional as F
import evaluate
from camera import real
from checkpoint import read_parts, write_parts
from data import Masks, Photos, photographic
from diffusion import START, T, Balance, abar, estimate, fill_times, matched, noise_levels
from fill import fill
from optimizer import make
from similarity import similarity
from unet import Folded, cost

dev = torch.device(a.device)
cuda = dev.type == 'cuda'
torch.set_num_threads(1)  # the batch is shared out instead: nothing waits for anything within a layer
torch.manual_seed(a.seed)
if cuda:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
os.makedirs(a.out, exist_ok=True)

state = read_parts(a.out + '/state', dev)
options = (
    state['options']
    if state
    else dict(
        channels=[int(c) for c in a.channels.split(',')],
        layers=a.layers,
        groups=a.groups,
        mid_attention=a.mid_attention,
        unshuffle=a.unshuffle,
        guess_deviation=a.guess_deviation,
        guess_sweeps=a.guess_sweeps,
        self_condition=a.self_condition > 0,
    )
)
if a.init and not state:
    start = evaluate.load(a.init)
    options = dict(
        start.options,
        guess_deviation=a.guess_deviation,
        guess_sweeps=a.guess_sweeps,
        self_condition=a.self_condition > 0,
        mid_attention=start.options['mid_attention'] or a.mid_attention,
    )
model, ema = (Folded(**options).to(dev, memory_format=torch.channels_last) for _ in range(2))
if a.init and not state:
    new = model.load_state_dict(start.state_dict(), strict=False).missing_keys
    with torch.no_grad():  # attention that the folder does not have begins by adding nothing
        for name, v in model.named_parameters():
            if name in new and '.to_out.' in name:
                v.zero_()
ema.load_state_dict(model.state_dict())
pool = ThreadPoolExecutor(1 if cuda else a.threads)
optimizers = make(model.net, a.lr, a.optimizer, pool)
balance = Balance(16 * (1 + Masks.DEPTHS), dev)
step, log = 0, []
photos, masks = Photos(a.photos, a.patch, dev), Masks(a.patch, dev)
if state:
    model.net.load_state_dict(state['net']), ema.net.load_state_dict(state['ema'])
    for o, s in zip(optimizers, state['optimizers']):
        o.load_state_dict(s)
    balance.table, step, log = state['balance'], state['step'], state['log']
sweeps = options.get('guess_sweeps', 0)  # a state of before there were any has none
own_share = a.self_condition if options.get('self_condition') else 0
weights, averages = ([v for v in m.state_dict().values()] for m in (model, ema))
core = torch.compile(model) if a.compile else model


def twin(model):
    """The same weights, not a copy, with gradients of its own."""
    other = copy.deepcopy(model)
    for p, q in zip(model.parameters(), other.parameters()):
        q.data = p.data
    return other


replicas = [core] + [twin(model) for _ in range(0 if cuda else a.threads - 1)]
print(
    '%s; %d masks; %.2f M parameters, %.3f MMAC per pixel; step %d'
    % (photos.about, len(masks.bank), sum(v.numel() for v in weights) / 1e6, cost(Folded(**options)) / 1e6, step),
    flush=True,
)
if state:  # last: all the above drew random numbers
    torch.set_rng_state(state['rng'].cpu())
    if cuda and state['cuda_rng'] is not None:
        torch.cuda.set_rng_state(state['cuda_rng'].cpu())


def batch():
    """x, x_t, y, m, t, abar, noise, estimates as guess, class of the balance. Samples without known pixels come first."""
    b, free = a.batch, round(a.batch * a.denoise)
    x, gray = photos.crops(b, a.patch)
    e = torch.randn_like(x)
    e = torch.where(gray, e[:, :1], e)
    hole, depth = masks(b - free)
    m = torch.cat([torch.ones(free, 1, a.patch, a.patch, device=dev), hole])
    sigma = noise_levels(free, dev)
    odd, camera = round(free * a.robust), round(free * a.camera)
    if odd + camera:  # their noise is what was measured, not what was added
        e = e.clone()
        d = x[:0]
        if odd:
            d = photographic(x[:odd], e[:odd] * sigma[:odd, None, None, None]) - x[:odd]
        if camera:
            y, clean = real(x[odd : odd + camera])
            x[odd : odd + camera] = clean
            d = torch.cat([d, y - clean])
        odd += camera
        sigma = torch.cat([d.square().mean((1, 2, 3)).sqrt().clamp(min=0.002, max=1), sigma[odd:]])
        e[:odd] = d / sigma[:odd, None, None, None]
    t_free, ab_free = matched(sigma)
    t_fill = fill_times(b - free, dev)
    t, ab = torch.cat([t_free, t_fill]), torch.cat([ab_free, abar(t_fill)])
    y = torch.cat([torch.zeros_like(x[:free]), fill(x[free:] * (1 - hole), 1 - hole, sweeps)])
    level = (sigma / 0.0078).log2().mul(2.5).long().clamp(0, 15)
    k = torch.cat([level, 16 * (1 + depth) + (t_fill / 62.5).long().clamp(0, 15)])
    # thin holes half as often: the network gains less from a second look at them
    own = torch.cat(
        [
            torch.zeros(free, dtype=torch.bool, device=dev),
            torch.rand(b - free, device=dev) < own_share * (0.5 + 0.5 * (depth > 0)),
        ]
    )
    half = own & (k >= 16 * 3) & (torch.rand(b, device=dev) < 0.5)  # deep holes: as often from the next coarser scale
    return x, ab.sqrt() * x + (1 - ab).sqrt() * e, y, m, t, ab, e, own.int() + half.int(), k


@torch.no_grad()
def first_estimate(model, x, y, m, e):
    """The mean of what may lie in the hole, as the network sees it from noise and the guess y, the picture around it."""
    t = torch.full((len(x),), T - 1.0, device=dev)
    ab = abar(t)
    x_t = ab.sqrt() * x + (1 - ab).sqrt() * e
    with torch.autocast(dev.type, torch.bfloat16, enabled=not a.f32):
        x0 = estimate(x_t, model(x_t, y, m, t).float(), ab)
    return m * x0.clamp(-1, 1) + (1 - m) * x


def self_condition(model, x, y, m, e, own):
    """y, replaced by first estimates where `own` is 1, enlarged ones of the next coarser scale where it is 2. Their noise is that of x_t
    the other way up: as good as another."""
    e, y = e.flip(2), y.clone()
    i = (own == 1).nonzero()[:, 0]
    if len(i):
        y[i] = first_estimate(model, x[i], y[i], m[i], e[i])
    i = (own == 2).nonzero()[:, 0]
    if len(i):
        z, n, hole = F.avg_pool2d(x[i], 2), e[i, :, ::2, ::2], F.max_pool2d(m[i], 2)
        z = first_estimate(model, z, fill(z * (1 - hole), 1 - hole, sweeps), hole, n)
        y[i] = m[i] * F.interpolate(z, scale_factor=2.0, mode='bilinear') + (1 - m[i]) * x[i]
    return y


def backward(model, weight, x, x_t, y, m, t, ab, e, own, k):
    """Adds the gradients of a share of a batch; returns its samples' losses."""
    y = self_condition(model, x, y, m, e, own)
    with torch.autocast(dev.type, torch.bfloat16, enabled=not a.f32):
        v = model(x_t, y, m, t)
    w = m + 0.01 * (1 - m)  # known pixels: hardly
    error = ((v.float() - (ab.sqrt() * e - (1 - ab).sqrt() * x)).square() * w).sum((1, 2, 3)) / (3 * w.sum((1, 2, 3)))
    i = (t > START).nonzero()[:, 0] if a.structure else ()
    if len(i):  # what the user sees first: the mean of all pictures, but with their contrast
        x0 = m[i] * estimate(x_t[i], v[i].float(), ab[i]) + (1 - m[i]) * x[i]
        unlike = ((1 - similarity(x0, x[i])) * m[i]).sum((1, 2, 3)) / (3 * m[i].sum((1, 2, 3)))
        error = error.index_add(0, i, a.structure * unlike)
    (error * weight).sum().div(a.batch).backward()
    return error.detach()


def save(name):
    write_parts(
        '%s/%s' % (a.out, name),
        {
            'options': options,
            'net': model.net.state_dict(),
            'ema': ema.net.state_dict(),
            'optimizers': [o.state_dict() for o in optimizers],
            'balance': balance.table,
            'step': step,
            'log': log,
            'rng': torch.get_rng_state(),
            'cuda_rng': torch.cuda.get_rng_state() if cuda else None,
        },
        a.part_mib,
    )


def figures():
    if not a.val:
        return ''
    ema.eval()
    return '%s x0 at t = 999: %s' % (
        ' '.join(
            '%.2f' % v for v in evaluate.gaussian(ema, a.val + '/cbsd68', dev, 6, size=320, fast=not a.f32).values()
        ),
        {k: v[1:] for k, v in evaluate.holes(ema, a.val, dev, 1, 6, 192, fast=not a.f32).items()},
    )


def report():
    line = '%.1f min step %d %.1f patches/s loss %.4f fill %.4f free %.4f %s' % (
        (time.time() - begin) / 60,
        step,
        (step - first) * a.batch / (time.time() - begin),
        total.item() / max(1, since),
        balance.table[16:].mean(),
        balance.table[:16].mean(),
        figures(),
    )
    log.append(line)
    print(line, flush=True)


def largest_batch():
    """The largest batch whose gradients fit into the GPU's memory, a fifth of which stays free."""
    a.batch = 16
    while True:
        a.batch *= 2
        try:
            torch.cuda.reset_peak_memory_stats()
            samples = batch()
            backward(model, balance.weight(samples[-1]), *samples)
        except torch.cuda.OutOfMemoryError:
            return a.batch // 2
        finally:
            model.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
        if torch.cuda.max_memory_allocated() > 0.4 * torch.cuda.get_device_properties(dev).total_memory:
            return a.batch


if a.batch == 0:
    if not cuda:
        raise SystemExit('--batch 0 needs a GPU: on a CPU memory does not tell what is fast')
    a.batch = largest_batch()
    print('batch %d' % a.batch, flush=True)

begin = saved = time.time()
first, since, total = step, 0, torch.zeros((), device=dev)
decaying = False
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
while not stopping and (step - first < a.steps if a.steps else time.time() - begin < 60 * a.minutes):
    left = 1 if a.steps or not a.decay else (60 * a.minutes - (time.time() - begin)) / (60 * a.decay)
    if left < 1 and not decaying:
        save('state')
        decaying = True
    rate = a.lr * min(1, (step + 1) / 200) * max(0, min(1, left))
    for o in optimizers:
        for g in o.param_groups:
            g['lr'] = rate
    samples = batch()
    weight = balance.weight(samples[-1])
    share = lambda v: [v[i :: len(replicas)] for i in range(len(replicas))]
    error = torch.cat(list(pool.map(backward, replicas, share(weight), *map(share, samples))))
    weight, k = torch.cat(share(weight)), torch.cat(share(samples[-1]))
    balance.learn(error, k)
    for other in replicas[1:]:
        torch._foreach_add_([p.grad for p in model.parameters()], [p.grad for p in other.parameters()])
        other.zero_grad(set_to_none=True)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for o in optimizers:
        o.step()
        o.zero_grad(set_to_none=True)
    step, since = step + 1, since + 1
    total += (error * weight).mean()
    with torch.no_grad():
        torch._foreach_lerp_(averages, weights, 1 - min(a.ema, (1 + step) / (10 + step)))
    if time.time() - saved > 60 * a.save:
        report()
        save('final' if decaying else 'state')
        total.zero_()
        saved, since = time.time(), 0
if stopping:
    print('stopped at step %d%s' % (step, ', RUN/state is from before the decay' if decaying else ''), flush=True)
else:
    report()
if not (stopping and decaying):
    save('final' if decaying else 'state')
