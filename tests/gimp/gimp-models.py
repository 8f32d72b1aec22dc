# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's networks in a real GIMP without a window: a checkpoint of guided-diffusion, converted by the command of
its script into the user's model directory, and a gray UNet2DModel beside it. What Denoise writes is what PyTorch says;
Inpaint fills the selection and nothing else. Speaks TAP."""
import hashlib
import json
import math
import pathlib
import subprocess
import sys

import cv2
import numpy
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "numerics"))
import reference

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap
from guided import Guided

TREE = pathlib.Path(__file__).resolve().parents[2]
SIZE = 64
HOLE = (slice(22, 40), slice(18, 44))  # rows, columns
T, STRENGTH = 1000, 0.05  # from t = 49, where σ is 22 8-bit levels
GRAY = {
    "_class_name": "UNet2DModel",
    "attention_head_dim": 4,
    "block_out_channels": [8, 12],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "in_channels": 1,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "out_channels": 1,
    "sample_size": SIZE,
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
}

torch.set_num_threads(1)


def write_guided(models):
    """The network; it lies in `models`, converted."""
    net = Guided(32, (1, 2), 1, (1,), head_channels=16)
    net(torch.zeros(1, 3, SIZE, SIZE), 0)  # makes its weights
    torch.save(net.state, models / "guided.pt")
    subprocess.run(
        [
            sys.executable,
            TREE / "weights" / "convert-guided-diffusion.py",
            models / "guided.pt",
            models / "guided",
            "--head-channels",
            "16",
            "--image-size",
            str(SIZE),
        ],
        check=True,
        capture_output=True,
    )
    return lambda x, t: net(x, t)[:, :3]


def write_gray(models):
    folder = models / "gray"
    (folder / "unet").mkdir(parents=True)
    (folder / "scheduler").mkdir()
    state = reference.random_state(reference.UNet(GRAY), 4)
    (folder / "unet" / "config.json").write_text(json.dumps(GRAY))
    (folder / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "DDPMScheduler"}')
    save_file(state, folder / "unet" / "diffusion_pytorch_model.safetensors")
    return reference.load_state(reference.UNet(GRAY).double(), state)


def denoised(net, picture):
    """Two steps of DDIM (Song, Meng and Ermon 2021, eq. 12 with η = 0) from the picture as x_t, in double precision;
    values 0...255. ε is taken again from the clipped estimate of x_0."""
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, T, dtype=torch.float64), 0)
    start = round(STRENGTH * T) - 1
    x = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(numpy.float64)) / 127.5 - 1
    x = math.sqrt(alpha_bar[start]) * x
    for t, s in ((start, (start + 1) // 2 - 1), ((start + 1) // 2 - 1, -1)):
        signal, noise = alpha_bar[t].sqrt(), (1 - alpha_bar[t]).sqrt()
        with torch.no_grad():
            x0 = ((x - noise * net(x, t)) / signal).clamp(-1, 1)
        if s >= 0:
            x = alpha_bar[s].sqrt() * x0 + (1 - alpha_bar[s]).sqrt() * (x - signal * x0) / noise
    return (x0[0].numpy().transpose(1, 2, 0) + 1) * 127.5


def script(job, filter_name, file, model, settings):
    """Filters a file's picture into NAME.png, NAME being the job's; what is written into the layer goes to the output."""
    select = (
        f"(gimp-image-select-rectangle image CHANNEL-OP-REPLACE {HOLE[1].start} {HOLE[0].start} "
        f"{HOLE[1].stop - HOLE[1].start} {HOLE[0].stop - HOLE[0].start})"
    )
    return f"""
