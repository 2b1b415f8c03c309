"""The ends of all streams, in bounded memory: all that is asked for, or nothing."""

import random

import pytest

from actors import recent_posts
from actors.pushes import Post, Trade
from actors.recent_posts import RecentPosts
from tests.actors.test_lines import numbers, trade

MANY = 1_000


def kept(**streams: range) -> RecentPosts:
    recent = RecentPosts()
    for topic, seqs in streams.items():
        for seq in seqs:
            recent.keep(topic, seq, trade(seq))
    return recent


def after(recent: RecentPosts, topic: str, seq: int, most: int = MANY) -> list[object] | None:
    posts = recent.after(topic, seq, most)
    return None if posts is None else numbers(posts)


def test_what_came_after_a_number() -> None:
    recent = kept(a=range(5, 9), b=range(1, 3))
    assert after(recent, "a", 5) == [6, 7, 8]
    assert after(recent, "a", 4) == [5, 6, 7, 8]
    assert after(recent, "b", 0) == [1, 2]


def test_who_has_the_last_number_lacks_nothing() -> None:
    assert after(kept(a=range(5, 9)), "a", 8) == []


@pytest.mark.parametrize(("topic", "seq"), [("a", 3), ("a", 0), ("a", 9), ("c", 0), ("c", 5)])
def test_what_memory_does_not_know_is_not_guessed(topic: str, seq: int) -> None:
    """Before its beginning, above its end, of a stream of which nothing has come."""
    assert after(kept(a=range(5, 9)), topic, seq) is None


def test_more_than_is_wanted_is_nothing() -> None:
    recent = kept(a=range(1, 11))
    assert after(recent, "a", 7, most=3) == [8, 9, 10]
    assert after(recent, "a", 6, most=3) is None


def test_a_message_that_comes_again_is_kept_once() -> None:
    recent = kept(a=range(5, 9))
    for seq in (7, 8, 9):
        recent.keep("a", seq, trade(seq))
    assert after(recent, "a", 4) == [5, 6, 7, 8, 9]


def test_behind_a_hole_it_begins_anew() -> None:
    recent = kept(a=range(5, 9))
    recent.keep("a", 12, trade(12))
    assert after(recent, "a", 11) == [12]
    assert after(recent, "a", 8) is None


def test_a_forgotten_stream_begins_anew() -> None:
    recent = kept(a=range(5, 9))
    recent.forget("a")
    recent.forget("nothing")
    assert after(recent, "a", 8) is None
    recent.keep("a", 12, trade(12))
    assert after(recent, "a", 11) == [12]


def test_it_never_keeps_more_than_its_bound_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes: what is kept is the newest, and streams of which nothing is kept leave nothing behind."""
    monkeypatch.setattr(recent_posts, "POSTS_MAX", 20)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    recent, last = RecentPosts(), dict.fromkeys("abcdefgh", 0)
    history: list[tuple[str, int]] = []
    for _ in range(2_000):
        topic = dice.choice("abcdefgh"[: dice.randint(1, 8)])
        if dice.random() < 0.02:
            recent.forget(topic)
            last[topic] += 1  # something was missed
        last[topic] += 1
        recent.keep(topic, last[topic], trade(last[topic]))
        history.append((topic, last[topic]))
        assert len(recent) <= 20
        assert sum(len(run.posts) for run in recent._runs.values()) <= 20
        assert all(run.posts for run in recent._runs.values())
        newest = set(history[-20:])
        for name, run in recent._runs.items():
            seqs = [post.content.seq for post in run.posts if isinstance(post.content, Trade)]
            assert seqs == list(range(run.last - len(seqs) + 1, run.last + 1))
            assert {(name, seq) for seq in seqs} <= newest


def test_a_post_is_shared_with_those_who_got_it_live() -> None:
    recent, post = RecentPosts(), Post(trade(1).content)
    recent.keep("a", 1, post)
    posts = recent.after("a", 0, MANY)
    assert posts is not None
    assert posts[0] is post
