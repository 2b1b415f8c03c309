"""A STOMP session, without socket and clock: bytes and the time go in, texts to send and a farewell come out.

                 CONNECT, STOMP           everything else
not connected    CONNECTED or ERROR       ERROR
connected        ERROR                    done, and RECEIPT if wanted; or ERROR
over             read over: an ERROR, or the RECEIPT of DISCONNECT, was the last word
"""

from collections.abc import Callable
from functools import partial
from typing import get_args

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.statuses import Problem
from gateway.stomp.codec import BadFrame, Frame, Parser, Version, encode, show
from gateway.stomp.heartbeat import OFFER, Heartbeat
from gateway.stomp.subscription import AckMode, Subscription
from gateway.stomp.topics import Topics
from gateway.websocket.frames import SUBSCRIPTIONS_MAX
from gateway.websocket.socket import GOING_AWAY, POLICY_VIOLATION, SESSION_ENDED

VERSIONS = get_args(Version)
ID_LENGTH_MAX = 128  # characters of a subscription's id: every message repeats it
MESSAGES_MAX = 32  # taken at once: an answer that comes meanwhile waits for no more than these
BODY_BYTES_ENOUGH = 256 * 1024  # nor is anything taken beyond these: it would only wait for who reads slowly

NORMAL_CLOSURE = 1000
CLOSE_CODES = {
    Problem.UNAUTHORIZED: SESSION_ENDED,
    Refusal.ACCOUNT_SUSPENDED: SESSION_ENDED,
    Problem.SHUTTING_DOWN: GOING_AWAY,
}  # of the others: POLICY_VIOLATION


