# SPDX-License-Identifier: GPL-3.0-or-later
#
# gimp_watch.py: what the processes of a program take, told by Linux while they run.

import os
import pathlib
import threading
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """with Watch(program) as watch: ...

    Then watch.peak is the highest resident size of any of the program's processes, in bytes,
    and watch.seconds the most processor time that one of them took."""

    def __init__(self, program):
        super().__init__(daemon=True)
        self.program, self.peak, self.seconds, self.stop = str(program), 0, 0, threading.Event()

    def look(self, process):
        if os.readlink(process / "exe") != self.program:
            return
        status = (process / "status").read_text()
        self.peak = max(self.peak, int(status.partition("VmHWM:")[2].split()[0]) * 1024)
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        self.seconds = max(self.seconds, TICK * (int(fields[11]) + int(fields[12])))  # user, system

    def run(self):
        while not self.stop.is_set():
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    self.look(process)
                except (OSError, IndexError):
                    pass  # it has just ended
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()
