"""Two worlds that differ only in what one membership may not see, and everything it can ask.

`known` builds what U may see or be told; `hidden` adds what U may not. Every question is asked in
both, each in a savepoint of its own that is taken back, so that no question changes the next one's
answer. Time stands still, tokens are masked, and navigation (the same lines on every page) is asked
on a few pages instead of all.
"""

from __future__ import annotations

import difflib
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Membership
from agencies.tasks import file_due_jobs, sweep, system_membership
from cases import enums
from cases.models import Consent
from cases.operations import refer, withdraw_consent, write_note, write_tie
from cases.operations.ties import TieFacts
from config.lib.acting import acting
from config.lib.fiscal import fiscal_year
from config.lib.registry import registry
from meetings.models import AgendaItem, ItemGrant
from meetings.operations import invite_guest, take_pledge
from reports.operations import recount
from tests import houses as h
from tests import world as w
from tests.addresses import NOBODYS, Address, addresses
from tests.houses import House
from tests.meetings.situations import make_sitting
from tests.signing import sign_in

TOKENS = [
    (re.compile(r'(csrfmiddlewaretoken" value=")\w+'), r"\1*"),
    (re.compile(r'("X-CSRFToken": ")\w+'), r"\1*"),
    (re.compile(r'((?:nonce=|nonce-)["\']?)[\w+/=-]+'), r"\1*"),
    (re.compile(r'(name="(?:form_key|batch)" value=")[0-9a-f-]+'), r"\1*"),
    (re.compile(r'(name="draft_token" value=")[^"]+'), r"\1*"),
    # The minute at which a line of the log was written: the database's clock is not ours to stop.
    (re.compile(r"(R\d+\.\d+\.\d+ )\d\d:\d\d"), r"\1*"),
    # The minute at which a page was shown, on its printed foot.
    (re.compile(r"(発行 令和[^　]*日 )\d\d:\d\d"), r"\1*"),
    # V15: the office alone has this line, and is told how many pairs there are, as it is of which
    # agencies and numbers (`duplicate_list`, below).
    (re.compile(r"(二つの機関が支えているかもしれません（)\d+組"), r"\1*"),
    # A second factor to be: what it is asked, its secret, and the secret as a picture, of any size.
    (re.compile(r"(&quot;challenge&quot;: &quot;)[\w-]+"), r"\1*"),
    (re.compile(r'(name="sealed" value=")[\w=-]+'), r"\1*"),
    (re.compile(r'(class="secret-text">)[\w -]+'), r"\1*"),
    (re.compile(r'(class="enrol-picture" src=")[^"]+'), r"\1*"),
    # A feed's new address.
    (re.compile(r"(/feeds/)[\w-]{43}(?=\.ics)"), r"\1*"),
]
DRAWN = b"enrol-picture"
FRAME = {"home", "notices", "case_list", "case_detail"}  # asked with the navigation


@dataclass(frozen=True)
class Question:
    """One request: an address, what is sent, and whether the page's frame is asked too."""

    name: str
    method: str
    url: str
    data: tuple[tuple[str, Any], ...] = ()
    htmx: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.name} {self.url} {dict(self.data) or ''}"


