"""What the agent is told when it is called again in a session that it knows."""

SAID_LIMIT = 16 * 1024
"""Characters that it is told of what a command said."""


def go_on(why: str) -> str:
    """To go on with a session that ended before its task was done; ``why`` says what ended it."""
    return (
        f"This session was ended before its task was done: {why}. Go on with the task where you stopped, to its end."
    )


def mend(command: str, how: str, said: str) -> str:
    """To mend what a verify command found; ``how`` says how that ended, and ``said`` what it said last."""
    return (
        f"Your work was checked with this command, in the directory of this session, and it {how}:\n\n"
        f"    {command}\n\n"
        f"The end of what it said:\n\n{said[-SAID_LIMIT:]}\n\n"
        "Mend what is wrong, so that the command succeeds. Do not change what it checks only to make it pass."
    )
