"""The states of a community issue: from where to where, by hand. Each is a step, written once.

An answer to what was passed on is an operation of its own, and so is what a sitting does.
"""

from __future__ import annotations

from community.enums import IssueState

NEXT: dict[str, tuple[IssueState, ...]] = {
    IssueState.RAISED: (IssueState.PASSED, IssueState.WORKING, IssueState.SETTLED),
    IssueState.PASSED: (IssueState.WORKING, IssueState.PASSED, IssueState.SETTLED),
    IssueState.ANSWERED: (IssueState.WORKING, IssueState.PASSED, IssueState.SETTLED),
    IssueState.WORKING: (IssueState.SETTLED, IssueState.PASSED),
    IssueState.SETTLED: (),
}


def may_become(state: str, after: str) -> bool:
    """Whether an issue in `state` may go to `after`."""
    return after in NEXT[state]
