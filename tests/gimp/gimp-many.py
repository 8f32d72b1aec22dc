# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of plugin/MANY.md: two workers on one folder, by GNU parallel over ssh and as two tasks of a Slurm array.
Both "machines" are this one, with an ssh server of the test's own."""
import collections
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap, console

TREE = pathlib.Path(__file__).resolve().parents[2]
SIZE = 40
NAMES = ["a a.jpg", "b'b.jpg", 'c"c.jpg', "d[d].jpg"]


def blocks():
    """ONE, the script for one picture; PARALLEL, the command; SLURM, the array's script."""
    return re.findall(r"^```sh\n(.*?)^```$", (TREE / "plugin" / "MANY.md").read_text(), re.M | re.S)


def lay_out(folder):
    photo = cv2.imread(str(TREE / "tests" / "data" / "demo-photo.png"))
    (folder / "photos").mkdir(parents=True)
    for i, name in enumerate(NAMES):
        (folder / "photos" / name).write_bytes(
            cv2.imencode(".jpg", photo[60 : 60 + SIZE, 40 * i : 40 * i + SIZE])[1].tobytes()
        )


def wake_loopback():
    """In a root there is no network, and what the machine has for itself is asleep."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, 0x8913, struct.pack("16sh14x", b"lo", 0)))[1]  # SIOCGIFFLAGS
        if not flags & 1:  # IFF_UP
            fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))  # SIOCSIFFLAGS


def start_server(folder, allowed):
    """An ssh server that lets only the test in. Returns it, and the command that reaches it as "one" and "two". The
    server trusts a folder that only its user can have changed, which none in /tmp is: `allowed`."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", folder / "host"], check=True, capture_output=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "user"], check=True)
    shutil.copy(folder / "user.pub", allowed / "authorized_keys")
    (allowed / "authorized_keys").chmod(0o600)
    (folder / "ssh").write_text(
        f"Host one two\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder}/user\n"
        f"  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n  LogLevel ERROR\n"
    )
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", shutil.which("dropbear", path="/usr/sbin:/usr/bin")]
        + ["-F", "-E", "-s", "-r", folder / "host", "-D", allowed]
        + ["-p", f"127.0.0.1:{port}", "-P", folder / "server.pid"]
    )
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    return server, f"ssh -F {folder}/ssh"


def gimps(folder):
    """The processes of GIMP that work in a folder."""
    found = []
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name = os.path.basename(os.readlink(place / "exe"))
            if name.startswith("gimp-console") and os.readlink(place / "cwd") == str(folder):
                found.append(int(place.name))
        except OSError:
            pass  # it has ended
    return found


def kill_one(folder):
    for _ in range(600):
        if found := gimps(folder):
            os.kill(found[0], signal.SIGKILL)
            return True
        time.sleep(0.05)
    return False


def results(folder):
    done = folder / "denoised"
    return {p.name: p.stat().st_mtime_ns for p in done.iterdir()} if done.is_dir() else {}


