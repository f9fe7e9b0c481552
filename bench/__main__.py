"""`make bench`: every bench in turn; a name or several run only those (`python -m bench capacity scorer`)."""

import subprocess
import sys
import time

BENCHES = (
    "capacity",
    "lagging",
    "scorer",
    "waiting",
    "ranker",
    "points",
    "history",
    "wallet",
    "registration",
    "coldstart",
)
ON_A_STACK = ("flood", "freshness")  # weigh what `make up` started; run by name


def main() -> None:
    """Run the named benches, all that need no stack by default: each in a process of its own, so that none finds the clients, the environment
    or the peak of memory of another one."""
    asked = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in asked if name not in BENCHES + ON_A_STACK]
    if unknown:
        raise SystemExit(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES + ON_A_STACK)}")
    for name in asked:
        start = time.monotonic()
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            raise SystemExit(f"bench {name} failed")
        print(f"   {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
