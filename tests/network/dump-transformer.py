#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the tensors that tests/network/test-transformer.c compares the Transformer with.

    tests/in-debian.sh python3 tests/network/dump-transformer.py
    tests/in-debian.sh python3 tests/network/dump-transformer.py --live PROGRAM

The first evaluates diffusers' DiTTransformer2DModel, written down here a second
time from the paper (Peebles and Xie 2023) and from what the released
implementation does, in plain PyTorch and double precision, on small networks with
random weights that it writes as model folders (tests/data/transformer-*). Needs
python3-torch and python3-safetensors. The results are committed; run it again only
when a case is added.

diffusers is followed where the paper's own code (facebookresearch/DiT, models.py) differs: that
has frequencies down to 10000^(-127/128) and 1e-6 in every norm. diffusers cannot put the
patches of a window that is not square together again; rows and columns are kept apart here.
SiLU stands between the two layers of the time embedding and before every modulation, the class
is added before it, and to_out has a bias whatever attention_bias says, in both.

The second does the same in a temporary folder for the networks in LIVE, and has the C
test, PROGRAM, compare itself with them.

Each point that can be got wrong without anything looking wrong has its name in
POINTS and one line below that asks for it. The reference of the first case also
holds what comes out when that one point is wrong: the C test has to tell every one
of them from the right result, or its tolerance would prove nothing.

reference.safetensors of each folder holds
    out.WIDTHxHEIGHT      the prediction for a window of that size, every
                          OUT_STEP-th value; of one pixel all values
    layer.MODULE          the tokens (channels × rows × columns) after a module, for
                          TOKENS tokens; of proj_out_2 the output, folded
    sample.MODULE         values of each at the first of SIZES, SAMPLE_STEP apart,
                          SAMPLES at most
    wrong.POINT           as out., at the first of SIZES, WRONG_STEP apart, with that
                          point wrong
