# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script sees: exit codes, the sentence of a refusal, the line with the settings in force."""
import sys
import hashlib
import json
import math
import os
import pathlib
import re

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

IMAGE = """
(define image (gimp-image-new 48 40 RGB))
(define layer (gimp-layer-new image "layer" 48 40 RGB-IMAGE 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-drawable-fill layer FILL-WHITE)
(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 10 10 12 9)
"""


def call(filter_name, settings=""):
    return (
        IMAGE + f"(plug-in-diffusion-{filter_name} #:run-mode RUN-NONINTERACTIVE #:image image "
        f"#:drawables (vector layer) {settings})"
    )


def write_huge_model(folder):
    """A model folder of some hundred gigabytes: the weights are a header and a hole."""
    channels, layers, tensors = 4096, 16, {}

    def add(name, *shape):
        tensors[name + ".weight"] = shape
        tensors[name + ".bias"] = shape[:1]

    def add_resnet(name, n_in):
        add(name + ".norm1", n_in)
        add(name + ".conv1", channels, n_in, 3, 3)
        add(name + ".time_emb_proj", channels, 4 * channels)
        add(name + ".norm2", channels)
        add(name + ".conv2", channels, channels, 3, 3)
        if n_in != channels:
            add(name + ".conv_shortcut", channels, n_in, 1, 1)

    add("conv_in", channels, 3, 3, 3)
    add("time_embedding.linear_1", 4 * channels, channels)
    add("time_embedding.linear_2", 4 * channels, 4 * channels)
    for i in range(layers):
        add_resnet(f"down_blocks.0.resnets.{i}", channels)
    for i in range(2):
        add_resnet(f"mid_block.resnets.{i}", channels)
    for i in range(layers + 1):
        add_resnet(f"up_blocks.0.resnets.{i}", 2 * channels)
    add("conv_norm_out", channels)
    add("conv_out", 3, channels, 3, 3)

    header, end = {}, 0
    for name, shape in tensors.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    folder.mkdir()
    (folder / "config.json").write_text(
        json.dumps(
            {
                "_class_name": "UNet2DModel",
                "add_attention": False,
                "block_out_channels": [channels],
                "down_block_types": ["DownBlock2D"],
                "up_block_types": ["UpBlock2D"],
                "layers_per_block": layers,
            }
        )
    )
    (folder / "scheduler_config.json").write_text("{}")
    with open(folder / "diffusion_pytorch_model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


def main():
    tap = Tap()
    with Console() as gimp:
        for name, settings, seen in (
            (
                "inpaint",
                "#:steps 1",
                r"strength 1, steps 1, sampler ddim, spacing trailing, eta 0, resample \d+, "
                r"jump-length 10, data-step replace, context \d+, sample-merged no, grow 0, feather 0, seed 0, "
                r"expert automatic, output in-place, model \S+",
            ),
            ("inpaint", '#:expert "picture"', r"seed 0, expert picture, output in-place, "),
            (
                "inpaint",
                '#:steps 2 #:sampler "dpm-solver++" #:spacing "karras" #:data-step "paste"',
                r"steps 2, sampler dpm-solver\+\+, spacing karras, eta 0, resample \d+, jump-length 10, data-step paste, ",
            ),
            (
                "denoise",
                '#:sigma 25 #:steps 2 #:sampler "heun"',
                r"steps 2, sampler heun, detail 0, luminance 1, chroma 1, ",
            ),
            ("denoise", '#:sigma 25 #:steps 2 #:sampler "predictor-corrector"', r"sampler predictor-corrector, "),
            (
                "denoise",
                "#:sigma 25 #:seed 3",
                r"strength 0\.\d+, sigma 25, method matched, steps \d+, sampler ddpm, "
                r"detail 0, luminance 1, chroma 1, seed 3, output in-place, model \S+",
            ),
            ("denoise", "", r"sigma 0, "),
        ):
            result = gimp.run(call(name, settings))
            tap.ok(result.code == 0, f"{name}: success exits 0", result.err)
            lines = [l for l in result.out.splitlines() if f"plug-in-diffusion-{name}: " in l]
            tap.ok(
                len(lines) == 1 and re.search(seen, lines[0]),
                f"{name}: one line with the settings in force",
                result.out,
            )
            told = re.findall(r"^gimp-diffusion: (expects|took) \d+\.\d s and \d+ MB$", result.out, re.M)
            tap.ok(told == ["expects", "took"], f"{name}: a line tells what it will take, one what it took", result.out)
            # GIMP quits without waiting for plug-ins that are about to end.
            warnings = [l for l in result.err.splitlines() if "(gimp-diffusion:" in l and "gimp_flush" not in l]
            tap.ok(not warnings, f"{name}: no warning, no GTK", result.err)

        result = gimp.run(call("denoise"))
        tap.ok("gimp-diffusion: no noise found: nothing to do\n" in result.out, "what was found is told", result.out)

        result = gimp.run(call("inpaint", '#:steps 1 #:sampler "ddqm" #:model ""'))
        tap.ok(
            result.code == 0 and "sampler ddim" in result.out,
            "a misspelt choice: GIMP takes the default, and the line shows it",
            result.out + result.err,
        )

        result = gimp.run(IMAGE + "(gimp-selection-none image)" + call("inpaint")[len(IMAGE) :])
        tap.ok(
            result.code == 70 and "select what is to be filled" in result.err,
            "a refusal exits 70 and its sentence is on stderr",
            f"{result.code}\n{result.err}",
        )

        result = gimp.run(call("denoise", "#:sigma 25").replace("RUN-NONINTERACTIVE", "RUN-WITH-LAST-VALS"))
        tap.ok(
            result.code == 0 and "plug-in-diffusion-denoise: strength" in result.out,
            "RUN-WITH-LAST-VALS needs no window",
            f"{result.code}\n{result.out}{result.err}",
        )
        result = gimp.run(call("inpaint").replace("RUN-NONINTERACTIVE", "RUN-INTERACTIVE"))
        tap.ok(
            result.code == 70
            and "run the filter with RUN-NONINTERACTIVE" in result.err
            and "crashed" not in result.err,
            "RUN-INTERACTIVE without windows is refused in words",
            f"{result.code}\n{result.err}",
        )
        result = gimp.run(
            '(plug-in-diffusion-denoise-files #:run-mode RUN-INTERACTIVE #:pattern "*.png" #:output-folder "out")'
        )
        tap.ok(
            result.code == 70 and "run the filter with RUN-NONINTERACTIVE" in result.err,
            "so it is for many files",
            f"{result.code}\n{result.err}",
        )

        result = gimp.run(call("inpaint", f'#:model "{os.path.join(os.sep, "no", "model")}"'))
        tap.ok(
            result.code == 70 and "choose a folder" in result.err,
            "a missing model exits 70",
            f"{result.code}\n{result.err}",
        )

        bundled = gimp.folder / "plug-ins" / "gimp-diffusion" / "model"
        weights = bundled.readlink()
        bundled.unlink()
        result = gimp.run(call("inpaint"))
        tap.ok(
            result.code == 70
            and "The model that comes with the plug-in is missing: install the plug-in again, "
            f"or put the folder “model” beside it, in {bundled.parent}." in result.err,
            "without the bundled model: exit 70 and where it belongs",
            f"{result.code}\n{result.err}",
        )
        bundled.symlink_to(weights)

        transformer = pathlib.Path(__file__).resolve().parent.parent / "data" / "transformer-plain"
        weights = (transformer / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
        for name, settings in (("inpaint", "#:steps 4"), ("denoise", "#:sigma 25")):
            result = gimp.run(
                call(name, f'{settings} #:model "{transformer}"')
                + '(display (gimp-item-get-parasite layer "diffusion-provenance"))'
            )
            tap.ok(
                result.code == 0 and hashlib.sha256(weights).hexdigest() in result.out,
                f"{name}: a Transformer can be chosen as the model",
                result.out + result.err,
            )

        write_huge_model(gimp.folder / "huge")
        result = gimp.run(call("inpaint", '#:model "huge"'))
        tap.ok(
            result.code == 70
            and re.search(r"takes about \d+\.\d.[GT]B of memory", result.err)
            and "smaller model" in result.err
            and "expects" not in result.out,
            "a model that does not fit into memory is refused before any work",
            f"{result.code}\n{result.err}",
        )

        for settings in (
            "#:strength 1.5",
            "#:steps 1001",
            "#:seed -1",
            "#:context 5000",
            "#:jump-length 0",
            "#:no-such-setting 1",
        ):
            result = gimp.run(call("inpaint", settings))
            tap.ok(result.code == 70, f"{settings.replace('#:', '')} is refused: exit 70", result.err)

        result = gimp.run(
            call("inpaint", "#:steps 1 #:seed 2147483647")
            + """
(gimp-file-save RUN-NONINTERACTIVE image "kept.xcf")
(define again (gimp-file-load RUN-NONINTERACTIVE "kept.xcf"))
(display (gimp-item-get-parasite (vector-ref (gimp-image-get-layers again) 0) "diffusion-provenance"))"""
        )
        tap.ok(
            result.code == 0 and '"seed":2147483647' in result.out,
            "the parasite is saved with the image",
            result.out + result.err,
        )
    tap.finish()


main()