@dataclass(frozen=True)
class Answer:
    """All of a response that its reader gets to know, and the work it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    queries: int

    def told(self) -> str:
        head = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"{self.status}\n{head}\nqueries: {self.queries}\n\n{self.body}"


@dataclass
class Scene:
    """Who asks, the city, and the households by what they are to U."""

    city: w.World
    member: Membership
    own: House | None = None
    shared: House | None = None
    closed: House | None = None
    hidden: list[House] = field(default_factory=list)
    sitting: Any = None
    register: House | None = None  # hosts, places and issues, which are the city's


# Aggregate figures, and what else tells of cases without opening them, that a role may read.
# Every address stands here by name, with the rule; whatever else differs is a leak.
V11_FIGURES = {"report_home", "report_year", "report_print", "report_xlsx", "indicator_edit"}
ALLOWED: dict[str, set[str]] = {
    # V11: statistics need no case access.
    "admin": V11_FIGURES,
    # … and how far each agency is with 年度の確認; cases of agencies that ended, by number (V18).
    # V15: that two agencies may serve one household, by number.
    "coordinator": V11_FIGURES | {
        "recertification_overview", "succession_orphaned", "duplicate_list",
    },
    # V9: a list with nobody on it, by case number.
    "head": V11_FIGURES | {
        "recertification_overview", "succession_orphaned", "duplicate_list", "shield_stranded",
    },
    # V10, V11: that somebody looked, how often and at which number; never at what.
    "privacy": {
        "access_review", "access_patterns", "seal_print", "look_find", "look_person", "look_paper",
        # V4: what left without consent; a letter of a sealed item without addressee and case.
        "disclosure_list", "disclosure_print",
        "recertification_overview", "succession_orphaned", "shield_stranded",
    },
}  # fmt: skip


# --- what U may see ---------------------------------------------------------------------------

OPENERS = {"child", "disability", "coordinator", "outreach", "participation"}
READERS = OPENERS | {"head", "community"}
OFFICE = {"coordinator", "head"}
ROLES = sorted(READERS | {"admin", "privacy", "sysadmin", "guest"})


def known(name: str) -> Scene:
    """The city as U knows it: a case of its own agency, one it is let into by the mother's consent
    alone, and one that is closed; a sitting under secrecy stands in everybody's calendar."""
    city = w.city()
    h.staff(city)
    scene = Scene(city, city.members.get(name) or city.child)
    scene.sitting = make_sitting(city, "support", days=1)
    if name == "guest":
        scene.member = _guest(scene)
    if name in READERS - {"child"}:
        scene.shared = h.home(city.livelihood, city)
        h.let_in(scene.shared, name if name != "head" else "coordinator", persons=1)
        h.written(scene.shared)
        h.planned(scene.shared)
    if name in OPENERS:
        for kind in ("own", "closed"):
            house = h.home(scene.member, city)
            setattr(scene, kind, house)
            h.let_in(house, "livelihood")
            h.written(house)
            h.paper(house)
            h.planned(house, "livelihood")
        h.consulted(scene.own)
        h.moving(scene.own)
        h.closed(scene.closed)
    scene.register = h.home(city.far_participation, city, is_known_to_office=False)
    h.hosted(scene.register, city.far_participation)
    h.raised(scene.register, city.far_participation)
    if name == "privacy":  # reads every consent of the city (V3): what is agreed is known
        h.let_in(scene.register, "far_elderly")
    return scene


def _guest(scene: Scene) -> Membership:
    """A guest of the sitting, appointed to one item."""
    city = scene.city
    house = h.home(city.livelihood, city)
    h.sealed(house, scene.sitting)
    with w.act(city.secretary):
        item = AgendaItem.objects.get(pk=house.keys["item_id"])
        account = invite_guest(item=item, by=city.secretary, name="架空 医", organisation="医院")
        grant = ItemGrant.objects.get(membership=account.person.guest_id)
    guest = Membership.objects.with_names().get(pk=account.person.guest_id)
    with w.act(guest):
        take_pledge(grant=grant, by=guest)
    scene.shared = house
    house.keys["grant_id"] = grant.pk
    return guest


# --- what U may not see -----------------------------------------------------------------------


def hidden(scene: Scene, name: str) -> None:
    """Households of the same names elsewhere, and behind the doors of the cases U is in: what other
    agencies keep to themselves, what no consent covers, sealed items and their papers, carry-outs,
    an emergency, a notification, a withdrawn consent; and the year's figures."""
    city = scene.city
    if name == "privacy":
        _unread(scene)
    else:
        scene.hidden = [twin(scene, name), _gone(scene, name), _urgent(scene)]
    if scene.own is not None:
        scene.hidden.append(_behind(scene, scene.own, city.livelihood))
    if scene.shared is not None and name != "guest":
        scene.hidden.append(_behind(scene, scene.shared, city.livelihood))
        _uncovered(scene.shared, is_office=name in OFFICE)
    with acting(system_membership(SystemName.STATISTICS).pk):
        recount(city=city.city, year=fiscal_year(timezone.localdate()))