def run(command, folder, environment):
    return subprocess.run(
        ["sh", "-euc", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def log_of(folder):
    """{picture: [exit codes]}, and how many each machine did."""
    codes, machines = collections.defaultdict(list), collections.Counter()
    for line in (folder / "denoised.log").read_text().splitlines()[1:]:
        _, host, _, _, _, _, code, sent, command = line.split("\t")
        codes[command].append((int(code), int(sent)))
        machines[host] += 1
    return codes, machines


def over_ssh(tap, one, command, environment, folder):
    lay_out(folder)
    run(one, folder, environment)
    with subprocess.Popen(
        ["sh", "-euc", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        killed = kill_one(folder)
        said = process.communicate()[0]
    tap.ok(killed and process.returncode == 0, "parallel: a worker is killed, and the run succeeds", said)
    tap.ok(sorted(results(folder)) == sorted(NAMES), "parallel: each picture has its result", results(folder))
    codes, machines = log_of(folder)
    last = [c[-1] for c in codes.values()]
    tap.ok(len(last) == len(NAMES) and set(last) == {(0, 0)}, "parallel: the log has each picture, done", codes)
    tap.ok(min(machines["one"], machines["two"]) > 0, "parallel: both machines worked", machines)
    before = results(folder)
    (folder / "photos" / "g.jpg").write_text("no picture")
    bad = run(command, folder, environment)
    tap.ok(results(folder) == before, "parallel: a second time nothing is done twice", bad)
    tap.ok(bad.returncode == 1 and "g.jpg" in bad.stderr, "parallel: one picture that fails is counted and named", bad)
    tap.ok(
        any(c[-1][0] == 70 for c in log_of(folder)[0].values()), "parallel: its exit code is in the log", log_of(folder)
    )


def task(number):
    """What Slurm tells task `number` of 0-1."""
    return {
        "SLURM_ARRAY_TASK_ID": str(number),
        "SLURM_ARRAY_TASK_COUNT": "2",
        "SLURM_ARRAY_TASK_MIN": "0",
        "SLURM_ARRAY_TASK_MAX": "1",
    }


def as_array(tap, one, slurm, environment, folder):
    lay_out(folder)
    run(one + slurm, folder, environment)
    tasks = [
        subprocess.Popen(
            ["sh", "denoise.slurm"],
            cwd=folder,
            env=environment | task(n),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for n in range(2)
    ]
    killed = kill_one(folder)
    said = [t.communicate()[0] for t in tasks]
    tap.ok(killed and sorted(t.returncode for t in tasks) == [0, 137], "array: the killed task says so", said)
    first = results(folder)
    tap.ok(len(first) == len(NAMES) - 1, "array: the others' pictures are done", first)
    took = "\n".join(said).count("gimp-diffusion: took")
    tap.ok(took == len(first), "array: none was done twice", said)
    again = [run("sh denoise.slurm", folder, environment | task(n)) for n in range(2)]
    now = results(folder)
    tap.ok(
        [a.returncode for a in again] == [0, 0] and sorted(now) == sorted(NAMES) and first.items() <= now.items(),
        "array: started again, only the killed one's picture is made",
        [a.stderr for a in again],
    )
    alone = run("sh denoise.slurm", folder, environment | task(1) | {"SLURM_ARRAY_TASK_COUNT": "1"})
    tap.ok(alone.returncode == 2 and "--array" in alone.stderr, "array: a task alone says that it has no share", alone)


def main():
    tap = Tap()
    one, command, slurm = blocks()
    with Console() as gimp:
        # The console's name has GIMP's version in it; the document says the one of GIMP 3.0.
        (gimp.folder / "bin").mkdir()
        (gimp.folder / "bin" / "gimp-console-3.0").symlink_to(shutil.which(console()))
        environment = gimp.environment | {"PATH": f"{gimp.folder}/bin:{os.environ['PATH']}"}
        as_array(tap, one, slurm, environment, gimp.folder / "array")
        wake_loopback()
        allowed = pathlib.Path(tempfile.mkdtemp(prefix=".gimp-diffusion-", dir=pathlib.Path.home()))
        environment["PARALLEL_HOME"] = str(gimp.folder / "parallel")
        # The "machines" have the plug-in of the test.
        taken = [
            k for k in environment if k.startswith(("GIMP", "DIFFUSION_", "LANG", "GLIBC_TUNABLES")) or k == "PATH"
        ]
        environment["PARALLEL"] = " ".join(f"--env {k}" for k in taken)
        server = None
        try:
            server, environment["PARALLEL_SSH"] = start_server(gimp.folder, allowed)
            over_ssh(tap, one, command, environment, gimp.folder / "ssh-folder")
        finally:
            shutil.rmtree(allowed)
            if server:
                server.terminate()
                server.wait()
    tap.finish()


main()
