"""What `make` says while it works: one line per step, with its time, and what to do when a step failed."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"


class Stop(Exception):  # noqa: N818 - an ordinary end: something is missing, and the text says what to do
    """A step cannot go on; the message says what failed and what to do about it."""


@contextmanager
def step(text: str) -> Iterator[list[str]]:
    """Announce a step, then say how long it took. Notes put on the yielded list are shown behind it."""
    print(f"  {text} ...", end="", flush=True)
    notes: list[str] = []
    start = time.monotonic()
    try:
        yield notes
    except BaseException:
        print(" failed", flush=True)
        raise
    note = f" ({', '.join(notes)})" if notes else ""
    print(f" {time.monotonic() - start:.1f} s{note}", flush=True)


def run(main: "object") -> None:
    """Run a `main()` of a command, turning `Stop` into a message and exit code 1."""
    try:
        main()  # type: ignore[operator]
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
