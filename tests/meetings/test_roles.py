"""役割分担 changed in the sitting, line by line, by who decides the item."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from config.lib.eras import format_short
from meetings.models import MinuteLine
from meetings.operations import amend_role, begin_item, decide_item
from plans import operations as plans
from plans.models import Plan, SupportItem
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_consent import draft, plan_item
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def item(city):
    made, _plan = plan_item(city)
    s.opened(city, made.sitting)
    with w.act(city.coordinator):
        return begin_item(item=made, by=city.coordinator)


def lines(city, item):
    with w.act(city.coordinator):
        return list(SupportItem.objects.filter(plan=item.plan_id).order_by("order"))


def facts(city, content="家計相談と同行", **more):
    given = {
        "agency": city.agencies["disability"],
        "until": timezone.localdate(),
        "frequency": "月1回",
    }
    return plans.ItemFacts(content=content, **{**given, **more})


def amend(city, item, by=None, **given):
    by = by or city.coordinator
    with w.act(by):
        amend_role(item=item, by=by, **{"key": uuid.uuid4(), "facts": facts(city), **given})


def test_a_line_is_replaced_added_and_taken_out(city, item):
    (old,) = lines(city, item)
    amend(city, item, line=old.pk, seen=plans.mark_of_line(old))
    (new,) = lines(city, item)
    assert (new.content, new.frequency, new.order) == ("家計相談と同行", "月1回", old.order)
    amend(city, item, facts=facts(city, "見守りの電話"))
    first, second = lines(city, item)
    assert (first.pk, second.content) == (new.pk, "見守りの電話")
    amend(city, item, facts=None, line=first.pk, seen=plans.mark_of_line(first))
    assert [line.pk for line in lines(city, item)] == [second.pk]
    with w.act(city.coordinator):
        said = list(MinuteLine.objects.filter(item=item).order_by("at", "pk"))
        steps = Plan.objects.get(pk=item.plan_id).plansteps.filter(name="amend")
        assert [line.text for line in said] == list(
            steps.order_by("at", "pk").values_list("note", flat=True)
        )
    assert said[0].text.startswith("役割を直した：家計相談（")
    assert said[1].text.startswith("役割を加えた：見守りの電話（")
    assert said[2].text.startswith("役割を消した：家計相談と同行（")


def test_the_amended_table_comes_into_force_with_the_decision(city, item):
    amend(city, item, facts=facts(city, "見守りの電話"))
    with w.act(city.coordinator):
        decide_item(
            item=item, by=city.coordinator, decision="adequate_amended", opinion="見守りを加える"
        )
        assert Plan.objects.get(pk=item.plan_id).status == "in_force"
    assert "見守りの電話" in [line.content for line in lines(city, item)]
    with pytest.raises(ActionDenied):
        amend(city, item, facts=facts(city, "あとから"))


def test_two_screens_on_one_line(city, item):
    (old,) = lines(city, item)
    seen = plans.mark_of_line(old)
    amend(city, item, line=old.pk, seen=seen)
    with pytest.raises(StaleVersion):
        amend(city, item, line=old.pk, seen=seen, facts=facts(city, "ほかの言葉"))
    assert [line.content for line in lines(city, item)] == ["家計相談と同行"]


def test_the_same_key_writes_once(city, item):
    key = uuid.uuid4()
    for _time in range(2):
        amend(city, item, key=key, facts=facts(city, "見守りの電話"))
    assert [line.content for line in lines(city, item)].count("見守りの電話") == 1


def test_what_is_refused(city, item):
    (old,) = lines(city, item)
    with pytest.raises(ActionDenied, match="役割がなくなって"):
        amend(city, item, facts=None, line=old.pk, seen=plans.mark_of_line(old))
    for number in range(7):
        amend(city, item, facts=facts(city, f"役割{number}"))
    with pytest.raises(ActionDenied, match="8件まで"):
        amend(city, item, facts=facts(city, "九つ目"))
    with pytest.raises(ActionDenied):  # takes part, and does not decide
        amend(city, item, by=city.disability)
    with pytest.raises(ActionDenied, match="もう見られません"):
        amend(city, item, by=city.child)


def test_before_the_sitting_and_for_other_types_nothing_is_amended(city):
    drafted = draft(city)
    made, _plan = plan_item(city, plan=drafted)
    with pytest.raises(ActionDenied):
        amend(city, made)
    other = s.consented_item(city, s.consented_household(city))
    s.opened(city, other.sitting)
    with pytest.raises(ActionDenied, match="直せません"):
        amend(city, other)


RAW = """INSERT INTO plans_supportitem (id, plan_id, "order", content, agency_id, worker, frequency,
    until, status) VALUES (gen_random_uuid(), %s, 9, '追加', %s, '', '', '2027-03-31', 'open')"""


@pytest.mark.parametrize("who", ["disability", "elderly", "head"])
def test_the_database_lets_nobody_else_write_a_line(city, item, who):
    """Nor the author, once the plan lies before a conference; the office's head does run it."""
    by = city.members[who]
    with w.act(by), connection.cursor() as cursor:
        asked = (item.plan_id, city.agencies["disability"].pk)
        if by.agency_id == city.coordinator.agency_id:
            cursor.execute(RAW, asked)
            assert cursor.rowcount == 1
            return
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(RAW, asked)
        cursor.execute("DELETE FROM plans_supportitem WHERE plan_id = %s", [item.plan_id])
        assert cursor.rowcount == 0


