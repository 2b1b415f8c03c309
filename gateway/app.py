"""Puts the gateway together: its services around a running exchange, and the application that a server serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import trio
from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from actors.exchange import Exchange
from engine.refusals import Refusal
from gateway.answers import Answer, failure
from gateway.context import Gateway, answer_for
from gateway.health import Health
from gateway.identity.passwords import PasswordHasher, Randomness
from gateway.identity.sessions import Sessions
from gateway.identity.tokens import Tokens
from gateway.limits import BODY_BYTES_MAX
from gateway.metrics import Metrics
from gateway.openapi import with_openapi
from gateway.rest.dispatch import Dispatcher
from gateway.rest.routes import ROUTES
from gateway.settings import Settings
from gateway.statuses import Problem
from gateway.websocket.endpoint import WebSocketEndpoint

DAY_S = 24 * 60 * 60


@asynccontextmanager
async def open_gateway(
    exchange: Exchange,
    settings: Settings,
    *,
    hasher: PasswordHasher,
    randomness: Randomness,
    shutdown: trio.Event,
) -> AsyncIterator[Gateway]:
    """Open the gateway's services; `settings.jwt_secret` must be there by now."""
    assert settings.jwt_secret is not None
    tokens = Tokens(
        secret=settings.jwt_secret,
        issuer=settings.jwt_iss,
        audience=settings.jwt_aud,
        lifetime_s=settings.jwt_exp_days * DAY_S,
    )
    sessions = Sessions(
        identity=exchange.storage.identity,
        clock=exchange.clock,
        randomness=randomness,
        hasher=hasher,
        tokens=tokens,
    )
    await sessions.load()
    health = Health(exchange.storage, shutdown)
    await health.probe()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(health.watch)
        yield Gateway(exchange, sessions, settings, health, Metrics(exchange.supervisor, health), shutdown)
        nursery.cancel_scope.cancel()


def make_app(gateway: Gateway) -> Dispatcher:
    """Make the application of an open gateway: the REST API, behind it `/ws`, behind that Quart for everything else."""
    return Dispatcher(gateway, with_openapi(ROUTES), WebSocketEndpoint(gateway, make_quart()))


def make_quart() -> QuartTrio:
    """Quart without any path yet: all its bad news are JSON in our shape."""
    quart = QuartTrio("rialto", static_folder=None)
    quart.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    quart.register_error_handler(HTTPException, _http_error)
    quart.register_error_handler(Exception, _other_error)
    return quart


async def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        answer = failure(Refusal.NOT_FOUND, "there is no such path: /openapi.json has the list")
    elif status == 405:
        answer = failure(Problem.METHOD_NOT_ALLOWED, "this path does not take this method")
    elif status == 413:
        answer = failure(Problem.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
    elif status < 500:
        answer = failure(Refusal.MALFORMED, "this request can't be read")
    else:
        answer = answer_for(error)
    return _response(answer)


async def _other_error(error: Exception) -> Response:
    return _response(answer_for(error))


def _response(answer: Answer) -> Response:
    return Response(msgspec.json.encode(answer.body), answer.status, content_type=answer.content_type)
