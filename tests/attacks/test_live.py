"""The running sitting, its papers and its decisions, by every way round them.

What is sealed must not be told by what happens on other screens (V6, V15), what is shown is logged
(V10), what a shield closes is on nobody else's paper (V9), and nothing typed is lost.
"""

from __future__ import annotations

import datetime
import json
import uuid
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, ConferenceType, StandingMember
from agencies.permissions import ActionDenied
from cases.models import ConsentLine
from cases.operations import confirm_shield, propose_shield
from meetings.models import ItemDraft, ItemGrant, MinuteLine, PaperCopy
from meetings.operations import (
    Recipient,
    begin_item,
    decide_item,
    mark_attendance,
    name_member,
    print_copies,
    print_pack,
    write_line,
)
from meetings.pack import in_pack, readers, sections_for
from meetings.views import live as views
from meetings.views.common import items_of
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def house(city):
    return s.consented_household(city, "child")


@pytest.fixture
def item(city, house):
    made = s.consented_item(city, house, "child")
    s.opened(city, made.sitting)
    return made


@pytest.fixture
def sealed(city):
    made = s.secret_item(city)
    s.appointed(city, made, city.child)
    s.appointed(city, made, city.disability)
    s.opened(city, made.sitting)
    return made


def browser(member):
    return sign_in(Client(), member)


def text(answer):
    return answer.content.decode()


def looks(city, what, item):
    with w.act(city.privacy):
        return AccessLog.objects.filter(what=what, item_id=item.pk).count()


def decide(city, item, decision="discussed", by=None):
    by = by or city.coordinator
    with w.act(by):
        return decide_item(item=s.fresh(city, item), by=by, decision=decision, opinion="まとめ")


def comes(city, item, attendance="present", **who):
    with w.act(city.coordinator):
        mark_attendance(item=item, by=city.coordinator, attendance=attendance, **who)


# --- every look is recorded (V10) ----------------------------------------------------------------


def test_what_was_decided_is_shown_on_the_screen_and_logged(city, item):
    """The right column holds the words of every decided item, with nothing in the middle too."""
    decide(city, item)
    page = browser(city.child).get(reverse("sitting_live", args=[item.sitting_id]))
    assert "まとめ" in text(page)
    assert looks(city, "sitting_live", item) == 1


def test_new_lines_of_others_are_a_look_and_no_news_is_none(city, item):
    desk = browser(city.coordinator)
    url = reverse("item_lines", args=[item.pk])
    with w.act(city.head):
        write_line(item=item, by=city.head, key=uuid.uuid4(), text="家賃の話が出た。")
    shown = desk.get(url)
    assert "家賃の話が出た。" in text(shown)
    assert looks(city, "item_lines", item) == 1
    assert desk.get(url, {"seen": shown.context["mark"]}).status_code == 204
    assert looks(city, "item_lines", item) == 1


# --- who is there (必須, 定足数) ------------------------------------------------------------------


def quorum(city, body, percent):
    with as_owner():
        ConferenceType.objects.filter(pk=city.conferences[body].pk).update(quorum=percent)


def test_secretaries_are_no_quorum_of_the_appointed(city, sealed):
    """Two appointed, neither there: the listed secretary who is there is not one of them."""
    quorum(city, "support", 50)
    comes(city, sealed, membership=city.coordinator)
    with pytest.raises(ActionDenied, match="2のうち1の出席が必要で、記録は0"):
        decide(city, sealed, "shared")
    comes(city, sealed, membership=city.child)
    assert decide(city, sealed, "shared").state == "decided"


def test_under_secrecy_too_an_interest_counts_on_neither_side(city, sealed):
    """Of two one steps back: of the one who is left half is one, and that one is not there."""
    quorum(city, "support", 50)
    with w.act(city.coordinator):
        ItemGrant.objects.filter(membership_id=city.child.pk).update(has_conflict=True)
    comes(city, sealed, membership=city.child)
    with pytest.raises(ActionDenied, match="1のうち1の出席が必要で、記録は0"):
        decide(city, sealed, "shared")


def test_somebody_of_that_name_is_not_the_agency_that_has_to_be_there(city, item):
    """With consent agencies are recorded as such; a guest may be called anything."""
    with as_owner():
        StandingMember.objects.create(
            municipality=city.city, conference_type=city.conferences["plan"],
            agency=city.agencies["child"], is_mandatory=True,
        )  # fmt: skip
    comes(city, item, name="架空childセンターを退職した人")
    with pytest.raises(ActionDenied, match="架空childセンター」の出席が記録されていません"):
        decide(city, item)


