"""The one Python client: bots, tools and tests speak to an exchange through it.

errors       what can be heard instead of an answer
rest         requests over HTTP
prediction   the prediction markets' own paths, over the same
betting      matches, odds, bets and accumulators, over the same
stream       subscriptions and orders over one WebSocket
wallets      logging in with a wallet, over HTTP
"""

from gateway.client.betting import BettingClient, open_betting
from gateway.client.errors import ApiError, Refused, Unavailable, UnknownOutcome
from gateway.client.prediction import PredictionClient, open_prediction
from gateway.client.rest import RestClient, open_rest
from gateway.client.stream import StreamClient, open_stream
from gateway.client.wallets import add_wallet, log_in_wallet

__all__ = [
    "ApiError",
    "BettingClient",
    "PredictionClient",
    "Refused",
    "RestClient",
    "StreamClient",
    "Unavailable",
    "UnknownOutcome",
    "add_wallet",
    "log_in_wallet",
    "open_betting",
    "open_prediction",
    "open_rest",
    "open_stream",
]