"""
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = ((112, 80), (105, 73), (1, 1))
TOKENS = (7, 5)
OUT_STEP, WRONG_STEP = 11, 97
SAMPLES, SAMPLE_STEP = 64, 997
TIMESTEP = 437.25
TIME_CHANNELS = 256

# Each read once more in diffusers' source of 2025: after | the class or function that says so.
POINTS = (
    'patch-order',  # in a patch the row counts before the column | PatchEmbed.proj, a convolution
    'position-axis',  # the first half of the channels tells the column | get_2d_sincos_pos_embed: "w goes first"
    'position-sine',  # in each half sines come before cosines | get_1d_sincos_pos_embed_from_grid
    'position-span',  # any grid spans the positions of sample_size | get_2d_sincos_pos_embed, base_size
    'time-cosine',  # cosines come before sines | CombinedTimestepLabelEmbeddings: flip_sin_to_cos=True
    'time-shift',  # the frequencies end at 1 / 10000 | the same: downscale_freq_shift=1
    'time-first',  # the last norm is modulated by the first block's embedding | DiTTransformer2DModel.forward
    'class-row',  # a single class is the first row, not the one without a class | LabelEmbedding: one row more
    'heads',  # a head is a run of neighbouring channels | AttnProcessor2_0
    'attention-scale',  # the scores are divided by the root of a head's channels | Attention: dim_head ** -0.5
    'modulation-shift',  # shift comes before scale | AdaLayerNormZero: shift, scale, gate, shift, scale, gate
    'modulation-gate',  # the third vector is the attention's gate, the last the MLP's | the same
    'attention-epsilon',  # the attention's norm has 1e-6 whatever norm_eps says | AdaLayerNormZero.norm
    'mlp-epsilon',  # the MLP's norm has norm_eps | BasicTransformerBlock.norm3
    'out-epsilon',  # the last norm has 1e-6 | DiTTransformer2DModel.norm_out
    'gelu',  # by tanh, not erf | FeedForward: "gelu-approximate"
    'out-shift',  # shift comes before scale in the last modulation as well | proj_out_1 … chunk(2)
    'out-order',  # row and column in the patch count before the channel | einsum nhwpqc->nchpwq
)

SMALL = {
    # hidden size 20: padded in memory; heads of 4 channels; one class, a large norm_eps
    'transformer-plain': dict(
        num_attention_heads=5,
        attention_head_dim=4,
        in_channels=3,
        out_channels=3,
        num_layers=2,
        patch_size=4,
        sample_size=32,
        num_embeds_ada_norm=1,
        norm_eps=0.2,
    ),
    # learned variance, no biases in the attention, weights in the MLP's norm, ten classes
    'transformer-variance': dict(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=3,
        out_channels=6,
        num_layers=2,
        patch_size=2,
        sample_size=24,
        num_embeds_ada_norm=10,
        attention_bias=False,
        norm_elementwise_affine=True,
    ),
    # mask-aware, folded twice, no classes
    'transformer-conditioned': dict(
        num_attention_heads=3,
        attention_head_dim=12,
        in_channels=28,
        out_channels=12,
        num_layers=2,
        patch_size=2,
        sample_size=16,
        num_embeds_ada_norm=None,
        pixel_unshuffle=2,
        conditioning='filled-image',
    ),
    # one colour, learned variance
    'transformer-gray': dict(
        num_attention_heads=2,
        attention_head_dim=10,
        in_channels=1,
        out_channels=2,
        num_layers=1,
        patch_size=2,
        sample_size=28,
        num_embeds_ada_norm=1,
    ),
}
LIVE = {
    # as wide as the paper's smallest, DiT-S/4
    'transformer-s4': dict(
        num_attention_heads=6, attention_head_dim=64, num_layers=2, patch_size=4, sample_size=64, num_embeds_ada_norm=1
    ),
    'transformer-patch1': dict(
        num_attention_heads=1,
        attention_head_dim=8,
        in_channels=48,
        out_channels=48,
        num_layers=1,
        patch_size=1,
        sample_size=16,
        num_embeds_ada_norm=2,
        norm_eps=1e-3,
        pixel_unshuffle=4,
    ),
    'transformer-patch3': dict(
        num_attention_heads=2,
        attention_head_dim=18,
        num_layers=2,
        patch_size=3,
        sample_size=31,
        num_embeds_ada_norm=None,
        attention_bias=False,
    ),
    'transformer-patch16': dict(
        num_attention_heads=4,
        attention_head_dim=24,
        num_layers=6,
        patch_size=16,
        sample_size=256,
        num_embeds_ada_norm=1000,
        out_channels=6,
        norm_elementwise_affine=True,
    ),
    'transformer-masked': dict(
        num_attention_heads=3,
        attention_head_dim=8,
        in_channels=7,
        num_layers=2,
        patch_size=8,
        sample_size=64,
        num_embeds_ada_norm=1,
        conditioning='masked-image',
    ),
    'transformer-folded': dict(
        num_attention_heads=5,
        attention_head_dim=12,
        in_channels=27,
        out_channels=54,
        num_layers=2,
        patch_size=2,
        sample_size=20,
        num_embeds_ada_norm=1,
        pixel_unshuffle=3,
    ),
    # x_t, guess and mask of one colour
    'transformer-gray-conditioned': dict(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=12,
        out_channels=4,
        num_layers=2,
        patch_size=2,
        sample_size=14,
        num_embeds_ada_norm=None,
        pixel_unshuffle=2,
        conditioning='filled-image',
    ),
}
DTYPES = {
    'transformer-plain': torch.float32,
    'transformer-variance': torch.bfloat16,
    'transformer-conditioned': torch.float16,
}
DEFAULTS = {
    '_class_name': 'DiTTransformer2DModel',
    'activation_fn': 'gelu-approximate',
    'attention_bias': True,
    'dropout': 0.0,
    'in_channels': 3,
    'out_channels': 3,
    'norm_elementwise_affine': False,
    'norm_eps': 1e-5,
    'norm_num_groups': 32,
    'norm_type': 'ada_norm_zero',
    'upcast_attention': False,
}


class Node(nn.Module):
    """A module that only holds others, so that parameters have diffusers' names."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)


