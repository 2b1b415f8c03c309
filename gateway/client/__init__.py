"""The one Python client: bots, tools and tests speak to an exchange through it.

errors       what can be heard instead of an answer
rest         requests over HTTP
prediction   the prediction markets' own paths, over the same
stream       subscriptions and orders over one WebSocket
"""

from gateway.client.errors import ApiError, Refused, Unavailable, UnknownOutcome
from gateway.client.prediction import PredictionClient, open_prediction
from gateway.client.rest import RestClient, open_rest
from gateway.client.stream import StreamClient, open_stream

__all__ = [
    "ApiError",
    "PredictionClient",
    "Refused",
    "RestClient",
    "StreamClient",
    "Unavailable",
    "UnknownOutcome",
    "open_prediction",
    "open_rest",
    "open_stream",
]
