#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundled network against PyTorch and ONNX Runtime on this machine.

    ninja -C BUILD benchmark
    tests/measure/benchmark.py BENCHMARK_UNET FOLDER [--sizes 256,512] [--threads 1,2] [--rounds N]
                       [--large] [--kernels NAME]

First what benchmark-unet says about our own: where its time goes, layer by
layer (not with --large). Then every engine is a process of its own that evaluates the same network
on an input of the same size when it is told to and says how long that took;
they take turns, so that whatever else the machine does falls on all of them.
PyTorch runs in the fastest of its four forms (contiguous or channels_last,
eager or inference_mode), threads wait as each engine is shipped. Ratios are of
medians; memory is the highest resident size less that after loading. Last, at
the smallest size, one engine after another beside one busy process per core.

With --large the network is instead one of 114 million parameters, that of
google/ddpm-celebahq-256 with random weights: some seconds an evaluation, so that
it is compared with PyTorch alone, at 256 only unless --sizes says more, in few
rounds, and not beside busy processes (four minutes of processor time in all).
With --kernels ours are those of another processor: avx512, avx2, baseline.

The last lines are for machines: "ratio ENGINE SIZE THREADS X", X the engine's
time over ours, or "missing"; of --large the engine is "torch-large". Fails where an
engine is missing.
"""
import argparse
import ctypes
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OPPONENTS = ('torch', 'onnxruntime')
# Rounds before those that count, and evaluations that choose PyTorch's form: usually, with --large.
WARM_UPS, WARM_UPS_LARGE = 3, 1
TRIALS, TRIALS_LARGE = 4, 1
ROUNDS, ROUNDS_LARGE = 15, 5
FORMS = [f'{layout} {mode}' for layout in ('contiguous', 'channels_last') for mode in ('eager', 'inference_mode')]
# OpenMP and ONNX Runtime spin for a while after each evaluation.
PAUSE = 0.05
# Beside busy processes, where single evaluations scatter widely.
BUSY_ROUNDS = 31
# google/ddpm-celebahq-256's configuration.
LARGE = {
    '_class_name': 'UNet2DModel',
    'act_fn': 'silu',
    'attention_head_dim': None,
    'block_out_channels': [128, 128, 256, 256, 512, 512],
    'center_input_sample': False,
    'down_block_types': ['DownBlock2D'] * 4 + ['AttnDownBlock2D', 'DownBlock2D'],
    'downsample_padding': 0,
    'flip_sin_to_cos': False,
    'freq_shift': 1,
    'in_channels': 3,
    'layers_per_block': 2,
    'mid_block_scale_factor': 1,
    'norm_eps': 1e-6,
    'norm_num_groups': 32,
    'out_channels': 3,
    'sample_size': 256,
    'time_embedding_type': 'positional',
    'up_block_types': ['UpBlock2D', 'AttnUpBlock2D'] + ['UpBlock2D'] * 4,
}


# --- The other engines, each in a process of this script ----------------------


def load_net(folder):
    """The network as dump-reference.py writes it down, in single precision."""
    spec = importlib.util.spec_from_file_location('reference', os.path.join(TESTS, 'network', 'dump-reference.py'))
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    return reference.load(folder).float().eval()


class Plain:
    """Builds the module that takes (x, t) and nothing else."""

    def __new__(cls, net):
        import torch

        class Module(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x):
                return self.net(x, 500.0, lambda name, h: h)

        return Module().eval()


def serve(prepare):
    """`prepare` takes a line and returns what is to be timed."""
    # What loading left behind must not be taken for memory of the model.
    ctypes.CDLL(None).malloc_trim(0)
    print('ready', flush=True)
    for line in sys.stdin:
        evaluate = prepare(line.strip())
        start = time.perf_counter()
        evaluate()
        print(time.perf_counter() - start, flush=True)


def serve_torch(folder, size, threads):
    import torch

    torch.set_num_threads(threads)
    net = load_net(folder)
    config = net.config
    side = size // config.get('pixel_unshuffle', 1)
    net = Plain(net)
    x = torch.rand(1, config['in_channels'], side, side) * 2 - 1
    last = [None]

    def prepare(form):
        layout, mode = form.split()
        layout = torch.channels_last if layout == 'channels_last' else torch.contiguous_format
        mode = torch.inference_mode if mode == 'inference_mode' else torch.enable_grad
        if last[0] != form:
            net.to(memory_format=layout)
            last[:] = [form]
        sample = x.contiguous(memory_format=layout)

        def evaluate():
            with mode():
                net(sample)

        return evaluate

    serve(prepare)


def serve_onnxruntime(folder, size, threads):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        os.path.join(folder, f'{size}.onnx'), options, providers=['CPUExecutionProvider']
    )
    shape = session.get_inputs()[0].shape
    x = numpy.random.rand(*shape).astype(numpy.float32) * 2 - 1
    serve(lambda line: lambda: session.run(None, {session.get_inputs()[0].name: x}))


def export(folder, out, size):
    import torch

    net = load_net(folder)
    side = size // net.config.get('pixel_unshuffle', 1)
    x = torch.zeros(1, net.config['in_channels'], side, side)
    with torch.no_grad():
        torch.onnx.export(
            Plain(net), (x,), os.path.join(out, f'{size}.onnx'), opset_version=17, input_names=['x'], output_names=['y']
        )


def write_large(folder):
    """A model folder with LARGE and random weights."""
    from safetensors.torch import save_file
    import reference

    os.mkdir(os.path.join(folder, 'unet'))
    with open(os.path.join(folder, 'unet', 'config.json'), 'w', encoding='utf-8') as file:
        json.dump(LARGE, file)
    save_file(
        reference.random_state(reference.UNet(LARGE), 1),
        os.path.join(folder, 'unet', 'diffusion_pytorch_model.safetensors'),
    )


# --- Taking turns ---------------------------------------------------------------


class Engine:
    def __init__(self, name, command):
        self.name, self.command, self.form, self.process = name, command, '', None
        self.processor = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if not self.process.stdout.readline().startswith('ready'):
            self.process.wait()
            raise RuntimeError(f'{self.name} does not start')
        self.loaded = self.status('VmRSS')
        # The peak so far was that of loading.
        with open(f'/proc/{self.process.pid}/clear_refs', 'w', encoding='ascii') as file:
            file.write('5')

    def status(self, key):
        """Megabytes, from /proc."""
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key + ':')) * 1024 / 1e6

    def processor_seconds(self):
        """Of all its threads so far."""
        tasks = f'/proc/{self.process.pid}/task'
        total = 0
        for task in os.listdir(tasks):
            with open(f'{tasks}/{task}/schedstat', encoding='ascii') as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def evaluate(self):
        """Seconds, and processor seconds in self.processor: what it takes however busy the machine is."""
        before = self.processor_seconds()
        self.process.stdin.write(self.form + '\n')
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        self.processor.append(self.processor_seconds() - before)
        return seconds

    def choose_form(self, large):
        """PyTorch: the fastest of its forms, in a process that ran no other. With --large, where each is tried once,
        the one of the fewest processor seconds."""
        found = {}
        for self.form in FORMS:
            self.evaluate()
            seconds = [self.evaluate() for _ in range(TRIALS_LARGE if large else TRIALS)]
            found[self.form] = self.processor[-1] if large else min(seconds)
        self.form = min(found, key=found.get)
        self.stop()
        self.start()

    def memory(self):
        return self.status('VmHWM') - self.loaded

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def opponents(arguments):
    return OPPONENTS[:1] if arguments.large else OPPONENTS


def start_engines(arguments, size, threads, exported):
    """The engines that start, ours first, and the names of those that do not."""
    this = [sys.executable, os.path.abspath(__file__), '--serve']
    tail = [str(size), str(threads)]
    engines, missing = [Engine('ours', [arguments.program, '--serve', arguments.folder] + tail + arguments.kernels)], []
    for name in opponents(arguments):
        folder = arguments.folder if name == 'torch' else exported
        try:
            engines.append(Engine(name, this + [name, folder] + tail))
        except RuntimeError:
            missing.append(name)
    for engine in engines:
        if engine.name == 'torch':
            engine.choose_form(arguments.large)
    return engines, missing


def take_turns(engines, rounds, warm_ups=WARM_UPS):
    times = {engine.name: [] for engine in engines}
    for i in range(warm_ups + rounds):
        for engine in engines:
            if len(engines) > 1:
                time.sleep(PAUSE)
            seconds = engine.evaluate()
            if i >= warm_ups:
                times[engine.name].append(seconds)
    return times


def beside_busy(engines):
    """Times as of take_turns, with a process that only counts on every core. One engine after another, evaluations back to
    back, as a fill makes them: in turns each would have the threads of the one before spinning beside it as well, for
    longer than PAUSE where they get half a core."""
    count = [sys.executable, '-c', 'while True: pass']
    busy = []
    for core in os.sched_getaffinity(0):
        busy.append(subprocess.Popen(count))
        os.sched_setaffinity(busy[-1].pid, {core})  # or two of them would share one for seconds
    time.sleep(1)  # until they have started and the scheduler has settled
    try:
        return {name: values for engine in engines for name, values in take_turns([engine], BUSY_ROUNDS).items()}
    finally:
        for process in busy:
            process.kill()
            process.wait()


def compare(arguments, size, threads, exported, busy):
    """Prints a case; returns its lines for machines."""
    engines, missing = start_engines(arguments, size, threads, exported)
    times = take_turns(engines, arguments.rounds, WARM_UPS_LARGE if arguments.large else WARM_UPS)
    memory = {engine.name: engine.memory() for engine in engines}
    medians = {name: statistics.median(values) for name, values in times.items()}
    for engine in engines:
        name = engine.name
        processor = statistics.median(engine.processor[-arguments.rounds :])
        print(
            f'{size}² {threads} thread(s) {name:12} {medians[name]:8.4f} s (fastest {min(times[name]):.4f}; '
            f'processor seconds {processor:.4f}), '
            f'{memory[name]:7.1f} MB, {memory[name] / memory["ours"]:5.2f} of ours {engine.form}',
            flush=True,
        )
    if busy:
        for name, values in beside_busy(engines).items():
            print(
                f'{size}² {threads} thread(s) {name:12} {statistics.median(values) / medians[name]:8.2f} times '
                'slower beside one busy process per core',
                flush=True,
            )
    for engine in engines:
        engine.stop()
    for name in missing:
        print(f'{size}² {threads} thread(s) {name:12} is missing')
    kind = '-large' if arguments.large else ''
    return [
        f'ratio {name}{kind} {size} {threads} '
        + ('missing' if name in missing else f'{medians[name] / medians["ours"]:.2f}')
        for name in opponents(arguments)
    ]


def main():
    if len(sys.argv) == 6 and sys.argv[1] == '--serve':
        serve_engine = serve_torch if sys.argv[2] == 'torch' else serve_onnxruntime
        serve_engine(sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return 0

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('folder')
    parser.add_argument('--sizes')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--large', action='store_true')
    parser.add_argument('--kernels', nargs=1, default=[])
    arguments = parser.parse_args()
    sizes = [int(size) for size in (arguments.sizes or ('256' if arguments.large else '256,512')).split(',')]
    arguments.rounds = arguments.rounds or (ROUNDS_LARGE if arguments.large else ROUNDS)
    counts = [int(count) for count in arguments.threads.split(',')]

    lines = []
    with tempfile.TemporaryDirectory() as exported:
        if arguments.large:
            write_large(exported)
            arguments.folder = exported
        for size in sizes if 'onnxruntime' in opponents(arguments) else ():
            try:
                export(arguments.folder, exported, size)
            except Exception as error:  # whatever the exporter lacks: ONNX Runtime has nothing to run
                print(f'no export of {size}²: {error}')
        for size in sizes:
            for count in counts:
                if not arguments.large:
                    subprocess.run(
                        [arguments.program, arguments.folder, str(size), str(count), *arguments.kernels], check=True
                    )
                lines += compare(arguments, size, count, exported, size == min(sizes) and not arguments.large)
    print('\n'.join(lines))
    return 1 if any(line.endswith('missing') for line in lines) else 0


if __name__ == '__main__':
    sys.exit(main())
