"""Structured log and metrics (EMF through the log, so that a metric costs no call)."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from pitboss.platform.meter import drain
from pitboss.platform.settings import optional

logger = Logger()


@cache
def metrics() -> Metrics:
    """The function's metrics; namespace and service come from the environment."""
    return Metrics(
        namespace=optional("POWERTOOLS_METRICS_NAMESPACE", "Pitboss"),
        service=optional("POWERTOOLS_SERVICE_NAME", "pitboss"),
    )


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric; `flush` at the end of the invocation writes it out."""
    metrics().add_metric(name=name, unit=unit, value=value)


def took(name: str, ms: float) -> None:
    """Add a duration in milliseconds to a metric; percentiles are CloudWatch's to make."""
    count(name, ms, MetricUnit.Milliseconds)


def flush() -> None:
    """Write what was counted as one EMF line; nothing when nothing was counted."""
    for name, value in drain().items():
        if value:
            count(name, value)
    collected: dict[str, Any] = metrics().metric_set
    if collected:
        metrics().flush_metrics()
