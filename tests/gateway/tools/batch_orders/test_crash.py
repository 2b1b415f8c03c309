"""The batch tool, killed in the middle of a run in a process of its own: what it heard is in the file of results."""

import sys
from pathlib import Path

import pytest
import trio

from gateway.tools.batch_orders.file import read_orders
from gateway.tools.batch_orders.program import run
from gateway.tools.batch_orders.results import Result, read_results
from gateway.tools.outside import Outside
from tests.gateway.tools.fake_exchange import PASSWORD, USERNAME, fake_exchange

CHECKOUT = Path(__file__).parents[4]
ORDERS = 200
CODE = """
import os, sys, trio
from functools import partial
from pathlib import Path
from gateway.tools.batch_orders.program import run
from gateway.tools.outside import Outside

outside = Outside(print, lambda: 0.0, os.environ, None)
trio.run(partial(run, file=Path(sys.argv[1]), url=sys.argv[2], username=sys.argv[3], outside=outside))
"""


@pytest.mark.slow
@pytest.mark.trio
async def test_what_was_heard_before_a_crash_is_kept_and_the_next_run_places_the_rest(tmp_path: Path) -> None:
    orders, results = tmp_path / "orders.csv", tmp_path / "orders.results.csv"
    text = "marketId,side,action,orderType,price,quantity\n" + "7,YES,BUY,LIMIT,50,1\n" * ORDERS
    orders.write_text(text, encoding="utf-8")
    ids = {line.client_order_id for line in read_orders(text, orders.name)}
    async with fake_exchange() as exchange:
        exchange.slowness_s = 0.02
        environment = {"RIALTO_PASSWORD": PASSWORD, "PATH": ""}
        command = [sys.executable, "-c", CODE, str(orders), exchange.url, USERNAME]
        process = await trio.lowlevel.open_process(command, cwd=CHECKOUT, env=environment)
        try:
            await exchange.until_asked(1 + ORDERS // 2)
        finally:
            process.kill()
            await process.wait()
        kept = read_results(results)
        # Of those that were asked for, at most the eight under way had not been heard of.
        assert len(kept) >= ORDERS // 2 - 8
        assert {row.outcome.result for row in kept} == {Result.ACCEPTED}
        assert {row.client_order_id for row in kept} <= set(exchange.orders) < ids

        heard: list[str] = []
        outside = Outside(heard.append, lambda: 0.0, environment, None)
        assert await run(file=orders, url=exchange.url, username=USERNAME, outside=outside) == 0
        assert set(exchange.orders) == ids
        assert heard[0].startswith(f"{ORDERS} orders: {ORDERS} accepted ({len(kept)} of them in an earlier run).")
        assert [row.line for row in read_results(results)] == list(range(2, ORDERS + 2))
