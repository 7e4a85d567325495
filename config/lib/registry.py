"""Pages that show many rooms ask here, so that no room imports another sideways or upward.

Each room registers functions of (membership, subject) when its app is ready: to-dos of the home
page, panels and timeline sources of the case page, navigation counts, agenda candidates. A function
returns plain values that are ready to print; its query budget is stated where it registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise


@dataclass(frozen=True)
class Todo:
    """A line of 今日の仕事: what waits for this membership."""

    kind: str
    title: str
    url: str
    action: str
    detail: str = ""
    when: str = ""
    due_on: date | None = None
    section: str = "waiting"  # due | waiting | changed | begun | side
    record_id: UUID | None = None  # whose words it says, for the log of the page (V10)


@dataclass(frozen=True)
class TimelineEntry:
    """A line of a case's これまで: the content of one visible record."""

    record_id: UUID
    at: datetime
    title: str
    agency: str = ""
    text: str = ""
    category: str = ""
    about: str = ""
    url: str = ""
    history_url: str = ""  # 直したところ, where there is more than one version
    # The same text in its parts with their headings, where it is written in parts.
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Panel:
    """A block of the case page: a template and what it needs."""

    template: str
    context: dict[str, Any]


@dataclass(frozen=True)
class ShieldRow:
    """What stands in a row that waits to be read by a shield's list (V9)."""

    row_id: UUID
    title: str
    by: str
    when: str
    about: str
    text: str
    url: str


@dataclass(frozen=True)
class Link:
    """A button of the case page; `is_primary` at most once a page."""

    label: str
    url: str
    is_primary: bool = False


@dataclass(frozen=True)
class NextStep:
    """次にすること: one sentence, one button. The first one offered wins."""

    text: str
    label: str
    url: str


@dataclass(frozen=True)
class OpenEnd:
    """What of a case still runs when it is to be closed; `is_first`: to be ended before.

    At 移管 it ends nothing: `stays` names it there, `whose` the agency it stays with.
    """

    text: str
    url: str = ""
    label: str = ""
    is_first: bool = False
    stays: str = ""
    whose: str = ""


@dataclass(frozen=True)
class OpenWork:
    """A task that an agency still has to do in a case: its title and due date, and the record it
    stands in, so that the cases room can say whether the agency goes on reading it."""

    agency_id: int
    record_id: UUID
    title: str
    due_on: date | None


@dataclass(frozen=True)
class NamedTask:
    """An open task of an agency in which a worker is named: what 担当替え hands on beside cases."""

    key: UUID
    case_id: UUID
    title: str
    due_on: date | None


@dataclass(frozen=True)
class SheetLine:
    """A line of a handover sheet."""

    text: str
    when: str = ""
    sub: str = ""


@dataclass(frozen=True)
class SheetPart:
    """A part of a handover sheet (引継書), and the records it shows (V10)."""

    title: str
    lines: tuple[SheetLine, ...]
    record_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """One reason why something could go on an agenda, as far as the reader may know it.

    `agenda_types`: the types it could be put on an agenda as, the likeliest first, by their codes.
    `weight`: below 10 it is urgent and stands before everything that only has a date.
    `until_planned`: a reason only as long as no plan runs in the case.
    `title`: what it is called where it is no household's (a sheet without consent, a 地域課題).
    """

    kind: str
    reason: str
    url: str
    agenda_types: tuple[str, ...]
    case_id: UUID | None = None
    plan_id: UUID | None = None
    referral_id: UUID | None = None
    due_on: date | None = None
    weight: int = 50
    until_planned: bool = False
    title: str = ""
    record_ids: tuple[UUID, ...] = ()  # whose words it says, for the log of the page (V10)
    matter_id: UUID | None = None  # a `Matter` of the room that says so


@dataclass(frozen=True)
class Matter:
    """What an item without a case is about, as the room that holds it says it (a 地域課題).

    Nothing of a case stands in it: its title and text are the city's to read. `agency_ids`: whom it
    concerns; `effect`: what its decision sets going, a sentence for whoever proposes and decides.
    """

    key: UUID
    kind: str
    title: str
    text: str
    url: str
    agenda_types: tuple[str, ...]
    agency_ids: tuple[int, ...] = ()
    effect: str = ""


@dataclass(frozen=True)
class NavItem:
    """A line of the left navigation; `permission` empty = everybody."""

    key: str
    label: StrOrPromise
    url_name: str
    group: int
    permission: str = ""
    count: Callable[[Any], tuple[int, bool]] | None = None  # (number, overdue)


@dataclass
class Registered:
    """One registered function with the number of queries it may cost."""

    call: Callable[..., Any]
    queries: int
    order: int = 50


@dataclass
class Registry:
    """Named lists of functions; `draw` runs them all in order."""

    _lists: dict[str, list[Registered]] = field(default_factory=dict)
    navigation: list[NavItem] = field(default_factory=list)

    def add(self, name: str, call: Callable[..., Any], *, queries: int, order: int = 50) -> None:
        """Register `call` under `name`; `queries` is its budget, checked by the suite."""
        entries = self._lists.setdefault(name, [])
        if all(entry.call is not call for entry in entries):
            entries.append(Registered(call, queries, order))
            entries.sort(key=lambda entry: entry.order)

    def entries(self, name: str) -> list[Registered]:
        return list(self._lists.get(name, []))

    def draw(self, name: str, *subject: Any) -> Iterable[Any]:
        """Call everything registered under `name`, flattening lists."""
        for entry in self._lists.get(name, []):
            result = entry.call(*subject)
            if result is None:
                continue
            if isinstance(result, (list, tuple)):
                yield from result
            else:
                yield result

    def nav(self, item: NavItem) -> None:
        """Add a line to the navigation once."""
        if all(known.key != item.key for known in self.navigation):
            self.navigation.append(item)


registry = Registry()
