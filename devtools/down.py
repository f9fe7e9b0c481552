"""`make down`: end what `make up` started, and nothing else. Safe to repeat."""

from devtools import console, local_aws
from devtools.console import step
from devtools.up import DEMO_TENANT, STATE, alone


def main() -> None:
    """Stop the recorded emulator and forget it."""
    with alone():
        emulator = local_aws.recall(STATE)
        if emulator is None or not local_aws.is_ours(emulator):
            print("nothing is running")
        else:
            with step(f"ending the local AWS on port {emulator.port}"):
                local_aws.stop(emulator)
        STATE.unlink(missing_ok=True)
        DEMO_TENANT.unlink(missing_ok=True)


if __name__ == "__main__":
    console.run(main)
