"""A stream's line that begins behind a number: what was missed, then what came meanwhile, then what comes now."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import backlog, lines, recent_posts
from actors.backlog import Reading, Stretch
from actors.lines import StreamLine
from actors.pushes import Post
from actors.recent_posts import RecentPosts
from tests.actors.journals import NO_MEMORY, Journal
from tests.actors.test_lines import CHANNEL, numbers, trade


def resumed(after: int, journal: Journal) -> StreamLine:
    """A line that is told that every message comes to it from now on."""
    line = StreamLine(CHANNEL)
    line.resume(after)
    line.begin(NO_MEMORY, journal)
    return line


def read(line: StreamLine, journal: Journal, limit: int = 250) -> dict[str, int]:
    """Have one page read."""
    reading = line.next_reading()
    assert reading is not None
    return line.feed(reading, journal.stretch(reading.after, limit))


def written(count: int) -> Journal:
    journal = Journal(trade)
    for _ in range(count):
        journal.append()
    return journal


def test_what_came_after_the_number_comes_before_what_comes_now() -> None:
    journal = written(5)
    line = resumed(2, journal)
    line.push(journal.append())
    assert line.drain() == []
    assert read(line, journal) == {}
    assert numbers(line.drain()) == [3, 4, 5, 6]
    assert not line.is_behind
    line.push(journal.append())
    assert numbers(line.drain()) == [7]


def test_a_long_way_is_read_page_by_page() -> None:
    journal = written(10)
    line = resumed(0, journal)
    heard: list[object] = []
    while line.is_behind:
        read(line, journal, limit=4)
        heard.append(numbers(line.drain()))
    assert heard == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_who_lacks_nothing_hears_only_what_comes_now() -> None:
    journal = written(3)
    line = resumed(3, journal)
    read(line, journal)
    assert line.drain() == []
    line.push(journal.append())
    assert numbers(line.drain()) == [4]


def test_what_memory_has_needs_no_journal() -> None:
    recent = RecentPosts()
    for seq in range(3, 9):
        recent.keep(CHANNEL, seq, trade(seq))
    line = StreamLine(CHANNEL)
    line.resume(5)
    line.begin(recent, Journal(trade))
    assert not line.is_behind
    assert numbers(line.drain()) == [6, 7, 8]
    line.push(trade(8))
    line.push(trade(9))
    assert numbers(line.drain()) == [9]


def test_what_is_too_much_to_hold_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "HELD_MAX", 3)
    journal = written(2)
    line = resumed(0, journal)
    reading = line.next_reading()
    assert reading is not None
    early = journal.stretch(reading.after, 250)
    for _ in range(8):
        line.push(journal.append())
    line.feed(reading, early)
    assert numbers(line.drain()) == [1, 2]
    assert line.is_behind
    read(line, journal)
    assert numbers(line.drain()) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert not line.is_behind


def test_a_number_that_the_stream_has_not_come_to_is_named() -> None:
    journal = written(3)
    line = resumed(4, journal)
    assert read(line, journal) == {CHANNEL: 3}
    line.push(journal.append())
    assert numbers(line.drain()) == [4], "it is in the present, for whoever else listens"


def test_a_number_that_the_broadcaster_has_not_come_to_is_good() -> None:
    """Snapshots over REST may be newer than what has been pushed."""
    journal = written(7)
    line = resumed(6, journal)
    for seq in (4, 5):
        line.push(trade(seq))
    assert read(line, journal) == {}
    assert numbers(line.drain()) == [7]
    for seq in (6, 7):
        line.push(trade(seq))
    line.push(journal.append())
    assert numbers(line.drain()) == [8]


def test_what_can_not_be_read_again_is_told() -> None:
    journal = written(6)
    journal.lost = {3, 4}
    line = resumed(1, journal)
    read(line, journal)
    assert numbers(line.drain()) == [2, (3, 3), (4, 4), 5, 6]


def test_a_hole_between_the_journal_and_what_comes_is_told() -> None:
    """There is none; but if there were one, it would not be passed over."""
    journal = written(4)
    line = resumed(1, journal)
    line.push(trade(8))
    read(line, journal)
    assert numbers(line.drain()) == [2, 3, 4, (5, 7), 8]


def test_who_resumes_again_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a gap, say; a page that was under way for the first time is of no use."""
    monkeypatch.setattr(lines, "STREAM_MAX", 3)
    journal = written(1)
    line = resumed(1, journal)
    outdated = line.next_reading()
    assert outdated is not None
    stretch = journal.stretch(outdated.after, 250)
    read(line, journal)
    for _ in range(5):
        line.push(journal.append())
    assert numbers(line.drain()) == [(2, 4), 5, 6]
    line.resume(1)
    line.begin(NO_MEMORY, journal)
    assert line.feed(outdated, stretch) == {}
    assert line.is_behind
    line.push(journal.append())
    read(line, journal)
    assert numbers(line.drain()) == [2, 3, 4, 5, 6, 7]


@given(seed=st.integers(0, 100_000))
def test_whenever_it_is_resumed_a_reader_hears_of_every_number_once(seed: int) -> None:
    """Whatever comes in whatever order: behind the number named, each number once, or told as a gap."""
    dice = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "STREAM_MAX", 8)
        patch.setattr(backlog, "HELD_MAX", 4)
        patch.setattr(recent_posts, "POSTS_MAX", 6)
        journal, recent = written(dice.randint(0, 9)), RecentPosts()
        line = StreamLine(CHANNEL)
        pending: list[tuple[Reading, Stretch]] = []
        heard = dice.randint(0, journal.last)
        line.resume(heard)
        line.begin(recent, journal)
        for _ in range(100):
            action = dice.choice(("push", "push", "push", "again", "resume", "read", "feed", "feed", "drain", "drain"))
            if action == "push":
                post = journal.append()
                recent.keep(CHANNEL, journal.last, post)
                line.push(post)
            elif action == "again":  # a broadcaster that crashed sends its last commits again
                for seq in range(max(1, journal.last - 2), journal.last + 1):
                    recent.keep(CHANNEL, seq, trade(seq))
                    line.push(trade(seq))
            elif action == "resume" and dice.random() < 0.3:
                heard = dice.randint(0, journal.last)
                line.resume(heard)
                if dice.random() < 0.5:
                    line.push(journal.append())
                    recent.keep(CHANNEL, journal.last, trade(journal.last))
                line.begin(recent, journal)
            elif action == "read" and (reading := line.next_reading()) is not None:
                pending.append((reading, journal.stretch(reading.after, dice.randint(1, 5))))
            elif action == "feed" and pending:
                assert line.feed(*pending.pop(0)) == {}
            elif action == "drain":
                heard = follow(heard, line.drain())
        pending.clear()
        while line.is_behind:
            read(line, journal)
            heard = follow(heard, line.drain())
        assert follow(heard, line.drain()) == journal.last, seed


def follow(heard: int, posts: list[Post]) -> int:
    """Believe the numbers of messages and gaps; each follows the one before."""
    for entry in numbers(posts):
        first, until = entry if isinstance(entry, tuple) else (entry, entry)
        assert first == heard + 1
        assert isinstance(until, int)
        heard = until
    return heard
