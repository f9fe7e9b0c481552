"""`make bench`: every bench in turn; a name or several run only those (`python -m bench capacity scorer`)."""

import importlib
import sys
import time

BENCHES = ("capacity", "lagging", "scorer", "ranker", "points", "history", "registration", "coldstart")


def main() -> None:
    """Run the named benches, all by default."""
    asked = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in asked if name not in BENCHES]
    if unknown:
        raise SystemExit(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    sys.argv = sys.argv[:1]
    for name in asked:
        start = time.monotonic()
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()
        print(f"   {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
