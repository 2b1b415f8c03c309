// @stomp/stompjs as a process: commands on stdin, what its callbacks hear on stdout, one JSON object a line.

import { createInterface } from "node:readline";
import { Client, Versions } from "@stomp/stompjs";
import WebSocket from "ws";

const [port, versions, token] = process.argv.slice(2);
const subscriptions = {};
const tell = (event, details) => console.log(JSON.stringify({ event, ...details }));

const client = new Client({
  webSocketFactory: () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/websocket`, client.stompVersions.protocolVersions());
    socket.addEventListener("open", () => tell("open", { subprotocol: socket.protocol }));
    return socket;
  },
  stompVersions: new Versions(versions.split(",")),
  connectHeaders: token ? { Authorization: `Bearer ${token}` } : {},
  heartbeatOutgoing: 1000,
  heartbeatIncoming: 1000,
  reconnectDelay: 0,
  onConnect: (frame) => tell("connected", { headers: frame.headers }),
  onStompError: (frame) => tell("error", { headers: frame.headers, body: frame.body }),
  onHeartbeatLost: () => tell("heartbeat_lost"),
  onHeartbeatReceived: () => tell("heartbeat"),
  onUnhandledMessage: (message) => tell("unhandled", { headers: message.headers }),
  onWebSocketClose: (close) => {
    tell("closed", { code: close.code });
    process.exit(0);
  },
});

const commands = {
  subscribe: ({ id, destination, ack }) => {
    const hear = (message) => {
      tell("message", { headers: message.headers, body: message.body });
      if (ack !== "auto") message.ack();
    };
    subscriptions[id] = client.subscribe(destination, hear, { id, ack });
  },
  unsubscribe: ({ id, receipt }) => {
    client.watchForReceipt(receipt, (frame) => tell("receipt", { headers: frame.headers }));
    subscriptions[id].unsubscribe({ receipt });
  },
  send: ({ destination, body }) => client.publish({ destination, body }),
  disconnect: () => client.deactivate(),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...details } = JSON.parse(line);
  commands[command](details);
});
client.activate();
