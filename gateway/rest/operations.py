"""For operators and their tools: is it alive, is it ready, what does it measure."""

from prometheus_client import CONTENT_TYPE_LATEST

from gateway.answers import Answer, failure
from gateway.context import Caller, Gateway
from gateway.rest.symbols import NoRequest
from gateway.shapes import StatusView
from gateway.statuses import Problem


async def get_healthz(_: Gateway, __: Caller, ___: NoRequest) -> Answer:
    """200 while the process answers at all."""
    return Answer(200, StatusView("ok"))


async def get_readyz(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """503 when no traffic should come here. With READYZ_SKIP_PING=1 the database has no say in it."""
    reason = gateway.health.not_ready()
    if reason is None:
        return Answer(200, StatusView("ready"))
    code = Problem.SHUTTING_DOWN if gateway.shutdown.is_set() else Problem.DATABASE_AWAY
    return failure(code, reason)


async def get_metrics(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """Prometheus' text."""
    return Answer(200, gateway.metrics.text(), content_type=CONTENT_TYPE_LATEST)