(define image (gimp-file-load RUN-NONINTERACTIVE "{file}.png"))
(define layer (vector-ref (gimp-image-get-layers image) 0))
{select if filter_name == 'inpaint' else ''}
(plug-in-diffusion-{filter_name} #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)
                                 #:model "{model}" {settings})
(display (gimp-item-get-parasite layer "diffusion-provenance"))
(gimp-file-save RUN-NONINTERACTIVE image "{job}.png")
(display "done: {job}")"""


def planes(picture):
    """Height x width x channels, RGB."""
    return picture[:, :, None] if picture.ndim == 2 else picture[:, :, ::-1]


class Results:
    def __init__(self, tap, folder, said):
        self.tap, self.folder, self.said = tap, folder, said

    def picture(self, name):
        return cv2.imread(str(self.folder / f"{name}.png"), cv2.IMREAD_UNCHANGED)

    def denoised(self, job, file, net, name):
        before, after = planes(self.picture(file)), planes(self.picture(job))
        expected = denoised(net, before)
        worst, changed = numpy.abs(after - expected).max(), numpy.abs(expected - before).mean()
        self.tap.ok(
            worst <= 0.51 and changed > 5,
            f"{name}: Denoise writes what PyTorch says, rounded",
            f"at most {worst:.3f} off, where {changed:.1f} changes in the mean",
        )

    def filled(self, job, file, model, name):
        before, after = self.picture(file), self.picture(job)
        weights = (model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
        self.tap.ok(
            hashlib.sha256(weights).hexdigest() in self.said.split(f"done: {job}")[0].split("done: ")[-1],
            f"{name}: the layer says which weights filled it",
            self.said,
        )
        kept = before.copy()
        kept[HOLE] = after[HOLE]
        self.tap.ok((kept == after).all(), f"{name}: what is not selected stays as it was")
        self.tap.ok((after[HOLE] != before[HOLE]).mean() > 0.9, f"{name}: what is selected is filled")


def main():
    tap = Tap()
    photo = cv2.imread(str(TREE / "tests" / "data" / "demo-photo.png"))[90 : 90 + SIZE, 300 : 300 + SIZE]
    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    with Console() as gimp:
        models = gimp.folder / "profile" / "gimp-diffusion" / "models"
        models.mkdir(parents=True)
        guided, of_one_colour = write_guided(models), write_gray(models)
        for name, picture in (("photo", photo), ("gray", gray), ("neutral", cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))):
            cv2.imwrite(str(gimp.folder / f"{name}.png"), picture)

        two_steps = f'#:strength {STRENGTH} #:steps 2 #:sampler "ddim"'
        resampled = "#:steps 6 #:resample 2 #:jump-length 2 #:seed"
        result = gimp.run(
            "".join(
                script(*job)
                for job in (
                    ("guided-denoised", "denoise", "photo", models / "guided", two_steps),
                    ("guided-filled", "inpaint", "photo", models / "guided", f"{resampled} 3"),
                    ("guided-again", "inpaint", "photo", models / "guided", f"{resampled} 4"),
                    ("gray-denoised", "denoise", "gray", models / "gray", two_steps),
                    ("photo-denoised", "denoise", "photo", models / "gray", two_steps),
                    ("gray-filled", "inpaint", "gray", models / "gray", f"{resampled} 3"),
                    ("neutral-filled", "inpaint", "neutral", models / "gray", f"{resampled} 3"),
                )
            )
        )
        if not tap.ok(result.code == 0, "both networks are chosen and run", result.err):
            tap.finish()

        results = Results(tap, gimp.folder, result.out)
        results.denoised("guided-denoised", "photo", guided, "guided-diffusion")
        results.filled("guided-filled", "photo", models / "guided", "guided-diffusion")
        tap.ok(
            (results.picture("guided-filled") != results.picture("guided-again"))[HOLE].mean() > 0.5,
            "guided-diffusion: another seed, another filling",
        )

        by_channel = lambda x, t: torch.cat([of_one_colour(x[:, c : c + 1], t) for c in range(x.shape[1])], 1)
        results.denoised("gray-denoised", "gray", of_one_colour, "a gray network, a gray picture")
        results.denoised("photo-denoised", "photo", by_channel, "a gray network, a colour picture")
        results.filled("gray-filled", "gray", models / "gray", "a gray network, a gray picture")
        results.filled("neutral-filled", "neutral", models / "gray", "a gray network, a neutral picture")
        tap.ok(
            (results.picture("neutral-filled") == results.picture("gray-filled")[:, :, None]).all(),
            "a gray network: what is neutral is filled as if it were gray",
        )
    tap.finish()


main()
