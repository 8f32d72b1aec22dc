# SPDX-License-Identifier: GPL-3.0-or-later
#
# gimp_desktop.py: a real GIMP in a real window, for tests: a virtual screen
# (Xvfb), a window manager (openbox), a session bus, a fresh GIMP profile, and
# hands (xdotool). Everything ends with the `with` block, whatever happens.
#
# What the user would do goes through keys and mouse. What the test wants to
# know goes past the windows: gimp-remote.scm, run by GIMP's own Script-Fu,
# answers questions while the windows stay usable.

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import cv2

import gimp_console

HERE = pathlib.Path(__file__).resolve().parent
SCREEN = (1280, 900)

# A first start asks all plug-ins for their procedures, on a machine that may
# be busy with something else.
PATIENCE = 240

# One window that fills the screen, with the toolbox and the layers.
SESSION = f"""
(session-info "toplevel"
  (factory-entry "gimp-single-image-window")
  (position 0 0)
  (size {SCREEN[0] - 4} {SCREEN[1] - 26})
  (open-on-exit)
  (aux-info (left-docks-width "200") (right-docks-width "220") (maximized "no"))
  (gimp-toolbox (side left) (book (current-page 0) (dockable "gimp-tool-options")))
  (gimp-dock (side right) (book (current-page 0) (dockable "gimp-layer-list"))))
(hide-docks no)
(single-window-mode yes)
"""


class Timeout(Exception):
    pass


def wait_for(what, condition, seconds=PATIENCE, pause=0.1):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"after {seconds} s still waiting for {what}")
        time.sleep(pause)


