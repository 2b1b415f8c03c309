"""Logging in: at first, again when the token has expired, once for all who wait, and not again when it is refused."""

import pytest
import trio

from gateway.client import PredictionClient, Refused, Unavailable, open_prediction
from gateway.tools.session import Session
from tests.gateway.tools.fake_exchange import PASSWORD, USERNAME, FakeExchange, Reply, fake_exchange

LOG_IN = ("POST", "/api/auth/login")


def session_on(client: PredictionClient, password: str = PASSWORD) -> Session:
    return Session(client, USERNAME, password)


def log_ins(exchange: FakeExchange) -> int:
    return len(exchange.requests(*LOG_IN))


@pytest.mark.trio
async def test_the_first_question_logs_in() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client)
        assert await session.ask(lambda: client.book(1)) == exchange.book
        await session.ask(lambda: client.book(1))
        assert log_ins(exchange) == 1


@pytest.mark.trio
async def test_an_expired_token_is_replaced_once_for_all_who_wait() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client)
        await session.replace(None)
        exchange.tokens.clear()
        books = []

        async def ask() -> None:
            books.append(await session.ask(lambda: client.book(1)))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert books == [exchange.book] * 5
        assert log_ins(exchange) == 2


@pytest.mark.trio
async def test_a_401_that_a_new_token_does_not_end_is_a_refusal() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client)
        exchange.script("GET", "/api/orderbook/1", *[Reply(401, {"code": "UNAUTHORIZED"})] * 2)
        with pytest.raises(Refused) as refused:
            await session.ask(lambda: client.book(1))
        assert refused.value.status == 401
        assert session.refused is None
        assert log_ins(exchange) == 2


@pytest.mark.trio
async def test_a_wrong_password_is_not_tried_again() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client, "wrong")
        for _ in range(2):
            with pytest.raises(Refused):
                await session.ask(lambda: client.book(1))
        assert log_ins(exchange) == 1
        assert session.why_refused() == ("The exchange does not log maker in: 401 UNAUTHORIZED wrong name or password.")


@pytest.mark.trio
async def test_a_password_that_is_changed_meanwhile_ends_the_session() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client)
        await session.replace(None)
        exchange.tokens.clear()
        exchange.password = "changed"
        with pytest.raises(Refused) as refused:
            await session.ask(lambda: client.book(1))
        assert refused.value.message == "the token is not good"
        assert session.refused is not None
        assert session.refused.message == "wrong name or password"


@pytest.mark.trio
async def test_a_log_in_that_is_not_answered_now_is_asked_again_later() -> None:
    async with fake_exchange() as exchange, open_prediction(exchange.url) as client:
        session = session_on(client)
        exchange.script(*LOG_IN, Reply(429, {"code": "TOO_MANY_REQUESTS"}))
        with pytest.raises(Unavailable):
            await session.ask(lambda: client.book(1))
        assert session.refused is None
        assert await session.ask(lambda: client.book(1)) == exchange.book
