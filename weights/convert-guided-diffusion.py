#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint of OpenAI's guided-diffusion (Dhariwal and Nichol 2021) or improved-diffusion -> a model folder:

  python3 convert-guided-diffusion.py 256x256_diffusion_uncond.pt OUT
  python3 convert-guided-diffusion.py ema_0.9999_500000.pt OUT --heads 4 --steps 4000 --noise-schedule cosine --rescale-timesteps

Unconditional pixel-space networks. The number of levels, their widths, the blocks, where attention is, the kind of norm and of
resizing and whether the variance is learned follow from the tensors; what does not is asked for above, and must be what the
network was trained with (the flags of its README). Nothing of the file is run: only tensors are read.
"""
import argparse, json, os, pickle, re, zipfile
import torch
from safetensors.torch import save_file

GROUPS = 32  # of every GroupNorm of the family

RESNET = {
    'in_layers.0': 'norm1',
    'in_layers.2': 'conv1',
    'emb_layers.1': 'time_emb_proj',
    'out_layers.0': 'norm2',
    'out_layers.3': 'conv2',
    'skip_connection': 'conv_shortcut',
}


class Converter:
    def __init__(self, state, head_channels, heads, new_order):
        self.left, self.out = dict(state), {}
        self.head_channels, self.heads, self.new_order = head_channels, heads, new_order
        self.head_sizes = set()

    def has(self, module):
        return module + '.weight' in self.left

    def move(self, old, new):
        for parameter in ('weight', 'bias'):
            if old + '.' + parameter not in self.left:
                raise SystemExit(
                    '%s.%s is missing: this is not an unconditional network of guided-diffusion.' % (old, parameter)
                )
            self.out[new + '.' + parameter] = self.left.pop(old + '.' + parameter)

    def resnet(self, old, new):
        for a, b in RESNET.items():
            if a != 'skip_connection' or self.has(old + '.' + a):
                self.move('%s.%s' % (old, a), '%s.%s' % (new, b))

    def attention(self, old, new):
        """qkv is one layer there. Its outputs are ordered by head, then q, k, v; with use_new_attention_order the other way."""
        self.move(old + '.norm', new + '.group_norm')
        self.move(old + '.proj_out', new + '.to_out.0')
        self.move(old + '.qkv', new + '.qkv')
        width = self.out[new + '.to_out.0.weight'].shape[0]
        size = width // self.heads if self.heads else self.head_channels
        if width % size:
            raise SystemExit(
                '%d channels are no multiple of the %d of a head: give --head-channels or --heads.' % (width, size)
            )
        self.head_sizes.add(size)
        for parameter in ('weight', 'bias'):
            whole = self.out.pop('%s.qkv.%s' % (new, parameter)).flatten(1 if parameter == 'weight' else 0)
            order = (3, width // size, size) if self.new_order else (width // size, 3, size)
            parts = whole.reshape(*order, *whole.shape[1:]).movedim(0 if self.new_order else 1, 0)
            for name, part in zip(('to_q', 'to_k', 'to_v'), parts):
                self.out['%s.%s.%s' % (new, name, parameter)] = part.reshape(width, *whole.shape[1:])
        self.out[new + '.to_out.0.weight'] = self.out[new + '.to_out.0.weight'].flatten(1)

    def blocks(self):
        """Moves all; returns (widths, attention by level on the way down, on the way up, layers a block, by residual blocks)."""
        indices = lambda side: 1 + max(
            [int(m[1]) for m in (re.match(side + r'\.(\d+)\.', k) for k in self.left) if m] + [-1]
        )
        n_in, n_out = indices('input_blocks'), indices('output_blocks')
        place = lambda i: next(
            (
                j
                for j in (1, 2)
                if self.has('output_blocks.%d.%d.conv' % (i, j)) or self.has('output_blocks.%d.%d.in_layers.2' % (i, j))
            ),
            None,
        )
        ends = [i for i in range(n_out) if place(i)]
        levels = len(ends) + 1
        if not n_out or n_in != n_out or n_out % levels:
            raise SystemExit('The blocks are not those of guided-diffusion.')
        rows = n_out // levels  # residual blocks of a level on the way up
        by_resnet = bool(ends) and not self.has('output_blocks.%d.%d.conv' % (ends[0], place(ends[0])))
        widths, down, up = [], [], []

        self.move('input_blocks.0.0', 'conv_in')
        for level in range(levels):
            for j in range(rows - 1):
                old, new = 'input_blocks.%d' % (1 + level * rows + j), 'down_blocks.%d' % level
                self.resnet(old + '.0', '%s.resnets.%d' % (new, j))
                attention = self.has(old + '.1.qkv')
                if attention:
                    self.attention(old + '.1', '%s.attentions.%d' % (new, j))
            widths.append(self.out[new + '.resnets.0.conv2.weight'].shape[0])
            down.append(attention)
            if level < levels - 1:
                old, new = 'input_blocks.%d.0' % ((level + 1) * rows), new + '.downsamplers.0'
                if by_resnet:
                    self.resnet(old, new)
                else:
                    self.move(old + '.op', new + '.conv')
        self.resnet('middle_block.0', 'mid_block.resnets.0')
        self.attention('middle_block.1', 'mid_block.attentions.0')
        self.resnet('middle_block.2', 'mid_block.resnets.1')
        for level in range(levels):
            for j in range(rows):
                i = level * rows + j
                old, new, end = 'output_blocks.%d' % i, 'up_blocks.%d' % level, place(i)
                self.resnet(old + '.0', '%s.resnets.%d' % (new, j))
                attention = self.has(old + '.1.qkv')
                if attention:
                    self.attention(old + '.1', '%s.attentions.%d' % (new, j))
                if end and by_resnet:
                    self.resnet('%s.%d' % (old, end), new + '.upsamplers.0')
                elif end:
                    self.move('%s.%d.conv' % (old, end), new + '.upsamplers.0.conv')
            up.append(attention)
        return widths, down, up, rows - 1, by_resnet

    def convert(self):
        """The configuration of `out`."""
        self.move('time_embed.0', 'time_embedding.linear_1')
        self.move('time_embed.2', 'time_embedding.linear_2')
        widths, down, up, layers, by_resnet = self.blocks()
        self.move('out.0', 'conv_norm_out')
        self.move('out.2', 'conv_out')
        if self.left:
            what = 'a class-conditional network' if 'label_emb.weight' in self.left else 'unknown'
            raise SystemExit('%s: %s is not supported.' % (next(iter(self.left)), what))

        # Blocks without attention have a name of their own where residual blocks change the size; the last changes nothing.
        last = len(widths) - 1
        kind = lambda i, attention, plain, other: (
            'Attn' + plain if attention else other if by_resnet and i < last else plain
        )
        time = self.out['time_embedding.linear_1.weight'].shape[1]
        scale_shift = len(self.out['mid_block.resnets.0.time_emb_proj.bias']) == 2 * widths[-1]
        config = {
            '_class_name': 'UNet2DModel',
            'act_fn': 'silu',
            'add_attention': True,
            'attention_head_dim': max(self.head_sizes),
            'attn_norm_num_groups': GROUPS,
            'block_out_channels': widths,
            'center_input_sample': False,
            'down_block_types': [kind(i, a, 'DownBlock2D', 'ResnetDownsampleBlock2D') for i, a in enumerate(down)],
            'downsample_padding': 1,
            'downsample_type': 'resnet' if by_resnet else 'conv',
            'flip_sin_to_cos': True,
            'freq_shift': 0,
            'in_channels': self.out['conv_in.weight'].shape[1],
            'layers_per_block': layers,
            'mid_block_scale_factor': 1,
            'norm_eps': 1e-05,
            'norm_num_groups': GROUPS,
            'out_channels': self.out['conv_out.weight'].shape[0],
            'resnet_time_scale_shift': 'scale_shift' if scale_shift else 'default',
            'time_embedding_type': 'positional',
            'up_block_types': [kind(i, a, 'UpBlock2D', 'ResnetUpsampleBlock2D') for i, a in enumerate(up)],
            'upsample_type': 'resnet' if by_resnet else 'conv',
        }
        if config['in_channels'] != 3 or config['out_channels'] not in (3, 6):
            raise SystemExit(
                '%d channels go in and %d out: only pictures alone (3, and 3 or 6) are supported.'
                % (config['in_channels'], config['out_channels'])
            )
        # What UNet2DModel cannot say, in keys of our own.
        if len(self.head_sizes) > 1:
            config['num_attention_heads'] = self.heads
        if time != widths[0]:
            config['time_proj_channels'] = time
        return config


def main(a):
    try:
        state = torch.load(a.checkpoint, map_location='cpu', weights_only=True, mmap=zipfile.is_zipfile(a.checkpoint))
    except (OSError, RuntimeError, pickle.UnpicklingError) as e:
        raise SystemExit('%s cannot be read as a checkpoint: %s' % (a.checkpoint, str(e).splitlines()[0]))
    converter = Converter(state, a.head_channels, a.heads, a.new_attention_order)
    unet = converter.convert()
    unet['sample_size'] = a.image_size
    scale = 1000 / a.steps
    if a.rescale_timesteps and a.steps != 1000:
        unet['timestep_scale'] = scale
    scheduler = {
        '_class_name': 'DDPMScheduler',
        'beta_end': 0.02 * scale,
        'beta_start': 1e-4 * scale,
        'beta_schedule': {'linear': 'linear', 'cosine': 'squaredcos_cap_v2'}[a.noise_schedule],
        'clip_sample': True,
        'clip_sample_range': 1.0,
        'num_train_timesteps': a.steps,
        'prediction_type': 'epsilon',
        'variance_type': 'learned_range' if unet['out_channels'] == 6 else 'fixed_large',
    }
    for name, contents in (('unet/config.json', unet), ('scheduler/scheduler_config.json', scheduler)):
        path = os.path.join(a.out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(contents, f, indent=2)
            f.write('\n')
    dtype = torch.float16 if a.half else torch.float32
    save_file(
        {k: v.to(dtype).contiguous() for k, v in converter.out.items()},
        os.path.join(a.out, 'unet', 'diffusion_pytorch_model.safetensors'),
        metadata={'format': 'pt'},
    )
    print(
        '%d levels, %.1f M parameters'
        % (len(unet['block_out_channels']), sum(v.numel() for v in converter.out.values()) / 1e6)
    )


def options(arguments=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('checkpoint')
    p.add_argument('out')
    p.add_argument('--head-channels', type=int, default=64, help='num_head_channels')
    p.add_argument('--heads', type=int, default=0, help='num_heads, in place of --head-channels')
    p.add_argument('--new-attention-order', action='store_true', help='use_new_attention_order')
    p.add_argument('--noise-schedule', choices=('linear', 'cosine'), default='linear')
    p.add_argument('--steps', type=int, default=1000, help='diffusion_steps')
    p.add_argument(
        '--rescale-timesteps',
        action='store_true',
        help='rescale_timesteps: on in improved-diffusion unless switched off',
    )
    p.add_argument('--image-size', type=int, default=256)
    p.add_argument('--half', action='store_true', help='store F16')
    return p.parse_args(arguments)


if __name__ == '__main__':
    main(options())