class Session:
    """`wake` is called when there is something to take that there was not before."""

    def __init__(
        self,
        name: str,
        topics: Topics,
        *,
        authenticate: Callable[[str], None],
        wake: Callable[[], None],
        now_s: float,
    ) -> None:
        self.version: Version | None = None  # None: not connected
        self.farewell: tuple[int, str] | None = None  # code and reason with which to close, once all is sent
        self._name = name
        self._topics = topics
        self._authenticate = authenticate  # raises Rejected for an Authorization header that is not good
        self._wake = wake
        self._parser = Parser()
        self._heartbeat = Heartbeat(now_s)
        self._now_s = now_s
        self._replies: list[str] = []
        self._subscriptions: dict[str, Subscription] = {}
        self._ready: dict[str, Subscription] = {}  # those that may have something to send
        self._sent = 0  # messages; also the last one's number
        self._handlers: dict[str, Callable[[Frame], None]] = {
            "CONNECT": self._connect,
            "STOMP": self._connect,
            "SUBSCRIBE": self._subscribe,
            "UNSUBSCRIBE": self._unsubscribe,
            "ACK": self._acknowledge,
            "NACK": self._acknowledge,
            "SEND": self._refuse_send,
            "BEGIN": self._refuse_transaction,
            "COMMIT": self._refuse_transaction,
            "ABORT": self._refuse_transaction,
            "DISCONNECT": self._disconnect,
        }

    # What comes in

    def feed(self, data: bytes, now_s: float) -> None:
        """Take bytes, for `handle_next`."""
        self._now_s = now_s
        if self.version is not None:
            self._heartbeat.received(now_s)
        if self.farewell is None:
            self._parser.feed(data)

    def handle_next(self) -> bool:
        """Do what the next frame asks for; False if there is none."""
        if self.farewell is not None:
            return False
        try:
            frame = self._parser.next()
        except BadFrame as bad:
            self.fail(Rejected(Refusal.MALFORMED, str(bad)))
            return False
        if frame is None:
            return False
        try:
            self._handle(frame)
        except Rejected as rejected:
            self.fail(rejected, frame)
        return True

    def _handle(self, frame: Frame) -> None:
        handler = self._handlers.get(frame.command)
        if handler is None:
            raise _malformed(f"{frame.command} is for servers to send")
        if self.version is None and handler != self._connect:
            raise _malformed(f"{frame.command} came before CONNECT")
        if frame.body.strip(b"\r\n") and frame.command != "SEND":  # line ends: many add one at the end of a text
            raise _malformed(f"{frame.command} must not have a body")
        handler(frame)
        if "receipt" in frame.headers:
            self._reply(Frame("RECEIPT", {"receipt-id": frame.headers["receipt"]}))

    # What goes out

    @property
    def replies(self) -> int:
        """How many answers wait to be taken."""
        return len(self._replies)

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    @property
    def due_s(self) -> float:
        """When to `take`, whether woken or not."""
        return self._heartbeat.due_s

    def take(self, now_s: float) -> list[str]:
        """Take what is to be sent now: answers, then messages or else the heart-beat that is due."""
        if self.farewell is None and self._heartbeat.is_silent(now_s):
            self._fail_silent()
        texts, self._replies = self._replies, []
        if self.farewell is None:
            texts += self._messages()
            if not texts and self._heartbeat.must_send(now_s):
                texts.append("\n")
        if texts:
            self._heartbeat.sent(now_s)
        return texts

    def _messages(self) -> list[str]:
        texts: list[str] = []
        body_bytes = 0
        for subscription_id, subscription in list(self._ready.items()):
            room = min(subscription.room, MESSAGES_MAX - len(texts))
            bodies = subscription.source.take(room) if room else []
            body_bytes += sum(map(len, bodies))
            texts += [self._message(subscription, body) for body in bodies]
            del self._ready[subscription_id]
            if len(bodies) == room and subscription.room:
                self._ready[subscription_id] = subscription  # for what else there may be: behind the others
            if len(texts) == MESSAGES_MAX or body_bytes >= BODY_BYTES_ENOUGH:
                break
        return texts

    def _message(self, subscription: Subscription, body: bytes) -> str:
        self._sent += 1
        message_id = f"{self._name}-{self._sent}"
        headers = {
            "subscription": subscription.subscription_id,
            "message-id": message_id,
            "destination": subscription.destination,
            "content-type": "application/json",
        }
        if subscription.mode is not AckMode.AUTO and self.version != "1.1":
            headers["ack"] = message_id
        subscription.sent(self._sent)
        return encode(Frame("MESSAGE", headers, body), self.version).decode()

    def _reply(self, frame: Frame) -> None:
        self._replies.append(encode(frame, self.version).decode())
        self._wake()

    # The end

    def fail(self, rejected: Rejected, frame: Frame | None = None) -> None:
        """End it with an ERROR: what is wrong, and with which frame."""
        if self.farewell is not None:
            return
        headers = {"message": rejected.message, "code": rejected.code.value, "content-type": "text/plain"}
        if self.version is None:
            headers["version"] = ",".join(VERSIONS)
        if frame is not None and "receipt" in frame.headers:
            headers["receipt-id"] = frame.headers["receipt"]
        body = f"{frame.command} was refused: {rejected.message}\n" if frame else f"{rejected.message}\n"
        self.farewell = CLOSE_CODES.get(rejected.code, POLICY_VIOLATION), rejected.message
        self.leave()
        self._reply(Frame("ERROR", headers, body.encode()))

    def _fail_silent(self) -> None:
        silence_s = self._heartbeat.silence_s_max
        missing = "no CONNECT came" if self.version is None else "nothing came, not even a heart-beat,"
        self.fail(Rejected(Problem.TOO_SLOW, f"{missing} for {silence_s:g} s"))

    def leave(self) -> None:
        """Close all subscriptions."""
        for subscription in self._subscriptions.values():
            subscription.source.close()
        self._subscriptions.clear()
        self._ready.clear()

    # The frames

    def _connect(self, frame: Frame) -> None:
        if self.version is not None:
            raise Rejected(Refusal.CONFLICT, "this session is connected already")
        accepted = [version.strip() for version in frame.headers.get("accept-version", "1.0").split(",")]
        version = next((version for version in reversed(VERSIONS) if version in accepted), None)
        if version is None:
            offered = show(",".join(accepted))
            raise _malformed(f"STOMP {' and '.join(VERSIONS)} are spoken here, accept-version has {offered}")
        self._heartbeat.agree(frame.headers.get("heart-beat", "0,0"), self._now_s)
        authorization = frame.headers.get("Authorization", frame.headers.get("authorization"))
        if authorization is not None:
            self._authenticate(authorization)
        self.version = self._parser.version = version
        headers = {"version": version, "heart-beat": OFFER, "session": self._name, "server": "rialto"}
        self._reply(Frame("CONNECTED", headers))

    def _subscribe(self, frame: Frame) -> None:
        subscription_id, destination = _header(frame, "id"), _header(frame, "destination")
        if len(subscription_id) > ID_LENGTH_MAX:
            raise _malformed(f"the id of a subscription has at most {ID_LENGTH_MAX} characters")
        if subscription_id in self._subscriptions:
            raise Rejected(Refusal.CONFLICT, f"there is a subscription {show(subscription_id)} already")
        if len(self._subscriptions) == SUBSCRIPTIONS_MAX:
            message = f"a connection has at most {SUBSCRIPTIONS_MAX} subscriptions"
            raise Rejected(Problem.TOO_MANY_REQUESTS, message)
        ack = frame.headers.get("ack", AckMode.AUTO.value)
        mode = next((mode for mode in AckMode if mode.value == ack), None)
        if mode is None:
            raise _malformed(f"ack is {', '.join(mode.value for mode in AckMode)}, not {show(ack)}")
        source = self._topics.open(destination, partial(self._become_ready, subscription_id))
        self._subscriptions[subscription_id] = Subscription(subscription_id, destination, mode, source)
        self._become_ready(subscription_id)

    def _unsubscribe(self, frame: Frame) -> None:
        subscription_id = _header(frame, "id")
        subscription = self._subscriptions.pop(subscription_id, None)
        if subscription is None:
            raise Rejected(Refusal.NOT_FOUND, f"there is no subscription {show(subscription_id)}")
        self._ready.pop(subscription_id, None)
        subscription.source.close()

    def _become_ready(self, subscription_id: str) -> None:
        subscription = self._subscriptions.get(subscription_id)
        if subscription is not None:  # a source may call while it is opened
            self._ready[subscription_id] = subscription
            self._wake()

    def _acknowledge(self, frame: Frame) -> None:
        """Take an ACK or a NACK. One too many is read over: so comes what was acknowledged with a later message."""
        if "transaction" in frame.headers:
            self._refuse_transaction(frame)
        message_id = _header(frame, "message-id" if self.version == "1.1" else "id")
        number = self._number(message_id)
        subscription = next((each for each in self._subscriptions.values() if number in each), None)
        if self.version == "1.1":
            subscription_id = _header(frame, "subscription")
            if subscription is not None and subscription.subscription_id != subscription_id:
                message = f"message {message_id} was not sent to the subscription {show(subscription_id)}"
                raise Rejected(Refusal.NOT_FOUND, message)
        if subscription is not None:
            subscription.acknowledge(number)
            self._become_ready(subscription.subscription_id)

    def _number(self, message_id: str) -> int:
        name, _, digits = message_id.rpartition("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(self._sent))
        if name != self._name or not is_number or not 0 < int(digits) <= self._sent:
            raise Rejected(Refusal.NOT_FOUND, f"no message {show(message_id)} was sent")
        return int(digits)

    def _disconnect(self, frame: Frame) -> None:  # noqa: ARG002  # its receipt is everybody's business
        self.farewell = NORMAL_CLOSURE, "goodbye"
        self.leave()
        self._wake()

    def _refuse_send(self, frame: Frame) -> None:  # noqa: ARG002  # whatever it says
        message = "nothing can be sent here, only subscribed to: orders are placed with POST /api/orders"
        raise Rejected(Problem.METHOD_NOT_ALLOWED, message)

    def _refuse_transaction(self, frame: Frame) -> None:  # noqa: ARG002  # the same
        raise Rejected(Problem.METHOD_NOT_ALLOWED, "there are no transactions here")


def _malformed(message: str) -> Rejected:
    return Rejected(Refusal.MALFORMED, message)


def _header(frame: Frame, name: str) -> str:
    value = frame.headers.get(name)
    if value is None:
        raise _malformed(f"{frame.command} needs the header {name}")
    return value
