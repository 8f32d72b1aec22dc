#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint of train.py -> a model folder as the plug-in and diffusers read it:

  python3 export.py RUN/final OUT [--f32] [--average FOLDER SHARE]

--average takes SHARE of every weight from the model folder that the training began from: the mean of two ends of one path may be
better than either (Wortsman et al. 2022, "Model soups" and "Robust fine-tuning").
Written beside OUT and renamed file by file, so that a reader never meets half a file. F16 unless --f32; evaluate.py OUT tells
whether that costs anything."""
import argparse, json, os
import torch
from safetensors.torch import load_file, save_file
from checkpoint import read_parts
from diffusion import BETA_END, BETA_START, T


def main(checkpoint, out, dtype, average=None):
    s = read_parts(checkpoint)
    if s is None:
        raise SystemExit('no checkpoint in ' + checkpoint)
    o, ema = s['options'], s['ema']
    if average:
        other, share = load_file(average[0] + '/unet/diffusion_pytorch_model.safetensors'), float(average[1])
        ema = {k: torch.lerp(v.float(), other[k].float(), share) for k, v in ema.items()}
    n, fold = len(o['channels']), o['unshuffle'] ** 2
    unet = {
        '_class_name': 'UNet2DModel',
        'act_fn': 'silu',
        'add_attention': o['mid_attention'],
        'attention_head_dim': 32,
        'block_out_channels': o['channels'],
        'center_input_sample': False,
        'conditioning': 'filled-image',
        'down_block_types': ['DownBlock2D'] * n,
        'downsample_padding': 1,
        'flip_sin_to_cos': True,
        'freq_shift': 0,
        'guess_deviation': o.get('guess_deviation', 0),
        'guess_sweeps': o.get('guess_sweeps', 0),
        'in_channels': 7 * fold,
        'layers_per_block': o['layers'],
        'mid_block_scale_factor': 1,
        'norm_eps': 1e-05,
        'norm_num_groups': o['groups'],
        'out_channels': 3 * fold,
        'pixel_unshuffle': o['unshuffle'],
        'sample_size': 32,
        'self_condition': o.get('self_condition', False),
        'time_embedding_type': 'positional',
        'up_block_types': ['UpBlock2D'] * n,
    }
    scheduler = {
        '_class_name': 'DDPMScheduler',
        'beta_end': BETA_END,
        'beta_schedule': 'linear',
        'beta_start': BETA_START,
        'clip_sample': True,
        'clip_sample_range': 1.0,
        'num_train_timesteps': T,
        'prediction_type': 'v_prediction',
        'variance_type': 'fixed_small',
    }
    files = {
        'unet/diffusion_pytorch_model.safetensors': {k: v.to(dtype).contiguous() for k, v in ema.items()},
        'unet/config.json': unet,
        'scheduler/scheduler_config.json': scheduler,
    }
    for name in files:
        os.makedirs(os.path.dirname('%s/%s' % (out, name)), exist_ok=True)
        if name.endswith('.json'):
            with open('%s/%s.new' % (out, name), 'w') as f:
                json.dump(files[name], f, indent=2)
                f.write('\n')
        else:
            save_file(files[name], '%s/%s.new' % (out, name), metadata={'format': 'pt'})
    for name in files:
        os.replace('%s/%s.new' % (out, name), '%s/%s' % (out, name))
    print('step %d, %.2f M parameters' % (s['step'], sum(v.numel() for v in ema.values()) / 1e6))


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('checkpoint'), p.add_argument('out'), p.add_argument('--f32', action='store_true')
    p.add_argument('--average', nargs=2, metavar=('FOLDER', 'SHARE'))
    a = p.parse_args()
    main(a.checkpoint, a.out, torch.float32 if a.f32 else torch.float16, a.average)