def twin(scene: Scene, name: str) -> House:
    """Everything there is, in agencies that have nothing to do with U's."""
    city = scene.city
    made = h.home(city.far_elderly, city, is_known_to_office=name not in OFFICE)
    h.let_in(made, "far_outreach", "far_participation")
    h.written(made)
    h.paper(made)
    h.planned(made, "far_outreach")
    h.consulted(made)
    h.visited(made, city.far_outreach)
    made.keys["resource_id"] = scene.register.keys["resource_id"]  # type: ignore[union-attr]  # it has one
    h.placed(made, city.far_participation)
    h.sent_away(made, "far_outreach")
    h.moving(made)
    h.sealed(made, scene.sitting, "far_outreach")
    return made


def _gone(scene: Scene, name: str) -> House:
    """Withdrawn and closed."""
    city = scene.city
    gone = h.home(city.far_elderly, city, is_known_to_office=name not in OFFICE)
    h.written(gone)
    h.let_in(gone, "far_participation")
    with w.act(gone.by):
        consent = Consent.objects.get(pk=gone.keys["consent_id"])
        withdraw_consent(consent=consent, by=gone.by, reason="本人の希望")
    h.closed(gone)
    return gone


def _urgent(scene: Scene) -> House:
    """Notified of, and opened in an emergency."""
    city = scene.city
    made = h.home(city.far_elderly, city, is_known_to_office=False)
    h.notified(made, "elderly")
    h.urgent(made, city.elderly)
    return made


def _unread(scene: Scene) -> None:
    """What is written in a case whose consents one may read."""
    house, city = scene.register, scene.city
    assert house is not None
    beside = House(city, house.by, house.case, house.persons)
    h.written(beside)
    h.planned(beside, "far_elderly")
    h.moving(beside)
    h.sealed(beside, scene.sitting, "far_outreach")
    scene.hidden = [beside]


def _behind(scene: Scene, house: House, by: Membership) -> House:
    """In a case that U is in: what `by` writes for its own agency alone, and a sealed item."""
    beside = House(scene.city, by, house.case, house.persons)
    with w.act(by):
        note = write_note(
            case=house.case, by=by, text="ここだけの話", method="visit",
            persons=house.persons[:1], audience="agency",
        )  # fmt: skip
        beside.keep("note", note)
        tie = write_tie(
            case=house.case, by=by, kind="bond", audience="agency",
            first=house.persons[0], second=house.persons[1], facts=TieFacts(quality="strained"),
        )  # fmt: skip
        beside.keep("tie", tie)
    h.sealed(beside, scene.sitting, "far_outreach")
    return beside


def _uncovered(house: House, *, is_office: bool) -> None:
    """A paper for another municipality; about the son, who has not consented to U; and his consent
    to somebody else, which the office that handles the case would see whole (V3)."""
    by, city = house.by, house.city
    h.moving(house)
    with w.act(by):
        write_note(
            case=house.case, by=by, text="息子のこと", method="visit", persons=house.persons[1:]
        )
        write_tie(
            case=house.case, by=by, kind="parent", first=house.persons[0],
            second=house.persons[1], facts=TieFacts(nature="birth"),
        )  # fmt: skip
        write_tie(
            case=house.case, by=by, kind="key", first=house.persons[1], facts=TieFacts()
        )  # fmt: skip
    if is_office:
        return
    w.consent(by, house.persons[1], city.agencies["far_participation"])
    with w.act(by):
        refer(
            case=house.case, by=by, mode=enums.ReferralMode.CONSENT, reason="依頼", summary="息子",
            persons=house.persons[1:], to_agency=city.agencies["far_participation"],
        )  # fmt: skip


# --- asking -----------------------------------------------------------------------------------