class Desktop:
    """A screen with a window manager; `env` is the environment of programs on it."""

    def __init__(self, results=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="desktop-"))
        self.results = pathlib.Path(results or self.folder)
        self.results.mkdir(parents=True, exist_ok=True)
        self.processes = []
        self.display = {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "GDK_BACKEND": "x11",
            "NO_AT_BRIDGE": "1",
        }
        self.env = {**os.environ, **self.display}

    # Seen: Openbox that runs and never takes the screen; once the next one did, once two more
    # did not. Hence a new screen as well.
    def __enter__(self, tries=3):
        try:
            self._start_screen()
            self._start_bus()
            self._start_window_manager()
        except Timeout:
            self._kill()
            if tries > 1:
                return self.__enter__(tries - 1)
            self.__exit__()
            raise
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def start(self, name, command, **more):
        """Starts a program in a process group of its own; its words go to NAME.log."""
        with open(self.results / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                command,
                env=self.env,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stderr=log,
                stdout=more.pop("stdout", log),
                **more,
            )
        self.processes.append(process)
        return process

    def _start_screen(self):
        read, write = os.pipe()
        width, height = SCREEN
        self.start(
            "xvfb",
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
            pass_fds=[write],
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError((self.results / "xvfb.log").read_text())
        self._set("DISPLAY", f":{number}")

    def _start_bus(self):
        bus = self.start("dbus", ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE)
        self._set("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().decode().strip())

    def _start_window_manager(self):
        self.start("openbox", ["openbox", "--sm-disable"])
        wait_for("the window manager", self._has_window_manager, PATIENCE / 8)

    def _set(self, name, value):
        self.env[name] = self.display[name] = value

    def _has_window_manager(self):
        return "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")

    def run(self, *command):
        """The output of a command, "" where it failed."""
        done = subprocess.run(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        return done.stdout.decode(errors="replace") if done.returncode == 0 else ""

    # --- windows

    def windows(self, role):
        """The windows with this role, as the window manager lists them."""
        listed = self.run("xprop", "-root", "_NET_CLIENT_LIST").partition("#")[2]
        return [
            window
            for window in listed.replace(",", " ").split()
            if f'"{role}' in self.run("xprop", "-id", window, "WM_WINDOW_ROLE")
        ]

    def wait_window(self, role, seconds=PATIENCE):
        """The window, once it is there and has the focus."""
        window = wait_for(f"a window with the role {role}", lambda: self.windows(role), seconds)[-1]
        self.activate(window)
        return window

    def activate(self, window):
        self.run("xdotool", "windowactivate", window)
        wait_for("the focus", lambda: int(self.run("xdotool", "getactivewindow").strip() or 0) == int(window, 16))

    def wait_gone(self, role, seconds=PATIENCE):
        wait_for(f"the end of {role}", lambda: not self.windows(role), seconds, pause=0.02)

    def title(self, window):
        return self.run("xdotool", "getwindowname", window).strip()

    def geometry(self, window):
        """x, y, width and height on the screen, without the frame."""
        told = self.run("xwininfo", "-id", window)
        return tuple(
            int(re.search(rf"{name}:\s+(-?\d+)", told)[1])
            for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        )

    def move(self, window, x, y):
        """Moves the window, as another one is below it."""
        self.run("xdotool", "windowmove", "--sync", window, str(x), str(y))

    # --- hands

    def keys(self, *keys):
        """Presses keys, as "ctrl+z", one after the other."""
        self.run("xdotool", "key", "--clearmodifiers", "--delay", "60", *keys)

    def type(self, text):
        self.run("xdotool", "type", "--delay", "60", text)

    def drag(self, start, end):
        """Drags the mouse with the left button, from one point of the screen to another."""
        middle = [(a + b) // 2 for a, b in zip(start, end)]
        steps = ["mousemove", *start, "mousedown", "1"]
        for point in (middle, end, end):
            steps += ["sleep", "0.2", "mousemove", *point]
        self.run("xdotool", *map(str, steps + ["sleep", "0.2", "mouseup", "1"]))

    # --- eyes

    def picture(self, name, window=None):
        """Saves a picture of the window, or of the screen, and returns its path.

        Cut out of the screen, as import would wait for a window that is gone.
        """
        path = self.results / f"{name}.png"
        command = ["import", "-window", "root", "-strip"]
        if window:
            x, y, width, height = self.geometry(window)
            command += ["-crop", f"{width}x{height}+{x}+{y}", "+repage"]
        self.run(*command, str(path))
        return path

    def look(self, window):
        """The number of colours in the upper half of a window, and a hash of what it shows:
        a photograph has thousands, widgets some hundred."""
        x, y, width, height = self.geometry(window)
        path = self.folder / "look.png"
        self.run("import", "-window", "root", "-crop", f"{width}x{height // 2}+{x}+{y}", str(path))
        colours, _, digest = self.run("identify", "-format", "%k %#", str(path)).partition(" ")
        return int(colours or 0), digest


class GimpWindow:
    """A GIMP on a desktop with a picture opened, and the plug-in as it was just built; `more`: plug-ins of GIMP's own."""

    def __init__(self, desktop, picture, language="", more=()):
        self.desktop = desktop
        self.staged = gimp_console.Console(formats=("file-png", *more))
        self.folder = self.staged.folder
        self.number = 0

        self.locale = self.folder / "plug-ins" / "gimp-diffusion" / "locale"
        if not self.locale.exists():
            self._compile_catalogs()

        # Neither the welcome of a new version nor questions in the way.
        version = desktop.run("gimp", "--version").split()[-1]
        (self.folder / "profile" / "gimprc").write_text(
            f'(config-version "{version}")\n(show-welcome-dialog no)\n(check-updates no)\n'
            "(color-profile-policy keep)\n(metadata-rotation-policy keep)\n"
            "(save-session-info no)\n(save-device-status no)\n"
        )
        (self.folder / "profile" / "sessionrc").write_text(SESSION)

        desktop.env.update(self.staged.environment, **desktop.display, GIMP_REMOTE=str(self.folder))
        if language:
            desktop.env.update(LANG="de_DE.UTF-8", LANGUAGE=language)
        desktop.env.pop("LC_ALL", None)

        # labels.c, where it was built.
        self.labels = self.folder / "labels"
        self.labels.mkdir()
        if "DIFFUSION_LABELS_MODULE" in os.environ:
            desktop.env.update(GTK_MODULES=os.environ["DIFFUSION_LABELS_MODULE"], DIFFUSION_LABELS=str(self.labels))
        self.picture = str(picture)

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        self.desktop.start(
            "gimp",
            [
                "gimp",
                "--no-splash",
                *gimp_console.SCRIPT_FU,
                "--batch",
                f'(load "{HERE}/gimp-remote.scm")',
                self.picture,
            ],
        )
        self.window = self.desktop.wait_window("gimp-image-window")
        self.ask("#t")

    def __exit__(self, *_):
        self.desktop.picture("last")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _compile_catalogs(self):
        for catalog in (HERE.parents[1] / "po").glob("*.po"):
            folder = self.locale / catalog.stem / "LC_MESSAGES"
            folder.mkdir(parents=True)
            subprocess.run(["msgfmt", catalog, "-o", folder / "gimp-diffusion.mo"], check=True)

    def ask(self, scheme):
        """What Script-Fu makes of the expression, as text; the windows stay usable meanwhile."""
        self.number += 1
        question, answer, done = (self.folder / f"{name}-{self.number}" for name in ("question", "answer", "done"))
        part = question.with_suffix(".part")
        part.write_text(scheme)
        part.rename(question)
        wait_for(f"the answer to {scheme}", done.exists, pause=0.02)
        text = answer.read_text()
        if text == "error":
            raise RuntimeError(f"GIMP refuses {scheme}")
        return text

    def snapshot(self):
        """The whole image as an XCF file: every byte of every layer, the selection and all
        parasites, but for the last values that GIMP itself remembers in it for any filter."""
        path = self.folder / "snapshot.xcf"
        self.ask(f'(remote-snapshot "{path}")')
        return path.read_bytes()

    def pixels(self):
        """The visible picture as an array of height × width × 3 bytes."""
        path = self.folder / "pixels.png"
        self.ask(f'(remote-export "{path}")')
        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)

    def provenance(self):
        """The records of the runs that the layer carries."""
        return json.loads(self.ask("(remote-provenance)"))

    def read(self, program="gimp-diffusion"):
        """What the labels of the program's dialogs say, a line each; of a program that has ended,
        said last."""
        path = self.labels / program
        return path.read_text() if path.exists() else ""

    def forget(self, program="gimp-diffusion"):
        """What its dialogs have said so far, lest it is taken for what the next one says."""
        (self.labels / program).unlink(missing_ok=True)

    def wait_preview(self):
        """Until the preview of the dialog has been computed, and the dialog has said what it knows then."""
        self.wait_words("Measured noise:")
        wait_for("the preview", lambda: re.search(r"^CompareView [\d ]+$", self.read(), re.M))
        time.sleep(0.5)
        wait_for("the preview", lambda: re.search(r"^CompareView [\d ]+$", self.read(), re.M))

    def wait_words(self, words, program="gimp-diffusion"):
        """The line in a dialog of the program that holds the words, once there is one."""

        def line():
            return next((line for line in self.read(program).splitlines() if words in line), None)

        return wait_for(f"“{words}” in {program}", line)

    def complaints(self):
        """What the plug-in and its libraries, or GIMP about it, have complained of."""
        lines = (self.desktop.results / "gimp.log").read_text(errors="replace").splitlines()
        # libgimp's last message finds GIMP's end of the pipe closed, if GIMP was faster.
        return [
            line
            for line in lines
            if "gimp_flush" not in line
            and any(words in line for words in ("(gimp-diffusion:", "crashed", "GeglBuffers"))
        ]

    def select(self, width, height):
        """Drags a rectangle of about this size, in screen pixels, in the middle of the canvas;
        returns its bounds in the image: x1, y1, x2, y2."""
        x, y, window_width, window_height = self.desktop.geometry(self.window)
        middle = (x + window_width // 2, y + window_height // 2)
        self.desktop.activate(self.window)
        self.desktop.keys("ctrl+shift+j", "r")
        self.desktop.drag(
            (middle[0] - width // 2, middle[1] - height // 2), (middle[0] + width // 2, middle[1] + height // 2)
        )
        words = wait_for("a selection", self._selection)
        self.desktop.keys("Return")
        return words

    def paint(self, length):
        """Draws a stroke of about this length, in screen pixels, through the middle of the canvas,
        black and as wide as GIMP's brush is at first."""
        x, y, window_width, window_height = self.desktop.geometry(self.window)
        middle = (x + window_width // 2, y + window_height // 2)
        before = self.snapshot()
        self.desktop.activate(self.window)
        self.desktop.keys("n")
        self.desktop.drag((middle[0] - length // 2, middle[1]), (middle[0] + length // 2, middle[1]))
        wait_for("the stroke", lambda: self.snapshot() != before)

    def _selection(self):
        words = self.ask("(gimp-selection-bounds (remote-image))").strip("()").split()
        return [int(word) for word in words[1:]] if words[0] == "#t" else None

    def open(self, role, key):
        """Filters → Diffusion, which GIMP puts last, and the key of what is in it: returns the
        dialog with this role.  A key may get lost on a machine that is busy."""
        self.forget()
        for patience in (30, 60, PATIENCE):
            self.desktop.activate(self.window)
            self.desktop.keys("alt+r", "Up", "Right", key)
            try:
                return self.desktop.wait_window(role, patience)
            except Timeout:
                self.desktop.keys("Escape", "Escape")
        raise Timeout(f"{role} does not open")

    def call(self, role, scheme):
        """Has Script-Fu call what opens the dialog with this role, whose menus may be in any language; the call ends
        with the dialog, and is not waited for."""
        self.forget()
        self.number += 1
        part = self.folder / f"question-{self.number}.part"
        part.write_text(scheme)
        part.rename(part.with_suffix(""))
        return self.desktop.wait_window(role)

    def turn_to(self):
        """Goes from the window of a run to GIMP's, and waits until the layer is gone by which the run shows its
        result; that which is worked on is the topmost then."""
        self.desktop.activate(self.window)
        topmost = "(equal? (vector (remote-layer)) (gimp-image-get-selected-layers (remote-image)))"
        wait_for("the image as it is", lambda: self.ask(topmost) == "#t")

    def undo(self):
        self._step("ctrl+z")

    def redo(self):
        self._step("ctrl+y")

    def _step(self, key):
        """Presses the key for one undo step and waits until something has changed."""
        before = self.snapshot()
        self.desktop.activate(self.window)
        self.desktop.keys(key)
        wait_for(f"{key} to change the image", lambda: self.snapshot() != before)
