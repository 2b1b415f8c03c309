"""The one Python client: bots, tools and tests speak to an exchange through it.

errors   what can be heard instead of an answer
rest     requests over HTTP
stream   subscriptions and orders over one WebSocket
"""

from gateway.client.errors import ApiError, Refused, Unavailable, UnknownOutcome
from gateway.client.rest import RestClient, open_rest
from gateway.client.stream import StreamClient, open_stream

__all__ = [
    "ApiError",
    "Refused",
    "RestClient",
    "StreamClient",
    "Unavailable",
    "UnknownOutcome",
    "open_rest",
    "open_stream",
]