# --- a shield on other people's paper (V9) -------------------------------------------------------


def shielded(city, house):
    """A shield over the first person, with one of the office on its list."""
    second = w.make_member(city.agencies["elderly"], "consultation_worker")
    with w.act(city.elderly):
        shield = propose_shield(
            person=house.persons[0], by=city.elderly, ground="abuse", confirmer=second,
            members=[city.coordinator],
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with w.act(second):
        confirm_shield(shield=shield, by=second)


def test_an_item_that_a_shield_closes_is_printed_for_nobody_else(city, house, item):
    shielded(city, house)
    assert s.sees(city.coordinator, item)
    assert not s.sees(city.child, item)
    with w.act(city.coordinator):
        found = readers(city.coordinator, in_pack(items_of(city.coordinator, item.sitting)))
        for key, reader in found.items():
            if key != "own":
                assert sections_for(city.coordinator, reader) == [], key
        child = city.agencies["child"]
        with pytest.raises(ActionDenied, match="支援措置"):
            print_pack(
                by=city.coordinator, wanted=[(item, Recipient(child.name, agency=child))],
                form_key=uuid.uuid4(),
            )  # fmt: skip
        print_pack(
            by=city.coordinator,
            wanted=[(item, Recipient("x", agency=city.agencies["coordinator"]))],
            form_key=uuid.uuid4(),
        )


def test_a_sealed_item_that_a_shield_closes_is_printed_for_nobody_else(city):
    case, persons = w.household(city.elderly)
    sealed = s.secret_item(city, case=case)
    grant = s.appointed(city, sealed, city.child)
    s.noticed(city, sealed.sitting)
    shielded(city, s.Household(case, persons))
    assert s.sees(city.coordinator, sealed)
    assert not s.sees(city.child, sealed)
    theirs = Recipient("x", grant=grant)
    with w.act(city.coordinator):
        with pytest.raises(ActionDenied, match="支援措置"):
            print_copies(
                item=sealed, by=city.coordinator, paper="materials", recipients=[theirs],
                form_key=uuid.uuid4(),
            )  # fmt: skip
        with pytest.raises(ActionDenied, match="支援措置"):
            print_pack(by=city.coordinator, wanted=[(sealed, theirs)], form_key=uuid.uuid4())
        assert not PaperCopy.objects.exists()


# --- lost work, doubled work, bad input ----------------------------------------------------------


def keep_line(member, item, words, key=None):
    return browser(member).post(
        reverse("line_keep", args=[item.pk]), {"form_key": key or uuid.uuid4(), "line": words}
    )


def test_characters_without_a_shape_are_no_error(city, item):
    kept = keep_line(city.coordinator, item, "家賃\x00の\u202e話\r\n二行め")
    assert kept.status_code == 200
    with w.act(city.coordinator):
        assert MinuteLine.objects.get(item=item).text == "家賃の話\n二行め"
    url = reverse("decision_keep", args=[item.pk])
    typed = {"opinion": "案\x00の"}
    assert browser(city.coordinator).post(url, typed).status_code == 200
    with w.act(city.coordinator):
        assert "\x00" not in json.dumps(ItemDraft.objects.get(item=item).typed)
    one = {"form_key": uuid.uuid4(), "line": "あ\x00い"}
    assert (
        browser(city.coordinator).post(reverse("line_add", args=[item.pk]), one).status_code == 302
    )


def test_nothing_is_kept_in_the_names_of_fields(city, item):
    """V16 and bounds: what a page calls its fields is no way to keep something."""
    url = reverse("decision_keep", args=[item.pk])
    more = {"123456789018": "x", "1" * 60_000: "x", "a\x00b": "x"}
    typed = {"opinion": "案", f"renew_{item.pk}": "", **more}
    form = "application/x-www-form-urlencoded"
    kept = browser(city.coordinator).post(url, urlencode(typed), content_type=form)
    assert kept.status_code == 200
    with w.act(city.coordinator):
        names = {name for name, _value in ItemDraft.objects.get(item=item).typed}
    assert names == {"opinion", f"renew_{item.pk}"}


def test_a_key_of_a_line_that_stands_elsewhere_is_said(city, item, sealed):
    """V15: of a sealed item's line as of anybody's: one sentence, no error."""
    key = uuid.uuid4()
    with w.act(city.coordinator):
        write_line(item=sealed, by=city.coordinator, key=key, text="守秘の話")
    answers = [
        keep_line(city.head, item, "わたしの", key),
        browser(city.head).post(
            reverse("line_add", args=[item.pk]), {"form_key": key, "line": "わたしの"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [409, 422]
    assert "守秘" not in "".join(map(text, answers))


def test_a_decision_that_somebody_recorded_meanwhile_takes_no_words_with_it(city, item):
    """Two screens: the second is told so, and what was typed on it stays on the page."""
    url = reverse("item_run", args=[item.pk])
    desk = browser(city.head)
    version = desk.get(url).context["form"].initial["version"]
    decide(city, item)
    late = desk.post(
        url, {"decision": "discussed", "opinion": "長く考えて書いた意見", "version": version}
    )
    assert late.status_code == 422
    assert "長く考えて書いた意見" in text(late)
    assert "決定" in text(late)
    assert s.fresh(city, item).opinion == "まとめ"


def ran_out(city, item):
    """Until the nightly check blocks it, the office may still see it."""
    with as_owner():
        lines = ConsentLine.objects.filter(consent__case_id=item.case_id)
        lines.filter(agency=city.agencies["child"]).delete()


def test_an_item_whose_consents_ran_out_last_night_is_not_begun_and_no_error(city, house, item):
    ran_out(city, item)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="同意"):
        begin_item(item=item, by=city.coordinator)


def test_the_next_item_keeps_no_decision_back(city, house):
    """Begun with the decision before it; what no consent covers any more waits."""
    first = s.consented_item(city, house, "child")
    other = s.consented_household(city, "child")
    later = s.consented_item(city, other, "child", sitting=first.sitting, title="次の議題")
    s.opened(city, first.sitting)
    ran_out(city, later)
    url = reverse("item_run", args=[first.pk])
    desk = browser(city.coordinator)
    version = desk.get(url).context["form"].initial["version"]
    sent = desk.post(url, {"decision": "discussed", "opinion": "まとめ", "version": version})
    assert sent.status_code == 302
    assert s.fresh(city, first).state == "decided"
    assert s.fresh(city, later).begun_at is None


def test_a_change_while_a_screen_is_put_together_is_asked_for_again(city, item, monkeypatch):
    """The mark is taken first: what changed after it is news at the next asking."""
    read = views.items_of

    def meanwhile(by, sitting):
        found = read(by, sitting)
        with as_owner():
            type(item).objects.filter(pk=item.pk).update(version=99)
        return found

    asking = browser(city.child)
    monkeypatch.setattr(views, "items_of", meanwhile)
    seen = asking.get(reverse("sitting_live", args=[item.sitting_id])).context["now"].mark
    monkeypatch.setattr(views, "items_of", read)
    again = asking.get(reverse("sitting_live_now", args=[item.sitting_id]), {"seen": seen})
    assert again.status_code == 200


# き with a mark of its own, two characters that are read as one.
MARKED = "か\u309a"


def test_names_in_marked_letters_are_kept_whole(city, item):
    with w.act(city.head):
        name_member(
            item=item, by=city.head, kind="invited", name=MARKED * 90, organisation=MARKED * 90
        )
    page = browser(city.head).post(
        reverse("item_members", args=[item.pk]),
        {"step": "add", "kind": "invited", "name": "架空 花子", "organisation": MARKED * 99},
    )
    assert page.status_code == 302


def test_a_half_filled_form_with_characters_no_column_takes_is_kept(city, house):
    """同意をもらう out of 付議: what was typed goes into a draft, and comes back."""
    sitting = s.make_sitting(city, "plan", days=5)
    disability = city.agencies["disability"].pk
    url = reverse("item_new")
    query = f"?case={house.case.pk}&sitting={sitting.pk}&body={city.conferences['plan'].pk}"
    sent = browser(city.elderly).post(
        url + query,
        {
            "agenda_type": "social_resources", "title": "題\x00名", "briefing": "論\x00点",
            "persons": [p.pk for p in house.persons], "participants": [disability],
            "ask": str(house.persons[0].pk),
        },
    )  # fmt: skip
    assert sent.status_code == 302
