"""Puts the gateway together: its services around a running exchange, and the application that a server serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import trio

from actors.exchange import Exchange
from gateway.context import Gateway
from gateway.cors import Application, with_cors
from gateway.health import Health
from gateway.identity.passwords import PasswordHasher, Randomness
from gateway.identity.sessions import Sessions
from gateway.identity.tokens import Tokens
from gateway.metrics import Metrics
from gateway.odds_socket.endpoint import OddsEndpoint
from gateway.openapi import with_openapi
from gateway.rate_limits import RateLimit, RateLimits
from gateway.rest.dispatch import Dispatcher
from gateway.rest.fast_lane import FastLane
from gateway.rest.quart_routes import make_quart
from gateway.rest.routes import ROUTES, Route
from gateway.settings import Settings
from gateway.stomp.endpoint import StompEndpoint
from gateway.stomp.follower import Follower
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
        cache=exchange.cache,
        clock=exchange.clock,
        randomness=randomness,
        hasher=hasher,
        tokens=tokens,
    )
    await sessions.load()
    health = Health(exchange.storage, shutdown, skip_database=settings.readyz_skip_ping)
    await health.probe()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(health.watch)
        follower = Follower(exchange.directory, exchange.broadcaster, exchange.clock.now_ms)
        nursery.start_soon(follower.run)
        metrics = Metrics(exchange.supervisor, health)
        limits = make_rate_limits(settings)
        yield Gateway(exchange, sessions, settings, health, metrics, shutdown, follower, limits)
        nursery.cancel_scope.cancel()


def make_rate_limits(settings: Settings) -> RateLimits:
    """Make the limits that the operator has set; nothing is counted yet."""
    loopback_too = settings.rate_limit_loopback
    return RateLimits(
        login=RateLimit(settings.rate_limit_login, loopback_too=loopback_too),
        wallet=RateLimit(settings.rate_limit_wallet, loopback_too=loopback_too),
        betting=RateLimit(settings.rate_limit_betting, loopback_too=loopback_too),
        orders=RateLimit(settings.rate_limit_orders, loopback_too=loopback_too),
        other=RateLimit(settings.rate_limit_other, loopback_too=loopback_too),
        anonymous=RateLimit(settings.rate_limit_anonymous, loopback_too=loopback_too),
    )


def make_app(gateway: Gateway) -> Application:
    """Make the application of an open gateway: order entry first, then the sockets, and Quart for everything else."""
    routes = described_routes()
    dispatcher = Dispatcher(gateway, routes)
    stomp = StompEndpoint(gateway, gateway.stomp_topics, make_quart(dispatcher))
    app = FastLane(dispatcher, WebSocketEndpoint(gateway, OddsEndpoint(gateway, stomp)))
    methods = {route.method for route in routes} | {"HEAD"}
    return with_cors(app, methods, gateway.settings.cors_origins)


@cache
def described_routes() -> tuple[Route, ...]:
    """All routes and the description of them, which takes 25 ms: once for all applications (tests open thousands)."""
    return with_openapi(ROUTES)