def questions(scene: Scene) -> list[Question]:
    """Every address about every household, and every way to search or order. Where a hidden row is
    asked for, the world without it is the one where nothing has that key."""
    seen = [x for x in (scene.own, scene.shared, scene.register) if x is not None]
    found: dict[Question, None] = {}
    for address in addresses():
        if address.name == "signout":
            continue
        gets = [*_urls(address, seen), *_urls(address, [scene.closed] if scene.closed else [])]
        behind = _urls(address, scene.hidden)
        for url in [*gets, *behind] or [address.url()]:
            if "GET" in address.methods:
                found[Question(address.name, "GET", url)] = None
        for url in [*_urls(address, seen), *behind[:1]] or [address.url()]:
            if "POST" in address.methods:
                found[Question(address.name, "POST", url)] = None
    return [*found, *searches(scene)]


def _urls(address: Address, houses: list[House]) -> list[str]:
    """The address of each household's row; and one's own case with a person of another."""
    urls = []
    for house in houses:
        keys = {name: house.key(address.name, name) for name in address.keys}
        if address.keys and None not in keys.values():
            urls.append(address.url(**keys))
            if len(keys) > 1 and house is not houses[0]:
                mixed = {**keys, address.keys[0]: houses[0].key(address.name, address.keys[0])}
                urls.append(address.url(**mixed))
    return urls


def searches(scene: Scene) -> Iterator[Question]:
    """The words of somebody hidden, and lists in every order and state they have."""
    one = h.HOME
    numbers = [house.case.number for house in scene.hidden]
    words = [one["name"], one["name"][:3], one["name_kana"], one["phone"], "S19.5.1", *numbers]
    for text in words:
        yield Question("case_search", "POST", "/search/", (("q", text),))
    facts = [(name, one[name]) for name in ("name", "name_kana", "phone", "address")]
    typed = tuple((f"p1-{name}", words) for name, words in facts)
    yield Question("consultation_similar", "POST", "/consultations/similar/", typed, htmx=True)
    yield Question("consultation_new", "POST", "/consultations/new/", typed)
    for house in filter(None, (scene.own, scene.shared)):
        for name, key in (("person_new", "case_id"), ("person_edit", "person_id")):
            url = reverse(name, args=[house.keys[key]])
            yield Question(name, "POST", url, (*facts, ("check", "1")), htmx=True)
            yield Question(name, "POST", url, (*facts, ("version", "1"), ("form_key", NOBODYS)))
    if scene.own is not None:
        url = f"/consultations/{scene.own.keys['consultation_id']}/add/"
        for text in words:
            yield Question("consultation_add", "POST", url, (("q", text),))
        for house in scene.hidden:
            yield Question("consultation_add", "GET", url, (("case", house.case.pk),))
    for house in scene.hidden:
        for name, key in (("case", "case_id"), ("plan", "plan_id"), ("referral", "referral_id")):
            if key in house.keys:
                asked = ((name, house.keys[key]),)
                yield Question("item_new", "GET", "/meetings/items/new/", asked)
    later = "2100-01-01T00:00:00Z_ffffffff-ffff-7fff-bfff-ffffffffffff"
    for url, name, values in [
        ("/cases/", "status", ["", "active", "closed", "x"]),
        ("/cases/", "mine", ["responsible", "partner"]),
        ("/cases/", "urgency", ["high", "middle", "low"]),
        ("/cases/", "before", [later]),
        ("/cases/", "after", [f"2000{later[4:]}", "x"]),
        ("/consultations/", "before", [later]),
        ("/consents/", "state", ["ended"]),
        ("/plans/", "state", ["draft", "submitted", "in_force", "ended"]),
        ("/plans/", "programme", ["coordination", "outreach"]),
        ("/plans/", "whose", ["own", "role"]),
        ("/plans/", "after", ["x", str(NOBODYS)]),
        ("/disclosures/", "year", ["2026", "2025"]),
        ("/visits/", "before", [later]),
        ("/participation/", "before", [later]),
        ("/community/", "before", [later]),
        ("/meetings/candidates/", "whose", ["", "own", "worker"]),
        ("/meetings/candidates/", "body", [scene.city.conferences["plan"].pk, "x"]),
        ("/meetings/candidates/", "after", ["1_2026-12-01_x", "x"]),
        ("/meetings/", "body", [scene.city.conferences["support"].pk]),
    ]:
        for value in values:
            yield Question(resolve(url).url_name or "", "GET", url, ((name, value),))


