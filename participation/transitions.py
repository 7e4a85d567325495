"""The states of a match: from where to where. Each change is a follow-up, written once."""

from __future__ import annotations

from participation.enums import MatchStatus

# 支援終了後も必要に応じてモニタリング: what has ended may still be followed up.
NEXT: dict[str, tuple[MatchStatus, ...]] = {
    MatchStatus.PROPOSED: (
        MatchStatus.PROPOSED,
        MatchStatus.TRIAL,
        MatchStatus.ACTIVE,
        MatchStatus.ENDED,
    ),
    MatchStatus.TRIAL: (MatchStatus.TRIAL, MatchStatus.ACTIVE, MatchStatus.ENDED),
    MatchStatus.ACTIVE: (MatchStatus.ACTIVE, MatchStatus.SETTLED, MatchStatus.ENDED),
    MatchStatus.SETTLED: (MatchStatus.SETTLED, MatchStatus.ACTIVE, MatchStatus.ENDED),
    MatchStatus.ENDED: (MatchStatus.ENDED,),
}

# How a match begins.
FIRST = (MatchStatus.PROPOSED, MatchStatus.TRIAL, MatchStatus.ACTIVE)


def may_become(status: str, after: str) -> bool:
    """Whether a match in `status` may be in `after` at the next follow-up."""
    return after in NEXT[status]
