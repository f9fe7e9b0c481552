"""`make up`: the whole stack on this machine, from nothing or from whatever stands already."""

import contextlib
import fcntl
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from devtools import console, deploy, local_aws, seed
from devtools.console import LOCAL, Stop, step

STATE = LOCAL / "up.json"
DEMO_TENANT = LOCAL / "demo.json"
ANSWERS_WITHIN_S = 40.0
WEEK_S = 7 * 24 * 3600


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two `make up` at the same time would deploy into each other."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Stop("Another make up or make down is at work here; wait for it.") from None
        yield


def running(wanted_port: int | None, *, auth: bool) -> local_aws.Emulator | None:
    """The emulator of an earlier `make up`, if it is as it should be now; one that is not is ended."""
    emulator = local_aws.recall(STATE)
    if emulator is None or not local_aws.is_ours(emulator):
        return None
    fits = emulator.build == local_aws.build_hash() and emulator.auth == auth
    if fits and wanted_port in (None, emulator.port) and local_aws.healthy(emulator.port):
        return emulator
    with step("ending the earlier local AWS, which is of another make"):
        local_aws.stop(emulator)
    return None


def wished_port(text: str) -> int | None:
    """The port that PORT= names; None where it names none. Stop says what it takes."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535:
        return int(text)
    raise Stop(f"PORT={text} is not a port: a number from 1 to 65535.")


def forget_old_layers() -> None:
    """Every change of our code unpacks a layer anew; what no emulator of the last week started with goes."""
    for place in (LOCAL / "layers-in-use").glob("*"):
        if time.time() - place.stat().st_mtime > WEEK_S:
            shutil.rmtree(place, ignore_errors=True)


def wait_for_api(emulator: local_aws.Emulator) -> None:
    """Until the health route answers 200 through gateway, layer and function."""
    end, last = time.monotonic() + ANSWERS_WITHIN_S, "nothing"
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{emulator.api_url}/health", timeout=10) as answer:
                if answer.status == 200:
                    return
                last = str(answer.status)
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read(300)!r}"
        except OSError as error:
            last = str(error)
        time.sleep(0.2)
    raise Stop(
        f"{emulator.api_url}/health answers {last}. What the functions say: make logs; the local AWS: {emulator.folder}/emulator.log"
    )


def main() -> None:
    """Start, deploy, seed, and say how to use it."""
    began = time.monotonic()
    auth = os.environ.get("AUTH", "").lower() == "true"
    port = wished_port(os.environ.get("PORT", ""))
    print("Pitboss on this machine")
    with alone():
        with step("building layers"):
            deploy.build_layers()
        emulator = running(port, auth=auth)
        if emulator is None:
            with step("starting the local AWS") as notes:
                forget_old_layers()
                # First: the tokens of an earlier stack open nothing in the next, and this may be interrupted.
                DEMO_TENANT.unlink(missing_ok=True)
                wished = port or local_aws.FIRST_PORT
                emulator = local_aws.start(LOCAL / "up", port=wished, auth=auth, record=STATE)
                notes.append(
                    f"port {emulator.port}" + (f", {wished} is taken" if emulator.port != wished else "")
                )
        else:
            print(f"  the local AWS runs already (port {emulator.port})")
        with step("deploying template.yaml"):
            outputs = deploy.deploy_local(emulator.endpoint)
        with step("waiting for the API to answer"):
            wait_for_api(emulator)
        with step("seeding the demo tenant") as notes:
            tenant = seed.ensure(emulator, outputs, DEMO_TENANT)
            notes.append("it stands already" if tenant.kept else "new key")
    farewell(emulator, tenant, time.monotonic() - began)


def farewell(emulator: local_aws.Emulator, tenant: seed.DemoTenant, seconds: float) -> None:
    """URLs and a call that can be pasted."""
    print(
        f"""
Ready in {seconds:.1f} s.

  API        {emulator.api_url}
  Docs       {emulator.api_url}/docs
  OpenAPI    {emulator.api_url}/openapi.json
  Token      {tenant.token}   (operator {tenant.operator_id}, kept in {console.LOCAL.name}/{DEMO_TENANT.name})
  Logs       make logs

  curl -s {emulator.api_url}/tournaments -H 'Authorization: Bearer {tenant.token}'

  make demo plays a whole tournament; make down ends it all."""
    )


def describe() -> dict[str, str]:
    """The running stack of `make up`: api, endpoint, token; Stop if there is none."""
    emulator = local_aws.recall(STATE)
    tenant = seed.recall(DEMO_TENANT)
    if emulator is None or not local_aws.healthy(emulator.port) or "token" not in tenant:
        raise Stop("Nothing is running here. First: make up")
    return {"api": emulator.api_url, "endpoint": emulator.endpoint, **tenant}


if __name__ == "__main__":
    console.run(main)
