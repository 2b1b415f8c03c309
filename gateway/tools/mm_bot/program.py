"""`run.py mm-bot`: reads config.json, and lets the bot run until SIGINT or SIGTERM."""

import argparse
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import trio

from gateway.client import open_prediction
from gateway.client.rest import TIMEOUT_S
from gateway.tools.mm_bot.bot import Bot, Tally
from gateway.tools.mm_bot.settings import BadSettings, Settings, read_settings
from gateway.tools.outside import NoPassword, Outside, find_password
from gateway.tools.patience import Patience
from gateway.tools.session import Session

PATIENCE = Patience()

GOOD, FAILED, NOT_STARTED = 0, 1, 2  # exit codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` takes; parsed arguments have its names."""
    parser.add_argument("--config", type=Path, default=Path("config.json"), metavar="FILE", help="the bot's settings")


async def run(*, config: Path, outside: Outside, patience: Patience = PATIENCE, timeout_s: float = TIMEOUT_S) -> int:
    """Run the bot. 0: stopped by a signal; 1: not logged in, or not any more; 2: not started."""
    try:
        settings, warnings = _read(config)
        for warning in warnings:
            outside.say(warning)
        password = settings.admin_password or find_password(outside, settings.admin_username)
    except BadSettings as bad:
        for sentence in bad.sentences:
            outside.say(sentence)
        return NOT_STARTED
    except NoPassword as nothing:
        outside.say(str(nothing))
        return NOT_STARTED
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_prediction(settings.base_url, timeout_s) as client, trio.open_nursery() as nursery:
            session = Session(client, settings.admin_username, password)

            def greet() -> None:
                outside.say(f"The bot quotes {_markets(settings)} at {settings.base_url} (stop it with Ctrl-C)")

            bot = Bot(settings, session, chance=outside.chance, patience=patience, greet=greet)
            nursery.start_soon(_cancel_at, signals, nursery.cancel_scope)
            await bot.run()
            nursery.cancel_scope.cancel()
    if session.refused is not None:
        outside.say(f"The bot has stopped. {session.why_refused()}")
        return FAILED
    if not bot.logged_in:
        why = "has not logged it in" if bot.reached else "was never reached"
        outside.say(f"The bot has stopped. The exchange at {settings.base_url} {why}.")
        return FAILED
    outside.say(_farewell(bot.tally))
    return GOOD


def _read(config: Path) -> tuple[Settings, list[str]]:
    try:
        text = config.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadSettings([f"{config} can't be read: {error.strerror}."]) from None
    except UnicodeDecodeError:
        raise BadSettings([f"{config} is not UTF-8 text."]) from None
    return read_settings(text, config.name)


async def _cancel_at(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()


def _markets(settings: Settings) -> str:
    if not settings.market_ids:
        return "all open markets"
    return (
        f"market {settings.market_ids[0]}" if len(settings.market_ids) == 1 else f"{len(settings.market_ids)} markets"
    )


def _farewell(tally: Tally) -> str:
    done = msgspec.structs.asdict(tally)
    counted = (
        "rounds: {rounds}, quoted: {quoted}, nothing quoted: {empty}, refused: {refused}, unanswered: {left}".format(
            **done
        )
    )
    left_behind = "; its last quotes stay in the books" if tally.quoted else ""
    return f"The bot has stopped ({counted}){left_behind}."