def test_after_the_decision_the_database_lets_nobody_write(city, item):
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="continued", opinion="次回へ")
    asked = (item.plan_id, city.agencies["disability"].pk)
    refused = pytest.raises(DatabaseError)
    with w.act(city.coordinator), connection.cursor() as cursor, refused, transaction.atomic():
        cursor.execute(RAW, asked)


# --- the pages ------------------------------------------------------------------------------------


def sent(city, line=None, **changes):
    given = {
        "content": "家計相談と同行",
        "agency": str(city.agencies["disability"].pk),
        "worker": "",
        "frequency": "月1回",
        "until": format_short(timezone.localdate()),
        "goal": "0",
        "seen": plans.mark_of_line(line) if line else "",
        "line": line.pk if line else "",
        "form_key": str(uuid.uuid4()),
    }
    return {**given, **changes}


def test_the_office_changes_a_line_in_its_place(city, item):
    (old,) = lines(city, item)
    desk, url = sign_in(Client(), city.coordinator), reverse("item_roles", args=[item.pk])
    run = desk.get(reverse("item_run", args=[item.pk])).content.decode()
    assert f"{url}?line={old.pk}" in run
    shown = desk.get(url, {"line": str(old.pk)}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in shown
    assert 'value="家計相談"' in shown
    bad = desk.post(url, sent(city, old, until=""), headers={"HX-Request": "true"})
    assert bad.status_code == 422
    assert "期限を入れてください。" in bad.content.decode()
    assert "家計相談と同行" in bad.content.decode()
    done = desk.post(url, sent(city, old), headers={"HX-Request": "true"})
    assert done.status_code == 200
    assert "家計相談と同行" in done.content.decode()
    stale = desk.post(url, sent(city, old, content="別の言葉"))
    assert stale.status_code == 422
    assert "ほかの人が直したか消しました" in stale.content.decode()
    assert "別の言葉" in stale.content.decode()
    assert desk.post(url, sent(city, content="見守り")).status_code == 302
    assert desk.get(url, {"line": "x"}).status_code == 404
    for who, status in (("disability", 403), ("child", 404)):
        assert sign_in(Client(), city.members[who]).get(url).status_code == status


def test_every_screen_follows(city, item):
    follower = sign_in(Client(), city.disability)
    url = reverse("sitting_live_now", args=[item.sitting_id])
    before = follower.get(url).content.decode()
    mark = before.split("?seen=")[1].split("&amp;")[0]
    assert follower.get(url, {"seen": mark}).status_code == 204
    amend(city, item, facts=facts(city, "見守りの電話"))
    after = follower.get(url, {"seen": mark})
    assert after.status_code == 200
    text = after.content.decode()
    assert "役割を加えた：見守りの電話" in text
    assert f"brief-{item.pk}-1" in text
    brief = follower.get(reverse("item_brief", args=[item.pk])).content.decode()
    assert "見守りの電話" in brief
