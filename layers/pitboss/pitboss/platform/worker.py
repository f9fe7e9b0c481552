"""What every function without an HTTP route does around its work: log keys, metrics, and the flush of both."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from pitboss.platform.observe import count, flush, logger

type Handler = Callable[[dict[str, Any], Any], Any]


def worker(handle: Handler) -> Handler:
    """Wrap a Lambda entry point. Exceptions are logged, counted and raised again: the trigger's own retries and
    dead-letter queue are the error handling of a worker."""

    @wraps(handle)
    def run(event: dict[str, Any], context: Any) -> Any:
        logger.append_keys(requestId=getattr(context, "aws_request_id", ""))
        try:
            return handle(event, context)
        except Exception:
            logger.exception("the invocation failed")
            count("unexpected_failures")
            raise
        finally:
            flush()

    return run
