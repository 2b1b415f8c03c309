"""What an asker can be told instead of an answer. A refusal is an answer and is not here."""


class Unavailable(Exception):
    """No answer; which of the two below says what is known."""


class Busy(Unavailable):
    """The letter was not taken: certainly not done."""


class Stopped(Busy):
    """The same, because the actor is shutting down or was never there."""


class Overtaken(Busy):
    """The same, because what it was decided by is not so any more: look again, and decide anew."""


class Unknown(Unavailable):
    """The letter was taken and then lost: done or not done, nobody can tell from here."""


class ActorFailed(Exception):
    """An actor that may not be started again has crashed; the cause is chained. It ends the process."""
