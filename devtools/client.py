"""A small client of the public HTTP API, as an integrator would write one: retries what says `retryable`, names its
writes with Idempotency-Key, and shows a refusal as the API explained it."""

import gzip
import json
import random
import time
from typing import Any
from uuid import uuid4

import httpx

ATTEMPTS = 8
# A call whose process died holds its Idempotency-Key for 35 s (docs/tenancy.md): so long the answer is "still running".
PATIENCE_S = 45.0


class ApiRefusal(Exception):  # noqa: N818
    """A 4xx/5xx answer; `problem` is the problem+json document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        fields = "".join(f"\n    {e['field']}: {e['reason']}" for e in problem.get("errors", ()))
        super().__init__(f"{status} {problem.get('name', '')}: {problem.get('detail', problem)}{fields}")
        self.status = status
        self.problem = problem
        self.name = problem.get("name", "")


class Hub:
    """One API key's view of the hub, acting for its own node or for `tenant` below it."""

    def __init__(self, url: str, token: str, *, tenant: str = "", timeout_s: float = 30.0) -> None:
        self.http = httpx.Client(
            base_url=url,
            timeout=timeout_s,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                **({"Pitboss-Tenant": tenant} if tenant else {}),
            },
        )
        self.calls = 0
        self.repeats = 0

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def __del__(self) -> None:
        if hasattr(self, "http"):
            self.close()

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        zipped: bool = False,
        **query: Any,
    ) -> Any:
        """One call, repeated with the same Idempotency-Key while the answer says `retryable`."""
        headers = {"Content-Type": "application/json"} if method in ("POST", "PUT", "PATCH") else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        content = None
        if method in ("POST", "PUT", "PATCH"):
            content = json.dumps(body if body is not None else {}).encode()
            if zipped:
                content, headers["Content-Encoding"] = gzip.compress(content, 6), "gzip"
        params = {k: v for k, v in query.items() if v is not None}
        attempt, give_up_at = 0, time.monotonic() + PATIENCE_S
        while True:
            last = attempt == ATTEMPTS - 1
            self.calls += 1
            try:
                answer = self.http.request(method, path, content=content, headers=headers, params=params)
            except httpx.TransportError:
                if last:
                    raise
                self.repeats += 1
                time.sleep(_pause(attempt, None))
                attempt += 1
                continue
            if answer.status_code < 400:
                return answer.json() if answer.content else None
            problem = _problem(answer)
            running = problem.get("name") == "OPERATION_IN_PROGRESS"
            last = time.monotonic() > give_up_at if running else last
            if last or not problem.get("retryable"):
                raise ApiRefusal(answer.status_code, problem)
            self.repeats += 1
            time.sleep(_pause(attempt, answer.headers.get("Retry-After")))
            attempt += not running


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    # What stands between may answer for us, a gateway whose function died for one: nobody knows what was done then.
    unknown = {"detail": answer.text[:300], "retryable": answer.status_code >= 500}
    return {**unknown, **document} if isinstance(document, dict) else unknown


def _pause(attempt: int, advised: str | None) -> float:
    """Exponential with full jitter, never shorter than what the server advised."""
    return max(float(advised or 0), random.uniform(0, min(8.0, 0.25 * 2**attempt)))
