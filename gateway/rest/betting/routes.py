"""The rows of fixed-odds betting in the table of routes: the specification's paths, ours beside them."""

from typing import Any

from gateway.context import Handler
from gateway.rest.betting import accumulator_admin, accumulators, admin, bets, markets, odds, override, settlement
from gateway.rest.betting.accumulator_admin import AccumulatorPoolRequest, ChangeAccumulatorsRequest, MoveFundsRequest
from gateway.rest.betting.accumulator_shapes import AccumulatorPoolView, AccumulatorView
from gateway.rest.betting.shapes import BetView, MatchDetailView, OddsSnapshotView, OddsView
from gateway.rest.betting.slips import ClaimView, ClientSlipRequest, SlipRequest, SlipsRequest
from gateway.rest.orders import PendingView
from gateway.rest.route import ADMIN, ANYONE, ASKS_MARKET, LOOKS_UP, USER, R, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Code

PLACES_BET = (
    R.NOT_FOUND,
    R.CONFLICT,
    R.MARKET_HALTED,
    R.MARKET_CLOSED,
    R.INSUFFICIENT_FUNDS,
    R.ODDS_CHANGED,
    R.LIABILITY_LIMIT,
)
CLAIMS = (R.NOT_FOUND, R.MARKET_HALTED, R.NOT_SETTLED, R.ALREADY_CLAIMED, R.NOTHING_TO_CLAIM)
MOVES_MATCH = (R.NOT_FOUND, R.CONFLICT, R.MARKET_HALTED)
SETTLES = (*MOVES_MATCH, R.ALREADY_SETTLED)


def _open(path: str, handler: Handler[Any], request: Any, answer: Any, *more: Code) -> Route:
    """For everybody to read."""
    return Route("GET", f"/api/v1{path}", handler, request, {200: answer}, ANYONE, RouteClass.BETTING, more)


def _slips(method: str, path: str, handler: Handler[Any], request: Any, answers: Any, *more: Code) -> Route:
    """Of the caller's bets, or accumulators."""
    fast = method == "POST" and path.count("/") == 1  # as order entry
    answers = answers if isinstance(answers, dict) else {200: answers}
    return Route(method, f"/api/v1{path}", handler, request, answers, USER, RouteClass.BETTING, more, fast)


def _admin(method: str, path: str, handler: Handler[Any], request: Any, *more: Code, answer: Any = None) -> Route:
    """What shows the match after it, unless there is another answer."""
    answers = {200: answer or MatchDetailView}
    return Route(method, f"/api/v1/admin{path}", handler, request, answers, ADMIN, RouteClass.ADMIN, more)


def _pool(method: str, path: str, handler: Handler[Any], request: Any, *more: Code) -> Route:
    """Of what covers all accumulators; it shows how that stands after it."""
    return _admin(method, f"/accumulators{path}", handler, request, *ASKS_MARKET, *more, answer=AccumulatorPoolView)


BETTING_ROUTES: tuple[Route, ...] = (
    _open("/markets", markets.get_matches, markets.MatchesRequest, markets.MatchPageView),
    _open("/markets/active", markets.get_active_matches, NoRequest, markets.ActiveMatchesView),
    _open("/markets/{id}", markets.get_match, markets.MatchRequest, MatchDetailView, *LOOKS_UP),
    _open("/odds/{market_id}", odds.get_odds, odds.OddsRequest, OddsView, *LOOKS_UP),
    _open("/markets/{id}/odds/snapshot", odds.get_odds_snapshot, markets.MatchRequest, OddsSnapshotView, *LOOKS_UP),
    _open(
        "/markets/{id}/odds/updates",
        odds.get_odds_updates,
        odds.OddsUpdatesRequest,
        odds.OddsUpdatesView,
        *LOOKS_UP,
    ),
    _slips("POST", "/bets", bets.place_bet, bets.PlaceBetRequest, BetView, *PLACES_BET),
    _slips("GET", "/bets", bets.get_bets, bets.BetsRequest, bets.BetPageView, *LOOKS_UP),
    _slips("GET", "/bets/{order_id}", bets.get_bet, SlipRequest, BetView, *LOOKS_UP),
    _slips(
        "GET",
        "/bets/by-client-id/{clientBetId}",
        bets.get_bet_by_client_id,
        ClientSlipRequest,
        {200: BetView, 202: PendingView},
        *LOOKS_UP,
    ),
    _slips("POST", "/bets/{order_id}/claim", bets.claim_bet, SlipRequest, ClaimView, *CLAIMS),
    _slips(
        "POST",
        "/accumulators",
        accumulators.place_accumulator,
        accumulators.PlaceAccumulatorRequest,
        AccumulatorView,
        *PLACES_BET,
    ),
    _slips(
        "GET",
        "/accumulators",
        accumulators.get_accumulators,
        SlipsRequest,
        accumulators.AccumulatorPageView,
        *LOOKS_UP,
    ),
    _slips("GET", "/accumulators/{order_id}", accumulators.get_accumulator, SlipRequest, AccumulatorView, *LOOKS_UP),
    _slips(
        "GET",
        "/accumulators/by-client-id/{clientBetId}",
        accumulators.get_accumulator_by_client_id,
        ClientSlipRequest,
        {200: AccumulatorView, 202: PendingView},
        *LOOKS_UP,
    ),
    _slips("POST", "/accumulators/{order_id}/claim", accumulators.claim_accumulator, SlipRequest, ClaimView, *CLAIMS),
    _admin("POST", "/markets", admin.create_match, admin.NewMatchRequest, answer=admin.NewMatchView),
    _admin("PUT", "/markets/{id}", admin.update_match, admin.ChangeMatchRequest, *MOVES_MATCH, R.INSUFFICIENT_FUNDS),
    _admin("POST", "/odds/override", override.override_odds, override.OverrideRequest, *SETTLES),
    _admin("POST", "/markets/{id}/fund", admin.fund_match, admin.FundMatchRequest, *MOVES_MATCH, R.INSUFFICIENT_FUNDS),
    _admin("POST", "/markets/{id}/resume", admin.resume_match, admin.ResumeMatchRequest, R.NOT_FOUND),
    _admin("POST", "/markets/{id}/settle", settlement.settle_match, settlement.SettleRequest, *SETTLES),
    _admin(
        "POST",
        "/markets/{id}/rollback",
        settlement.roll_back_match,
        settlement.RollBackRequest,
        *MOVES_MATCH,
        R.ALREADY_CLAIMED,
        R.INSUFFICIENT_FUNDS,
    ),
    _admin("POST", "/markets/{id}/finalize", settlement.finalize_match, settlement.FinalizeMatchRequest, *MOVES_MATCH),
    _admin("POST", "/markets/{id}/void", settlement.void_match, settlement.VoidMatchRequest, *MOVES_MATCH),
    _pool("GET", "", accumulator_admin.get_accumulator_pool, AccumulatorPoolRequest),
    _pool("POST", "/fund", accumulator_admin.fund_accumulators, MoveFundsRequest, R.INSUFFICIENT_FUNDS),
    _pool("POST", "/return", accumulator_admin.return_from_accumulators, MoveFundsRequest, R.CONFLICT),
    _pool("POST", "/suspend", accumulator_admin.suspend_accumulators, ChangeAccumulatorsRequest),
    _pool("POST", "/resume", accumulator_admin.resume_accumulators, ChangeAccumulatorsRequest),
)
