"""Alive, ready, measured."""

import pytest
from msgspec.structs import replace

from storage.interface import DatabaseAway, JournalHead
from tests.gateway.houses import SETTINGS, error, open_house

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
async def test_alive_and_ready(prefix: str) -> None:
    async with open_house() as house:
        assert (await house.call("GET", f"{prefix}/healthz")).json == {"status": "ok"}
        assert (await house.call("GET", f"{prefix}/readyz")).json == {"status": "ready"}


async def test_a_server_that_stops_is_alive_but_not_ready() -> None:
    async with open_house() as house:
        house.gateway.shutdown.set()
        assert (await house.call("GET", "/healthz")).status == 200
        reply = await house.call("GET", "/readyz")
        assert error(reply) == (503, "SHUTTING_DOWN")
        assert "retry-after" in reply.headers


@pytest.mark.parametrize(("skip", "expected"), [(True, 200), (False, 503)])
async def test_readyz_may_be_told_to_leave_the_database_out(
    skip: bool, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(replace(SETTINGS, readyz_skip_ping=skip)) as house:

        async def away() -> JournalHead:
            raise DatabaseAway("gone")

        with monkeypatch.context() as loss:
            loss.setattr(house.exchange.storage.reader, "journal_head", away)
            await house.gateway.health.probe()
            assert (await house.call("GET", "/readyz")).status == expected
        house.gateway.shutdown.set()
        assert error(await house.call("GET", "/readyz")) == (503, "SHUTTING_DOWN")


async def test_metrics_count_what_was_asked() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="10")
        await house.call("GET", "/api/v1/symbols")
        await house.call("GET", "/api/v1/symbols/NONE")
        await house.gateway.health.probe()
        reply = await house.call("GET", "/metrics")
        assert reply.headers["content-type"].startswith("text/plain")
        lines = reply.body.decode().splitlines()
        assert 'rialto_requests_total{class="market_data",status="200"} 1.0' in lines
        assert 'rialto_requests_total{class="market_data",status="404"} 1.0' in lines
        assert 'rialto_request_seconds_count{class="market_data"} 2.0' in lines
        assert "rialto_requests_in_flight 1.0" in lines  # the scrape itself
        assert 'rialto_mailbox_depth{actor="accounts"} 0.0' in lines
        assert 'rialto_restarts_total{actor="ledger"} 0.0' in lines
        assert "rialto_database_away 0.0" in lines
        commits = next(float(line.split()[1]) for line in lines if line.startswith("rialto_commits_total"))
        assert commits == (await house.exchange.storage.reader.journal_head()).sequence
