"""通知メール: once a day, a number, to the address one gave oneself; over a real mail server."""

from __future__ import annotations

import datetime
import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies import tasks
from agencies.enums import SystemName
from agencies.models import Job, MailAddress, Notice
from agencies.operations import mail, notify, set_mail_address
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, run_next, system_membership
from config.lib.eras import TOKYO
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

TUESDAY = datetime.datetime(2026, 12, 15, 9, 0, tzinfo=TOKYO)
HOLIDAY = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=TOKYO)  # 勤労感謝の日, a Monday


class Box(Message):
    """What the mail server was given."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[email.message.Message] = []
        self.refuses = 0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the library's name
        if self.refuses:
            self.refuses -= 1
            return "451 later"
        return await super().handle_DATA(server, session, envelope)

    def handle_message(self, message):
        self.letters.append(message)


@pytest.fixture
def box(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Box()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield found
    controller.stop()


@pytest.fixture
def city():
    return w.city()


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    at(monkeypatch, TUESDAY)


def at(monkeypatch, moment):
    """The worker's clock; the database's stays."""

    class Clock:
        @staticmethod
        def now():
            return moment

    monkeypatch.setattr(tasks, "timezone", Clock)
    monkeypatch.setattr(mail, "timezone", Clock)


def wants(member, address="tanto@city.example.lg.jp", since=None):
    with w.act(member):
        set_mail_address(by=member, address=address)
    with as_owner():
        past = since or timezone.now() - datetime.timedelta(hours=1)
        MailAddress.objects.filter(user_id=member.user_id).update(told_at=past)


def told(city, agency, key, membership=None):
    with w.act(city.coordinator):
        notify(
            agency=agency, kind="referral_sent", key=key, title="つなぎが届きました",
            membership=membership,
        )  # fmt: skip


def work(monkeypatch, moment=None):
    """What is due is filed and done; jobs of other rooms may run too."""
    if moment is not None:
        at(monkeypatch, moment)
    with w.act(system_membership(SystemName.SCHEDULER)):
        wanted = tasks.due_mails()
    file_due_jobs()
    monkeypatch.setattr(tasks, "timezone", timezone)
    while run_next():
        pass
    at(monkeypatch, moment or TUESDAY)
    return wanted


def test_one_mail_a_day_says_how_many_and_nothing_else(city, box, monkeypatch):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    told(city, city.agencies["child"], "2", membership=city.child)
    told(city, city.agencies["elderly"], "3")
    work(monkeypatch)
    work(monkeypatch)
    (letter,) = box.letters
    parsed = email.message_from_bytes(letter.as_bytes(), policy=email.policy.default)
    assert parsed["To"] == "tanto@city.example.lg.jp"
    assert parsed["Subject"].strip() == "【かさね】新しいお知らせが2件あります"
    body = parsed.get_content()
    assert "新しいお知らせが2件あります（未読は合わせて2件）" in body
    assert "つなぎ" not in body
    assert "http" not in body
    assert parsed["Message-ID"] == f"<mail_digest.{city.child.user_id}.2026-12-15@kasane.invalid>"


def test_what_was_told_is_not_told_again(city, box, monkeypatch):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    work(monkeypatch)
    assert work(monkeypatch, TUESDAY + datetime.timedelta(days=1)) == []
    assert len(box.letters) == 1


def test_who_has_read_them_gets_none(city, box, monkeypatch):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    with w.act(city.child):
        Notice.objects.update(read_at=timezone.now())
    assert work(monkeypatch) == []
    assert box.letters == []


@pytest.mark.parametrize(
    "moment", [HOLIDAY, TUESDAY.replace(hour=7, minute=59), TUESDAY + datetime.timedelta(days=4)]
)
def test_quiet_on_days_off_and_before_the_morning(city, box, monkeypatch, moment):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    assert work(monkeypatch, moment) == []
    assert box.letters == []


def test_without_a_mail_server_nothing_is_due_and_no_page_speaks_of_it(city, settings):
    settings.EMAIL_HOST = ""
    wants(city.child)
    told(city, city.agencies["child"], "1")
    with w.act(system_membership(SystemName.SCHEDULER)):
        assert tasks.due_mails() == []
    desk = sign_in(Client(), city.child)
    assert "通知メール" not in desk.get(reverse("account")).content.decode()
    assert desk.get(reverse("account_mail")).status_code == 404


def test_a_server_that_refuses_is_asked_again_and_nothing_is_lost(city, box, monkeypatch):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    box.refuses = 1
    work(monkeypatch)
    assert box.letters == []
    with w.act(system_membership(SystemName.SCHEDULER)):
        waiting = Job.objects.get(name="mail_digest")
        assert (waiting.attempts, waiting.done_at) == (1, None)
        assert "tanto" not in waiting.error
        Job.objects.filter(pk=waiting.pk).update(due_at=timezone.now())
    work(monkeypatch)
    assert len(box.letters) == 1


def test_who_has_left_is_told_no_more(city, box, monkeypatch):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    with as_owner():
        type(city.child).objects.filter(pk=city.child.pk).update(
            until=timezone.localdate() - datetime.timedelta(days=1)
        )
    assert work(monkeypatch) == []


def test_the_number_is_the_schedulers_and_the_address_ones_own(city):
    wants(city.child)
    told(city, city.agencies["child"], "1")
    with w.act(city.elderly):
        assert mail.waiting_for_mail() == []
        assert not MailAddress.objects.exists()
        theirs = MailAddress(user_id=city.disability.user_id, address="x@example.jp")
        with pytest.raises(DatabaseError), transaction.atomic():
            theirs.save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE agencies_mailaddress SET address = 'x@example.jp'")
            assert cursor.rowcount == 0


def test_ones_own_address_on_the_page(city, box, settings):
    settings.KASANE_MAIL_DOMAINS = ["city.example.lg.jp"]
    desk, url = sign_in(Client(), city.child), reverse("account_mail")
    bad = desk.post(url, {"address": "tanto@"})
    assert bad.status_code == 422
    assert "メールアドレスの形になっていません。" in bad.content.decode()
    assert 'value="tanto@"' in bad.content.decode()
    outside = desk.post(url, {"address": "tanto@mail.example"})
    assert "職場のアドレスを入れてください（@city.example.lg.jp）。" in outside.content.decode()
    assert desk.post(url, {"address": "tanto@city.example.lg.jp"}).status_code == 302
    assert "tanto@city.example.lg.jp" in desk.get(reverse("account")).content.decode()
    assert desk.post(url, {"address": "kakari@city.example.lg.jp"}).status_code == 302
    assert "kakari@city.example.lg.jp" in desk.get(reverse("account")).content.decode()
    assert desk.post(url, {"address": ""}).status_code == 302
    with w.act(city.child):
        assert not MailAddress.objects.exists()
        with pytest.raises(ActionDenied):
            set_mail_address(by=city.child, address="tanto@mail.example")
