"""Make the environments that the other commands run in. Runs under any python3 from 3.8 on, with nothing installed.

    python3 devtools/bootstrap.py dev emulator sam

Each environment is keyed by the hash of its requirements file, so that a repeated call does nothing, and an interrupted
one starts that environment again. The order is: uv (by pip, hashed) -> Python 3.13 -> the environments (by uv, hashed).
"""

from __future__ import annotations  # whatever python3 there is reads this file

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
PLACES = {"uv": LOCAL / "uv", "dev": ROOT / ".venv", "emulator": LOCAL / "emulator", "sam": LOCAL / "sam"}
NEEDED = "3.13"
# The product is imported from where it lies, so that `.venv/bin/python -m devtools...` works without the Makefile's PYTHONPATH.
OWN = PLACES["dev"] / "lib" / ("python" + NEEDED) / "site-packages" / "pitboss.pth"
REACHABLE = "Is the Python package index reachable (proxy, certificate)? Then repeat the command."


class Failed(Exception):  # noqa: N818 - an ordinary end, with words that help
    """A step failed; the text says what to do."""


def run(command: Sequence[object], what: str, advice: str) -> str:
    """Run a command quietly; its output is shown only when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        raise Failed(f"{what} failed.\n{said[-3000:]}\n{advice}")
    return said


def requirements(name: str) -> Path:
    """The hashed requirements file of an environment."""
    return ROOT / "requirements" / (name + ".txt")


def key_of(name: str) -> str:
    """What the environment is made from."""
    return hashlib.sha256(requirements(name).read_bytes() + NEEDED.encode()).hexdigest()


def ready(name: str) -> bool:
    """Whether the environment stands as its requirements file says."""
    seal = PLACES[name] / ".made-from"
    return seal.exists() and seal.read_text() == key_of(name) and (PLACES[name] / "bin/python").exists()


def make_uv() -> None:
    """uv in an environment of its own, by pip and with hashes."""
    place = PLACES["uv"]
    shutil.rmtree(str(place), ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", place],
        f"Making a virtual environment with {sys.executable}",
        "On Debian and Ubuntu: apt-get install python3-venv. Then repeat the command.",
    )
    pip = [
        place / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        requirements("uv"),
    ]
    run(pip, "Installing uv", REACHABLE)


def python_needed() -> str:
    """A Python 3.13: one that is installed, else one that uv fetches."""
    uv = PLACES["uv"] / "bin/uv"
    advice = (
        f"Pitboss runs on Python {NEEDED}, as its functions do on AWS. Install it (python.org, pyenv install {NEEDED}, "
        f"apt-get install python{NEEDED}) so that `python{NEEDED}` is on the PATH, then repeat the command."
    )
    find = [uv, "python", "find", "--no-project", NEEDED]
    try:
        return run(find, "", "").splitlines()[-1]
    except Failed:
        # pyenv hides what is not chosen in this folder; it will do all the same.
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        for found in sorted(pyenv.glob(f"versions/{NEEDED}.*/bin/python{NEEDED}")):
            return str(found)
        run([uv, "python", "install", NEEDED], f"Python {NEEDED} is not here, and fetching it", advice)
    return run(find, f"Finding Python {NEEDED}", advice).splitlines()[-1]


def make(name: str) -> None:
    """An environment from its hashed requirements file."""
    uv, place = PLACES["uv"] / "bin/uv", PLACES[name]
    if not (place / "bin/python").exists():
        run(
            [uv, "venv", "--quiet", "--clear", "--no-project", "--python", python_needed(), place],
            f"Making {place}",
            "",
        )
    sync = [
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        place / "bin/python",
    ]
    run([*sync, requirements(name)], f"Installing requirements/{name}.txt", REACHABLE)


def main(names: Sequence[str]) -> None:
    """Make what is missing of `names`, telling each step."""
    LOCAL.mkdir(exist_ok=True)
    for name in ["uv", *names]:
        if ready(name):
            continue
        print(f"  environment {name} ...", end="", flush=True)
        start = time.time()
        try:
            if name == "uv":
                make_uv()
            else:
                make(name)
        except Failed as failed:
            print(" failed", flush=True)
            sys.exit(f"\n{failed}")
        # Written last: an environment without it is made again.
        (PLACES[name] / ".made-from").write_text(key_of(name))
        print(f" {time.time() - start:.1f} s", flush=True)
    if "dev" in names:
        OWN.write_text(str(ROOT / "layers" / "pitboss") + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
