"""The answer to one letter, on its way back to whoever asked."""

from typing import Any

import trio

from actors.core.failures import Unavailable


class Reply:
    """Is given one answer or one failure, once; what comes later is ignored, as a late answer helps nobody."""

    __slots__ = ("_waiting", "abandoned", "done", "failure", "followers", "value")

    def __init__(self) -> None:
        self.done = False
        self.value: Any = None
        self.failure: Unavailable | None = None
        self.abandoned = False  # whoever asked has gone
        self.followers: list[Reply] | None = None  # repeats of the same command, answered along with it
        self._waiting: trio.lowlevel.Task | None = None

    def answer(self, value: object) -> None:
        """Give the answer; the asker runs at the scheduler's next turn."""
        self.settle(value, None)

    def fail(self, failure: Unavailable) -> None:
        """Tell the asker that there will be no answer."""
        self.settle(None, failure)

    def follow(self, first: "Reply") -> None:
        """Be answered whatever `first` is answered."""
        if first.done:
            self.settle(first.value, first.failure)
        elif first.followers is None:
            first.followers = [self]
        else:
            first.followers.append(self)

    async def wait(self) -> Any:
        """Wait for the answer; Unavailable is raised here. Cancelling marks the letter as abandoned."""
        if self.done:
            await trio.lowlevel.checkpoint()
        else:
            assert self._waiting is None
            self._waiting = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._leave)
        if self.failure is not None:
            # A copy for each asker: raised itself, it would tie this reply and the asker's frames into a cycle, and
            # followers would write into each other's traceback.
            raise type(self.failure)(*self.failure.args)
        return self.value

    def _leave(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        self.abandoned = True
        return trio.lowlevel.Abort.SUCCEEDED

    def settle(self, value: object, failure: Unavailable | None) -> None:
        """Take the answer, or the failure, unless there is one already; wake the asker, tell the followers."""
        if self.done:
            return
        self.done = True
        self.value = value
        self.failure = failure
        if self._waiting is not None:
            trio.lowlevel.reschedule(self._waiting)
            self._waiting = None
        if self.followers is not None:
            followers, self.followers = self.followers, None
            for follower in followers:
                follower.settle(value, failure)


class Gathering:
    """The parts of one answer: a tuple in their order goes to `whole` once none is missing."""

    __slots__ = ("_missing", "_parts", "_whole")

    def __init__(self, whole: Reply, count: int) -> None:
        self._whole = whole
        self._parts: list[object] = [None] * count
        self._missing = count

    def put(self, place: int, part: object) -> None:
        self._parts[place] = part
        self._missing -= 1
        if not self._missing:
            self._whole.answer(tuple(self._parts))


class GatheredReply(Reply):
    """The reply of one part. A part without an answer stands in the tuple as the Unavailable that it met."""

    __slots__ = ("_gathering", "_place")

    def __init__(self, gathering: Gathering, place: int) -> None:
        super().__init__()
        self._gathering = gathering
        self._place = place

    @classmethod
    def each(cls, whole: Reply, count: int) -> "list[GatheredReply]":
        """Make the replies of `count` parts. Of no part there is no answer: nothing would ever settle `whole`."""
        gathering = Gathering(whole, count)
        return [cls(gathering, place) for place in range(count)]

    def settle(self, value: object, failure: Unavailable | None) -> None:
        if self.done:
            return
        super().settle(value, failure)
        self._gathering.put(self._place, value if failure is None else failure)
