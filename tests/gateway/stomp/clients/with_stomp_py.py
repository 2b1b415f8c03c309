"""stomp.py as a process: commands on stdin, what its listener hears on stdout, one JSON object a line."""

import json
import sys
from typing import Any

from stomp import ConnectionListener, WSStompConnection  # type: ignore[import-untyped]  # ships no types


def tell(event: str, **details: Any) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


class Listener(ConnectionListener):  # type: ignore[misc]  # has no type
    """Tells what it hears, and acknowledges what wants it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def on_connecting(self, _: Any) -> None:
        tell("open", subprotocol="")

    def on_connected(self, frame: Any) -> None:
        tell("connected", headers=frame.headers)

    def on_message(self, frame: Any) -> None:
        tell("message", headers=frame.headers, body=frame.body)
        if "ack" in frame.headers:
            self.connection.ack(frame.headers["ack"])

    def on_receipt(self, frame: Any) -> None:
        tell("receipt", headers=frame.headers)

    def on_error(self, frame: Any) -> None:
        tell("error", headers=frame.headers, body=frame.body)

    def on_heartbeat(self) -> None:
        tell("heartbeat")

    def on_heartbeat_timeout(self) -> None:
        tell("heartbeat_lost")

    def on_disconnected(self) -> None:
        tell("closed")


def main(port: str, token: str) -> None:
    """Connect and do as told."""
    connection = WSStompConnection([("127.0.0.1", int(port))], ws_path="/ws/websocket", heartbeats=(1000, 1000))
    connection.set_listener("test", Listener(connection))
    connection.connect(headers={"Authorization": f"Bearer {token}"} if token else {})
    for line in sys.stdin:
        details = json.loads(line)
        match details.pop("command"):
            case "subscribe":
                connection.subscribe(details["destination"], details["id"], details["ack"])
            case "unsubscribe":
                connection.unsubscribe(details["id"], receipt=details["receipt"])
            case "send":
                connection.send(details["destination"], details["body"])
            case "disconnect":
                connection.disconnect(receipt="goodbye")


if __name__ == "__main__":
    main(*sys.argv[1:])