def block(config):
    width = config['num_attention_heads'] * config['attention_head_dim']
    embedder = Node(linear_1=nn.Linear(TIME_CHANNELS, width), linear_2=nn.Linear(width, width))
    emb = Node(timestep_embedder=embedder)
    if config['num_embeds_ada_norm']:
        # A row more than there are classes: training drops some labels.
        emb.class_embedder = Node(embedding_table=nn.Embedding(config['num_embeds_ada_norm'] + 1, width))
    bias = config['attention_bias']
    return Node(
        norm1=Node(emb=emb, linear=nn.Linear(width, 6 * width)),
        attn1=Node(
            to_q=nn.Linear(width, width, bias),
            to_k=nn.Linear(width, width, bias),
            to_v=nn.Linear(width, width, bias),
            to_out=nn.ModuleList([nn.Linear(width, width)]),
        ),
        norm3=nn.LayerNorm(width, elementwise_affine=config['norm_elementwise_affine']),
        ff=Node(
            net=nn.ModuleList([Node(proj=nn.Linear(width, 4 * width)), nn.Identity(), nn.Linear(4 * width, width)])
        ),
    )


def norm(x, eps):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.width = config['num_attention_heads'] * config['attention_head_dim']
        self.patch = config['patch_size']
        self.wrong = None
        self.pos_embed = Node(proj=nn.Conv2d(config['in_channels'], self.width, self.patch, self.patch))
        self.transformer_blocks = nn.ModuleList(block(config) for _ in range(config['num_layers']))
        self.proj_out_1 = nn.Linear(self.width, 2 * self.width)
        self.proj_out_2 = nn.Linear(self.width, self.patch**2 * config['out_channels'])

    def right(self, point):
        assert point in POINTS
        return self.wrong != point

    def positions(self, rows, columns):
        """get_2d_sincos_pos_embed: rows × columns × width. Positions in single
        precision, phases in double, as there."""
        quarter = self.width // 4
        base = self.config['sample_size'] // self.patch
        frequencies = 10000.0 ** -(torch.arange(quarter, dtype=torch.float64) / quarter)

        def axis(n):
            step = n / base if self.right('position-span') else 1.0
            position = torch.arange(n, dtype=torch.float32) / step
            phase = position.double()[:, None] * frequencies
            parts = [phase.sin(), phase.cos()]
            return torch.cat(parts if self.right('position-sine') else parts[::-1], 1).float().double()

        halves = [axis(columns)[None].expand(rows, -1, -1), axis(rows)[:, None].expand(-1, columns, -1)]
        return torch.cat(halves if self.right('position-axis') else halves[::-1], 2)

    def embed_patches(self, x):
        weight = self.pos_embed.proj.weight
        if not self.right('patch-order'):
            weight = weight.transpose(2, 3)
        h = F.conv2d(x, weight, self.pos_embed.proj.bias, stride=self.patch)
        h = h.permute(0, 2, 3, 1)
        return h + self.positions(h.shape[1], h.shape[2])

    def embed_time(self, t, emb):
        """Timesteps(256, flip_sin_to_cos=True, downscale_freq_shift=1), in single
        precision as there, and the embedding of a block, with the class in it."""
        half = TIME_CHANNELS // 2
        exponent = -math.log(10000) * torch.arange(half, dtype=torch.float32)
        exponent = exponent / (half - (1 if self.right('time-shift') else 0))
        phase = torch.tensor([t], dtype=torch.float32)[:, None] * torch.exp(exponent)[None]
        parts = [torch.cos(phase), torch.sin(phase)]
        h = torch.cat(parts if self.right('time-cosine') else parts[::-1], 1).double()
        h = emb.timestep_embedder.linear_2(F.silu(emb.timestep_embedder.linear_1(h)))
        if hasattr(emb, 'class_embedder'):
            classes = self.config['num_embeds_ada_norm']
            row = 0 if classes == 1 and self.right('class-row') else classes
            h = h + emb.class_embedder.embedding_table.weight[row]
        return h

    def attention(self, attn, x):
        """Of rows × columns tokens; each head on its own."""
        n, rows, columns, width = x.shape
        heads = self.config['num_attention_heads']
        depth = width // heads
        split = []
        for layer in (attn.to_q, attn.to_k, attn.to_v):
            h = layer(x).view(n, rows * columns, width)
            h = (
                h.view(n, -1, heads, depth).transpose(1, 2)
                if self.right('heads')
                else h.view(n, -1, depth, heads).permute(0, 3, 1, 2)
            )
            split.append(h)
        q, k, v = split
        scale = 1 / math.sqrt(depth if self.right('attention-scale') else width)
        h = torch.softmax(q @ k.transpose(2, 3) * scale, -1) @ v
        h = (h.transpose(1, 2) if self.right('heads') else h.permute(0, 2, 3, 1)).reshape(x.shape)
        return attn.to_out[0](h)

    def mlp(self, ff, x):
        return ff.net[2](F.gelu(ff.net[0].proj(x), approximate='tanh' if self.right('gelu') else 'none'))

    def run_block(self, number, x, t, note):
        blk = self.transformer_blocks[number]
        name = f'transformer_blocks.{number}'
        eps = self.config['norm_eps']
        time = F.silu(self.embed_time(t, blk.norm1.emb))
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = blk.norm1.linear(time).chunk(6, 1)
        if not self.right('modulation-shift'):
            shift_a, scale_a, shift_m, scale_m = scale_a, shift_a, scale_m, shift_m
        if not self.right('modulation-gate'):
            gate_a, gate_m = gate_m, gate_a
        h = norm(x, 1e-6 if self.right('attention-epsilon') else eps) * (1 + scale_a) + shift_a
        x = note(name + '.attn1', x + gate_a * self.attention(blk.attn1, h))
        h = norm(x, eps if self.right('mlp-epsilon') else 1e-6)
        if self.config['norm_elementwise_affine']:
            h = h * blk.norm3.weight + blk.norm3.bias
        h = h * (1 + scale_m) + shift_m
        return note(name, x + gate_m * self.mlp(blk.ff, h))

    def forward(self, x, t, note):
        h = note('pos_embed', self.embed_patches(x))
        for number in range(len(self.transformer_blocks)):
            h = self.run_block(number, h, t, note)
        source = self.transformer_blocks[0 if self.right('time-first') else -1]
        time = F.silu(self.embed_time(t, source.norm1.emb))
        shift, scale = self.proj_out_1(time).chunk(2, 1)
        if not self.right('out-shift'):
            shift, scale = scale, shift
        h = norm(h, 1e-6 if self.right('out-epsilon') else self.config['norm_eps']) * (1 + scale) + shift
        h = self.proj_out_2(h)
        n, rows, columns, _ = h.shape
        if self.right('out-order'):
            h = h.view(n, rows, columns, self.patch, self.patch, -1)
            h = torch.einsum('nhwpqc->nchpwq', h)
        else:
            h = h.view(n, rows, columns, -1, self.patch, self.patch)
            h = torch.einsum('nhwcpq->nchpwq', h)
        return h.reshape(n, -1, rows * self.patch, columns * self.patch)


