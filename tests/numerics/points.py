#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each point of reference.POINTS alone: what one layer makes of what went into
it, spelled out below in loops over NumPy arrays that share no code with either
network. core/ and reference.py must both agree with it, each on its own maps, and
a network that has the point wrong must not. Speaks TAP.
"""
import math
import sys

import numpy as np

import networks
import reference

SIZE = (8, 12)
SAME, OTHER = 2e-5, 1e-2


# --- The arithmetic, in loops -------------------------------------------------


def convolve(x, weight, bias, stride=1, before=1, after=1):
    """Zeros before the first and after the last row and column."""
    n_out, n_in, side, _ = weight.shape
    x = np.pad(x, ((0, 0), (before, after), (before, after)))
    height, width = ((n - side) // stride + 1 for n in x.shape[1:])
    out = np.zeros((n_out, height, width)) + bias[:, None, None]
    for row in range(height):
        for column in range(width):
            window = x[:, row * stride : row * stride + side, column * stride : column * stride + side]
            for o in range(n_out):
                out[o, row, column] += (weight[o] * window).sum()
    return out


def normalise(x, groups, weight, bias, eps):
    out = np.zeros(x.shape)
    size = len(x) // groups
    for g in range(groups):
        values = x[g * size : (g + 1) * size]
        mean = values.sum() / values.size
        variance = ((values - mean) ** 2).sum() / values.size
        out[g * size : (g + 1) * size] = (values - mean) / math.sqrt(variance + eps)
    return out * weight[:, None, None] + bias[:, None, None]


def silu(x):
    return x / (1 + np.exp(-x))


def relu(x):
    return np.where(x > 0, x, 0)


def mean_of_four(x):
    return (x[:, 0::2, 0::2] + x[:, 0::2, 1::2] + x[:, 1::2, 0::2] + x[:, 1::2, 1::2]) / 4


def four_times(x):
    out = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2]))
    for row in range(out.shape[1]):
        for column in range(out.shape[2]):
            out[:, row, column] = x[:, row // 2, column // 2]
    return out


def attend(x, h, heads, root, weights, divisor=1.0):
    """x: the map; h: what the queries, keys and values are made of."""
    (wq, bq), (wk, bk), (wv, bv), (wo, bo) = weights
    c, height, width = x.shape
    pixels = [h[:, i // width, i % width] for i in range(height * width)]
    q, k, v = ([w @ p + b for p in pixels] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
    out = np.zeros(x.shape)
    size = c // heads
    for i in range(len(pixels)):
        joined = np.zeros(c)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = np.array([q[i][part] @ k[j][part] / root for j in range(len(pixels))])
            shares = np.exp(scores - scores.max())
            joined[part] = sum(share * v[j][part] for j, share in enumerate(shares / shares.sum()))
        out[:, i // width, i % width] = wo @ joined + bo
    return (x + out) / divisor


def sinusoids(n, t, shift=0, flip=True):
    half = n // 2
    phases = [t * 10000 ** (-i / (half - shift)) for i in range(half)]
    sines, cosines = [math.sin(p) for p in phases], [math.cos(p) for p in phases]
    return np.array((cosines + sines if flip else sines + cosines) + [0] * (n % 2))


def fourier(w, t, flip=False):
    phases = [2 * math.pi * math.log(t) * float(v) for v in w]
    sines, cosines = [math.sin(p) for p in phases], [math.cos(p) for p in phases]
    return np.array(cosines + sines if flip else sines + cosines)


# --- One network, run by both --------------------------------------------------


class Run:
    """Weights, and the maps of both implementations: `maps` is one of them while a point is evaluated."""

    def __init__(self, t=3.5, **keys):
        self.t = t
        self.config = (
            dict(
                block_out_channels=[8, 12],
                down_block_types=['AttnDownBlock2D', 'DownBlock2D'],
                up_block_types=['UpBlock2D', 'AttnUpBlock2D'],
                layers_per_block=1,
                norm_num_groups=4,
                attention_head_dim=4,
            )
            | keys
        )
        state = reference.random_state(reference.UNet(self.config), 11)
        self.state = {name: value.double().numpy() for name, value in state.items()}
        self.x = networks.random_input(3, *SIZE, seed=5)
        self.runs = {
            'core': networks.ours(reference.DEFAULTS | self.config, state, self.x, t),
            'reference': networks.theirs(self.config, state, self.x, t),
        }
        self.maps = None

    def get(self, name):
        return self.x[0].numpy().astype(float) if name == 'input' else self.maps[name].astype(float)

    def layer(self, module):
        return self.state[module + '.weight'], self.state[module + '.bias']

    def linear(self, module, v):
        weight, bias = self.layer(module)
        return weight @ v + bias

    def norm(self, module, x, groups=4, eps=1e-5):
        return normalise(x, groups, *self.layer(module), eps)

    def conv(self, module, x, **padding):
        return convolve(x, *self.layer(module), **padding)

    def time(self, resnet, features, inner=silu, outer=silu):
        """The time projection of a residual block, from the sinusoids."""
        h = self.linear('time_embedding.linear_2', inner(self.linear('time_embedding.linear_1', features)))
        return self.linear(resnet + '.time_emb_proj', outer(h))[:, None, None]

    def attention(self, module):
        return [self.layer(module + '.' + part) for part in ('to_q', 'to_k', 'to_v', 'to_out.0')]


FIRST, MIDDLE = 'down_blocks.0.resnets.0', 'mid_block.resnets.0'


def first_conv(run, e, groups=4):
    """conv1 of the first block, whose time is made of the features e."""
    h = silu(run.norm(FIRST + '.norm1', run.get('conv_in'), groups))
    return run.conv(FIRST + '.conv1', h) + run.time(FIRST, e)


# Each yields a Run, the module that is looked at, and two functions of the run: what the
# module must return, and what it would were the point wrong.


def embedding_order():
    for n, groups in ((8, 4), (9, 3)):
        for flip in (False, True):
            run = Run(
                flip_sin_to_cos=flip, block_out_channels=[n, 12], norm_num_groups=groups, attention_head_dim=groups
            )
            features = {order: sinusoids(n, 3.5, flip=order) for order in (False, True)}
            yield (
                run,
                FIRST + '.conv1',
                lambda r: first_conv(r, features[flip], groups),
                lambda r: first_conv(r, features[not flip], groups),
            )


def embedding_frequencies():
    yield (
        Run(freq_shift=1),
        FIRST + '.conv1',
        lambda r: first_conv(r, sinusoids(8, 3.5, 1)),
        lambda r: first_conv(r, sinusoids(8, 3.5, 0)),
    )
    f = np.float32  # a frequency is rounded before it meets t, and the phase after
    exponents = [f(f(f(-math.log(10000)) * f(i)) / f(4)) for i in range(4)]
    phases = [f(f(999.25) * np.exp(e)) for e in exponents]
    e = np.array([math.cos(p) for p in phases] + [math.sin(p) for p in phases])
    yield Run(t=999.25), FIRST + '.conv1', lambda r: first_conv(r, e), lambda r: first_conv(r, sinusoids(8, 998.25))


def fourier_embedding():
    for flip in (False, True):
        yield (
            Run(time_embedding_type='fourier', flip_sin_to_cos=flip),
            FIRST + '.conv1',
            lambda r: first_conv(r, fourier(r.state['time_proj.weight'], 3.5)),
            lambda r: first_conv(r, fourier(r.state['time_proj.weight'], 3.5, flip=True)),
        )


def last(r, act=silu, eps=1e-5):
    return r.conv('conv_out', act(r.norm('conv_norm_out', r.get('up_blocks.1.attentions.1'), eps=eps)))


def fourier_division():
    yield Run(time_embedding_type='fourier'), 'conv_out', lambda r: last(r) / 3.5, last


def out_activation():
    yield Run(act_fn='relu'), 'conv_out', last, lambda r: last(r, relu)


def group_norm():
    yield Run(norm_eps=0.5), 'conv_out', lambda r: last(r, eps=0.5), lambda r: last(r, eps=0.25)


def time_activation():
    def conv(r, inner, outer):
        h = relu(r.norm(FIRST + '.norm1', r.get('conv_in')))
        return r.conv(FIRST + '.conv1', h) + r.time(FIRST, sinusoids(8, 3.5), inner, outer)

    run = Run(act_fn='relu')
    yield run, FIRST + '.conv1', lambda r: conv(r, silu, relu), lambda r: conv(r, relu, relu)
    yield run, FIRST + '.conv1', lambda r: conv(r, silu, relu), lambda r: conv(r, silu, silu)


def block_end(r, h, x, name=FIRST, divisor=1.0):
    return (x + r.conv(name + '.conv2', silu(h))) / divisor


def time_addition():
    yield (
        Run(),
        FIRST,
        lambda r: block_end(r, r.norm(FIRST + '.norm2', r.get(FIRST + '.conv1')), r.get('conv_in')),
        lambda r: block_end(
            r, r.norm(FIRST + '.norm2', r.get(FIRST + '.conv1') - r.time(FIRST, sinusoids(8, 3.5))), r.get('conv_in')
        ),
    )


def scale_shift():
    def modulated(r, first, second):
        e = r.time(FIRST, sinusoids(8, 3.5))
        h = r.norm(FIRST + '.norm2', r.get(FIRST + '.conv1'))
        return block_end(r, h * (1 + e[first]) + e[second], r.get('conv_in'))

    yield (
        Run(resnet_time_scale_shift='scale_shift'),
        FIRST,
        lambda r: modulated(r, slice(0, 8), slice(8, 16)),
        lambda r: modulated(r, slice(8, 16), slice(0, 8)),
    )


def padded(before, after):
    down = 'down_blocks.0.downsamplers.0.conv'
    return lambda r: r.conv(down, r.get('down_blocks.0.attentions.0'), stride=2, before=before, after=after)


def padding_1():
    yield Run(downsample_padding=1), 'down_blocks.0.downsamplers.0.conv', padded(1, 0), lambda r: padded(0, 1)(r)


def padding_0():
    yield Run(downsample_padding=0), 'down_blocks.0.downsamplers.0.conv', padded(0, 1), lambda r: padded(1, 0)(r)


def upsample_conv():
    up = 'up_blocks.0.upsamplers.0.conv'
    yield (
        Run(),
        up,
        lambda r: r.conv(up, four_times(r.get('up_blocks.0.resnets.1'))),
        lambda r: four_times(r.conv(up, r.get('up_blocks.0.resnets.1'))),
    )


def resized(source, module, resize, **keys):
    """The three maps of a residual block that changes the size."""
    e = sinusoids(8, 3.5)
    norm1, conv1 = module + '.norm1', module + '.conv1'
    run = Run(**keys)
    yield (
        run,
        module + '.hidden',
        lambda r: resize(silu(r.norm(norm1, r.get(source)))),
        lambda r: resize(r.norm(norm1, r.get(source))),
    )
    yield (
        run,
        conv1,
        lambda r: r.conv(conv1, resize(silu(r.norm(norm1, r.get(source))))) + r.time(module, e),
        lambda r: resize(r.conv(conv1, silu(r.norm(norm1, r.get(source))))) + r.time(module, e),
    )
    yield (
        run,
        module,
        lambda r: block_end(r, r.norm(module + '.norm2', r.get(conv1)), resize(r.get(source)), module),
        lambda r: block_end(
            r, r.norm(module + '.norm2', r.get(conv1)), resize(silu(r.norm(norm1, r.get(source)))), module
        ),
    )


def resnet_down():
    yield from resized(
        'down_blocks.0.attentions.0', 'down_blocks.0.downsamplers.0', mean_of_four, downsample_type='resnet'
    )
    yield from resized(
        'down_blocks.0.resnets.0',
        'down_blocks.0.downsamplers.0',
        mean_of_four,
        down_block_types=['ResnetDownsampleBlock2D', 'DownBlock2D'],
    )


def resnet_up():
    yield from resized(
        'up_blocks.0.resnets.1',
        'up_blocks.0.upsamplers.0',
        four_times,
        up_block_types=['ResnetUpsampleBlock2D', 'UpBlock2D'],
    )
    yield from resized(
        'up_blocks.0.attentions.1',
        'up_blocks.0.upsamplers.0',
        four_times,
        up_block_types=['AttnUpBlock2D', 'UpBlock2D'],
        upsample_type='resnet',
    )


def plain_samplers():
    run = Run(
        down_block_types=['DownBlock2D'] * 2,
        up_block_types=['UpBlock2D'] * 2,
        downsample_type='resnet',
        upsample_type='resnet',
    )
    down, up = 'down_blocks.0.downsamplers.0.conv', 'up_blocks.0.upsamplers.0.conv'
    yield (run, down, lambda r: r.conv(down, r.get(FIRST), stride=2, after=0), lambda r: mean_of_four(r.get(FIRST)))
    yield (
        run,
        up,
        lambda r: r.conv(up, four_times(r.get('up_blocks.0.resnets.1'))),
        lambda r: four_times(r.get('up_blocks.0.resnets.1')),
    )


def skip_order():
    name = 'up_blocks.1.resnets.0'

    def conv(r, *order):
        h = np.concatenate([r.get(m) for m in order])
        return r.conv(name + '.conv1', silu(r.norm(name + '.norm1', h))) + r.time(name, sinusoids(8, 3.5))

    def whole(r, *order):
        h = np.concatenate([r.get(m) for m in order])
        return block_end(
            r,
            r.norm(name + '.norm2', r.get(name + '.conv1')),
            r.conv(name + '.conv_shortcut', h, before=0, after=0),
            name,
        )

    # Widths that differ would not let themselves be exchanged.
    run = Run(block_out_channels=[8, 8])
    map_, skip = 'up_blocks.0.upsamplers.0.conv', 'down_blocks.0.attentions.0'
    yield run, name + '.conv1', lambda r: conv(r, map_, skip), lambda r: conv(r, skip, map_)
    yield run, name, lambda r: whole(r, map_, skip), lambda r: whole(r, skip, map_)
    # And the skipped maps are taken from the last to the first.
    yield (
        Run(block_out_channels=[8, 8]),
        'up_blocks.1.resnets.1.conv1',
        lambda r: conv_of(r, 'up_blocks.1.resnets.1', 'up_blocks.1.attentions.0', 'conv_in'),
        lambda r: conv_of(r, 'up_blocks.1.resnets.1', 'up_blocks.1.attentions.0', 'down_blocks.0.attentions.0'),
    )


def conv_of(r, name, *sources):
    h = np.concatenate([r.get(m) for m in sources])
    return r.conv(name + '.conv1', silu(r.norm(name + '.norm1', h))) + r.time(name, sinusoids(8, 3.5))


def attended(heads, root, **norm):
    name = 'down_blocks.0.attentions.0'
    return lambda r: attend(
        r.get(FIRST), r.norm(name + '.group_norm', r.get(FIRST), **norm), heads, root, r.attention(name)
    )


def attention_heads():
    name = 'down_blocks.0.attentions.0'
    yield Run(attention_head_dim=4), name, attended(2, 2), attended(4, 2)
    yield Run(attention_head_dim=None), name, attended(1, math.sqrt(8)), attended(8, math.sqrt(8))


def attention_scale():
    yield Run(attention_head_dim=4), 'down_blocks.0.attentions.0', attended(2, 2), attended(2, math.sqrt(8))


def attention_norm():
    name = 'mid_block.attentions.0'

    def middle(groups):
        return lambda r: attend(
            r.get(MIDDLE),
            r.norm(name + '.group_norm', r.get(MIDDLE), groups) if groups else r.get(MIDDLE),
            3,
            2,
            r.attention(name),
        )

    def as_if_normalised(r):
        ones = np.ones(12), np.zeros(12)
        return attend(r.get(MIDDLE), normalise(r.get(MIDDLE), 4, *ones, 1e-5), 3, 2, r.attention(name))

    yield Run(), name, middle(4), middle(None)
    yield Run(attn_norm_num_groups=2), name, middle(2), middle(4)
    yield Run(resnet_time_scale_shift='scale_shift'), name, middle(None), as_if_normalised
    yield Run(resnet_time_scale_shift='scale_shift', attn_norm_num_groups=6), name, middle(6), middle(4)
    yield (
        Run(resnet_time_scale_shift='scale_shift', attn_norm_num_groups=2),
        'down_blocks.0.attentions.0',
        attended(2, 2, groups=4),
        attended(2, 2, groups=2),
    )


def mid_scale_factor():
    run = Run(mid_block_scale_factor=2.0)
    name = 'mid_block.attentions.0'

    def block(divisor, source, resnet):
        return lambda r: block_end(
            r, r.norm(resnet + '.norm2', r.get(resnet + '.conv1')), r.get(source), resnet, divisor
        )

    def middle(divisor):
        return lambda r: attend(
            r.get(MIDDLE), r.norm(name + '.group_norm', r.get(MIDDLE)), 3, 2, r.attention(name), divisor
        )

    yield run, MIDDLE, block(2, 'down_blocks.1.resnets.0', MIDDLE), block(1, 'down_blocks.1.resnets.0', MIDDLE)
    yield run, name, middle(2), middle(1)
    yield run, 'mid_block.resnets.1', block(2, name, 'mid_block.resnets.1'), block(1, name, 'mid_block.resnets.1')


def center_input():
    yield (
        Run(center_input_sample=True),
        'conv_in',
        lambda r: r.conv('conv_in', 2 * r.get('input') - 1),
        lambda r: r.conv('conv_in', r.get('input')),
    )


def check(point):
    """What is wrong with it, in words; nothing when all is well."""
    wrong = []
    for run, module, right, mistaken in globals()[point.replace('-', '_')]():
        for who, maps in run.runs.items():
            run.maps = maps
            expected = right(run)
            error = networks.difference(run.get(module), expected)
            if not error <= SAME:
                wrong.append(f'{who} differs by {error:.1e} in {module}')
            if not networks.difference(mistaken(run), expected) >= OTHER:
                wrong.append(f'a mistake would not be seen in {module}')
    return wrong


def main():
    print(f'1..{len(reference.POINTS)}', flush=True)
    failed = 0
    for number, (point, sentence) in enumerate(reference.POINTS.items(), 1):
        wrong = check(point)
        failed += bool(wrong)
        print(
            f"{'not ok' if wrong else 'ok'} {number} - {point}",
            *(f'# {line}' for line in [sentence] + wrong),
            sep='\n',
            flush=True,
        )
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
