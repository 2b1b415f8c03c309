"""The socket `/ws/websocket`: prices and order books of prediction markets in STOMP, for everybody."""
