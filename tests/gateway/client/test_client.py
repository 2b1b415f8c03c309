"""The client: what it returns, and which of three kinds of bad news it makes of what goes wrong."""

from collections.abc import Iterator
from functools import partial

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from gateway.client import Refused, Unavailable, UnknownOutcome, open_rest, open_stream
from gateway.client.errors import check
from tests.end_to_end.servers import Rialto, running_rialto
from tests.end_to_end.traders import limit, open_traders
from tests.storage.servers import Server

BUY = limit("BTC_USDT", "buy", "100", "0.5")


# Bad news


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_a_refusal_carries_code_and_message(status: int) -> None:
    with pytest.raises(Refused) as refused:
        check(status, {"code": "OFF_TICK", "message": "the price is between two ticks"})
    assert (refused.value.status, refused.value.code) == (status, "OFF_TICK")
    assert refused.value.message == "the price is between two ticks"


@pytest.mark.parametrize("status", [408, 429, 503])
def test_busy_is_certainly_not_done(status: int) -> None:
    with pytest.raises(Unavailable):
        check(status, {"code": "BUSY", "message": "later"})


@pytest.mark.parametrize("body", [None, "<html>", {"code": "UNKNOWN"}])
def test_other_failures_are_unknown_whatever_their_body(body: object) -> None:
    with pytest.raises(UnknownOutcome):
        check(504, body)


@pytest.mark.trio
async def test_where_nobody_listens_nothing_was_done() -> None:
    """A port that is bound by us and not listened on: nobody else can take it meanwhile."""
    with trio.socket.socket() as bound:
        await bound.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{bound.getsockname()[1]}"
        async with open_rest(f"http://{place}") as client:
            with pytest.raises(Unavailable):
                await client.place(BUY)
        with pytest.raises(Unavailable):
            async with open_stream(f"ws://{place}/ws"):
                pass


@pytest.mark.trio
async def test_a_request_whose_connection_is_cut_is_unknown() -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, hang_up, 0)
        async with open_rest(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}") as client:
            with pytest.raises(UnknownOutcome):
                await client.place(BUY)
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_an_op_whose_socket_is_cut_is_unknown_and_the_messages_end() -> None:
    async def hang_up(request: WebSocketRequest) -> None:
        socket = await request.accept()
        await socket.get_message()
        await socket.aclose()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, hang_up, "127.0.0.1", 0, ssl_context=None))
        async with open_stream(f"ws://127.0.0.1:{server.port}/ws") as stream:
            with pytest.raises(UnknownOutcome):
                await stream.place(BUY)
            assert [message async for message in stream.messages()] == []
            with pytest.raises(trio.EndOfChannel):
                await stream.next_message()
            with pytest.raises(ConnectionClosed):
                await stream.subscribe("orders")
        nursery.cancel_scope.cancel()


# A real exchange


@pytest.fixture(scope="module")
def rialto(postgres_server: Server) -> Iterator[Rialto]:
    with postgres_server.new_database() as dsn, running_rialto(DATABASE_URL=dsn) as rialto:
        yield rialto


@pytest.mark.slow
@pytest.mark.trio
async def test_an_order_goes_through_its_life_over_rest(rialto: Rialto) -> None:
    async with open_traders(rialto, ["rest"], {"USDT": "1000"}) as traders:
        client = traders["rest"]
        order_id = (await client.place({**BUY, "clientOrderId": "a / b?"}))["orderId"]
        assert (await client.order(order_id))["state"] == "new"
        assert (await client.order_by_client_id("a / b?"))["orderId"] == order_id
        assert await client.orders("BTC_USDT", "open") == [await client.order(order_id)]
        assert (await client.book("BTC_USDT", 1))["bids"] == [["100", "0.5"]]
        assert (await client.cancel(order_id))["status"] == "cancelled"
        await client.place(BUY)
        assert len(await client.cancel_all("BTC_USDT")) == 1
        assert await client.trades("BTC_USDT") == []
        assert (await client.withdraw("all", "USDT", "1000"))["balance"] == "0"
        with pytest.raises(Refused) as refused:
            await client.place(BUY)
        assert (refused.value.status, refused.value.code) == (422, "INSUFFICIENT_FUNDS")


@pytest.mark.slow
@pytest.mark.trio
async def test_answers_and_pushes_of_one_socket_are_told_apart(rialto: Rialto) -> None:
    async with (
        open_traders(rialto, ["socket"], {"USDT": "1000"}) as traders,
        open_stream(rialto.websocket_url, traders["socket"].token) as stream,
    ):
        await stream.subscribe("orders", "nothing")
        assert [(await stream.next_message())["type"] for _ in range(3)] == ["error", "subscribed", "snapshot"]
        placed = [await stream.place(BUY), await stream.place({**BUY, "clientOrderId": "second"})]
        with pytest.raises(Refused) as refused:
            await stream.place({**BUY, "quantity": "1000"})
        assert refused.value.code == "INSUFFICIENT_FUNDS"
        assert (await stream.cancel(clientOrderId="second"))["orderId"] == placed[1]["orderId"]
        assert [part["orderId"] for part in await stream.cancel_all()] == [placed[0]["orderId"]]
        with trio.fail_after(10):
            pushed = [await stream.next_message() for _ in range(4)]
        assert [message["order"]["state"] for message in pushed] == ["new", "new", "cancelled", "cancelled"]
        await stream.unsubscribe("orders")


@pytest.mark.slow
@pytest.mark.trio
async def test_a_bad_token_is_refused_at_the_handshake(rialto: Rialto) -> None:
    with pytest.raises(Refused) as refused:
        async with open_stream(rialto.websocket_url, "not a token"):
            pass
    assert refused.value.status == 401


@pytest.mark.slow
@pytest.mark.trio
async def test_what_a_block_raises_comes_out_of_it_as_it_is(rialto: Rialto) -> None:
    """No exception group: the client's nursery is its own affair."""
    cause = KeyError("the cause")
    with pytest.raises(ValueError, match="mine") as raised:
        async with open_stream(rialto.websocket_url):
            raise ValueError("mine") from cause
    assert raised.value.__cause__ is cause


@pytest.mark.trio
async def test_a_server_that_goes_during_the_handshake_is_noticed_at_once() -> None:
    """It may be one that was just killed: who waits for it does not come back in time."""

    async def gone(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, gone, 0, host="127.0.0.1"))
        _, port = listeners[0].socket.getsockname()
        with trio.fail_after(5):
            with pytest.raises(Unavailable, match="before the handshake was done"):
                async with open_stream(f"ws://127.0.0.1:{port}/ws"):
                    pytest.fail("there is no stream")
        nursery.cancel_scope.cancel()