def load(folder):
    with open(os.path.join(folder, 'unet', 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    state = load_file(os.path.join(folder, 'unet', 'diffusion_pytorch_model.safetensors'))
    net = Transformer(config).double()
    net.load_state_dict({name: value.double() for name, value in state.items()})
    return net


def planes(n, width, height):
    """Numbers in −1…1 that the C test can make too, exactly."""
    i = torch.arange(n * width * height, dtype=torch.int64)
    return (((i * 2654435761 + 12345) % 2**32 >> 8).double() / 2**23 - 1).view(n, height, width)


def extend(x, width, height, mask_last):
    """Reflection, or replication where it is too small, to the right and below."""
    right, below = width - x.shape[2], height - x.shape[1]
    h = F.pad(x[None], (0, right, 0, 0), 'reflect' if right < x.shape[2] else 'replicate')
    h = F.pad(h, (0, 0, 0, below), 'reflect' if below < x.shape[1] else 'replicate')
    if mask_last:
        h[0, -1, :, x.shape[2] :] = 1
        h[0, -1, x.shape[1] :, :] = 1
    return h


def predict(net, width, height, note=lambda name, h: h):
    """model_predict, in core/model/model.h, all channels that come out."""
    f = net.config.get('pixel_unshuffle', 1)
    multiple = f * net.patch
    aware = 'conditioning' in net.config
    x = planes(net.config['in_channels'] // f**2, width, height)
    if aware:
        x[-1] = (x[-1] > 0).double()
    x = extend(x, -(-width // multiple) * multiple, -(-height // multiple) * multiple, aware)
    h = net(F.pixel_unshuffle(x, f), TIMESTEP, note)
    h = F.pixel_shuffle(h, f)
    note('proj_out_2', F.pixel_unshuffle(h, multiple).permute(0, 2, 3, 1))
    return h[0, :, :height, :width]


def write_reference(net, folder, with_wrong):
    out = {}
    side = net.config.get('pixel_unshuffle', 1) * net.patch

    def note_layers(name, h):
        out['layer.' + name] = h[0].permute(2, 0, 1)
        return h

    def note_samples(name, h):
        out['sample.' + name] = h[0].permute(2, 0, 1).flatten()[::SAMPLE_STEP][:SAMPLES]
        return h

    with torch.no_grad():
        predict(net, TOKENS[0] * side, TOKENS[1] * side, note_layers)
        for width, height in SIZES:
            step = OUT_STEP if width * height > 1 else 1
            note = note_samples if (width, height) == SIZES[0] else lambda name, h: h
            out[f'out.{width}x{height}'] = predict(net, width, height, note).flatten()[::step]
        for net.wrong in POINTS if with_wrong else ():
            out['wrong.' + net.wrong] = predict(net, *SIZES[0]).flatten()[::WRONG_STEP]
        net.wrong = None
    save_file(
        {name: value.float().contiguous() for name, value in out.items()}, os.path.join(folder, 'reference.safetensors')
    )


def write_folder(config, dtype, seed, folder):
    """Random weights, loud enough that every term of the network counts."""
    torch.manual_seed(seed)
    state = {}
    for key, value in Transformer(config).state_dict().items():
        noise = torch.randn_like(value)
        if key.endswith('embedding_table.weight'):
            value = noise
        elif 'norm3.weight' in key:
            value = 1 + 0.3 * noise
        elif value.dim() > 1:
            value = noise / math.sqrt(value[0].numel())
        else:
            value = 0.3 * noise
        state[key] = value.to(dtype)
    for part in ('unet', 'scheduler'):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    with open(os.path.join(folder, 'unet', 'config.json'), 'w', encoding='utf-8') as file:
        json.dump(config, file, indent=2)
    planes_in, planes_out = (
        config[key] // config.get('pixel_unshuffle', 1) ** 2 for key in ('in_channels', 'out_channels')
    )
    learned = planes_out > (planes_in // 2 if 'conditioning' in config else planes_in)
    with open(os.path.join(folder, 'scheduler', 'scheduler_config.json'), 'w', encoding='utf-8') as file:
        json.dump(
            {
                '_class_name': 'DDPMScheduler',
                'num_train_timesteps': 1000,
                'beta_schedule': 'linear',
                'beta_start': 0.0001,
                'beta_end': 0.02,
                'prediction_type': 'epsilon',
                'variance_type': 'learned_range' if learned else 'fixed_small',
            },
            file,
            indent=2,
        )
    save_file(state, os.path.join(folder, 'unet', 'diffusion_pytorch_model.safetensors'))


def write_cases(cases, dtypes, data):
    for name, case in cases.items():
        folder = os.path.join(data, name)
        write_folder(DEFAULTS | case, dtypes.get(name, torch.float32), sum(name.encode()), folder)
        write_reference(load(folder), folder, case is SMALL.get('transformer-plain'))


def compare_live(program):
    with tempfile.TemporaryDirectory() as folder:
        write_cases(LIVE, {}, folder)
        return subprocess.run([program, folder], check=False).returncode


def main():
    if '--live' in sys.argv[1:]:
        return compare_live(sys.argv[-1])
    write_cases(SMALL, DTYPES, os.path.join(TESTS, 'data'))
    return 0


if __name__ == '__main__':
    torch.set_num_threads(1)
    sys.exit(main())