def signed_in(scene: Scene) -> Client:
    """U's browser."""
    return sign_in(Client(), scene.member)


def ask(client: Client, question: Question) -> Answer:
    """The answer, taken back with everything it wrote."""
    kept = {name: morsel.value for name, morsel in client.cookies.items()}
    more = {"headers": {"HX-Request": "true"}} if question.htmx else {}
    sent = dict(question.data) or ({"unknown": "1"} if question.method == "POST" else {})
    send = client.get if question.method == "GET" else client.post
    frame = question.name in FRAME and not question.data
    lines = registry.navigation if frame else []
    connection.queries_log.clear()
    with (
        transaction.atomic(),
        mock.patch.object(registry, "navigation", lines),
        CaptureQueriesContext(connection) as queries,
    ):
        response = send(question.url, sent, **more)
        transaction.set_rollback(True)
    cookies = sorted(response.cookies)
    client.cookies.clear()
    client.cookies.load(kept)
    body = response.content.decode(errors="replace")
    drawn = {"Content-Length"} if DRAWN in response.content else set()
    left_out = {"Set-Cookie", "Location", *drawn}
    headers = [(k, v) for k, v in response.items() if k not in left_out]
    headers.append(("Location", _whereto(response.headers.get("Location", ""))))
    headers.append(("cookies", " ".join(cookies)))
    return Answer(
        response.status_code,
        tuple((name, masked(value)) for name, value in headers),
        masked(body),
        len(queries),
    )


def _whereto(url: str) -> str:
    """Where a step leads; a row it has just made has a key of its own."""
    for found in _KEY.findall(url):
        if uuid.UUID(found).int >> 80 >= int(timezone.now().timestamp() * 1000):
            url = url.replace(found, "*")
    return url


_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def masked(text: str) -> str:
    """Without what is drawn anew for every page."""
    for pattern, kept in TOKENS:
        text = pattern.sub(kept, text)
    return text


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever the block builds is there inside it alone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def standing_clock() -> Iterator[None]:
    with mock.patch.object(timezone, "now", return_value=timezone.now()):
        yield


@contextmanager
def silence() -> Iterator[None]:
    """A thousand refusals need no line each."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@dataclass(frozen=True)
class Difference:
    """A question whose answer told the two worlds apart."""

    question: Question
    without: Answer
    with_hidden: Answer

    def __str__(self) -> str:
        lines = difflib.unified_diff(
            self.without.told().splitlines(), self.with_hidden.told().splitlines(), lineterm="", n=1
        )
        return f"{self.question}\n" + "\n".join(list(lines)[:40])


def compare(name: str, keep: Callable[[Question, Scene], bool] | None = None) -> Result:
    """Ask everything in both worlds; how many questions there were, and what differed."""
    answers: dict[Question, Answer] = {}
    different: list[Difference] = []
    with standing_clock(), silence():
        scene = known(name)
        client = signed_in(scene)
        with taken_back():
            hidden(scene, name)
            worked()
            for question in questions(scene):
                if keep is None or keep(question, scene):
                    answers[question] = ask(client, question)
        with taken_back():
            worked()
            for question, told in answers.items():
                without = ask(client, question)
                if without != told:
                    without = ask(client, question)  # what a process reads once is read by now
                if without != told:
                    different.append(Difference(question, without, told))
    return Result(len(answers), different)


def worked() -> None:
    """The worker has done whatever is due, notices included."""
    file_due_jobs()
    sweep()
    assert mail.outbox == []  # nothing is ever mailed; whoever adds a mail compares it here


@dataclass(frozen=True)
class Result:
    """How much was asked, and which answers told the worlds apart."""

    asked: int
    different: list[Difference]

    def leaks(self, name: str) -> list[str]:
        """What differs and stands in no list of what this role may be told."""
        allowed = ALLOWED.get(name, set())
        return [str(found) for found in self.different if found.question.name not in allowed]
