"""障害 is written as the city writes it, on every page, wherever Kasane says it by itself."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from cases import enums
from cases.forms.intake import IssueMarksForm
from cases.operations import add_issue, assess, write_tie
from cases.operations.ties import TieFacts
from config.lib.wording import SHOGAI, in_words, written_as
from tests import houses as h
from tests import world as w
from tests.addresses import addresses
from tests.cases.pages import get, text
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

OURS = "障がい"
# The names of laws and of what they found are written as the law writes them.
STATUTES = re.compile("障害者(?:総合支援法|虐待防止法|虐待の防止)")
NOT_ASKED = {"signout", "gallery", "gallery_genogram"}  # the galleries show samples of no city
READERS = ("elderly", "head")


@pytest.fixture
def house():
    """A household with 障害 in all that is chosen from a list, and in nothing that is typed."""
    city = w.city()
    house = h.home(city.elderly, city)
    h.let_in(house, "disability")
    h.written(house)
    h.paper(house)
    h.planned(house, "disability")
    h.consulted(house)
    h.directory_line(house.by)
    h.moving(house)
    by, case, persons = house.by, house.case, house.persons
    with w.act(by):
        add_issue(case=case, by=by, issue_type="disability", person=persons[1], is_primary=True)
        add_issue(case=case, by=by, issue_type="disability_suspected", person=persons[0])
        assess(case=case, by=by, category="disability", situation="支給申請中", persons=persons[1:])
        write_tie(
            case=case, by=by, kind="outside", first=persons[1],
            facts=TieFacts(name="架空の里", resource="disability", quality="strong"),
        )  # fmt: skip
    return house


def write(city, word):
    with as_owner():
        city.city.wording_shogai = word
        city.city.save(update_fields=["wording_shogai"])


def seen(house, member):
    """Every page this member may open, by its name."""
    browser: Client = sign_in(Client(), member)
    pages = {}
    for address in addresses():
        keys = {name: house.key(address.name, name) for name in address.rows}
        if "GET" not in address.methods or None in keys.values() or address.name in NOT_ASKED:
            continue
        answer = browser.get(address.url(**keys))
        if answer.status_code == 200 and "html" in answer.get("Content-Type", ""):
            pages[address.name] = STATUTES.sub("", answer.content.decode())
    return pages


def test_every_page_writes_the_citys_word(house):
    found = set()
    for word, other in ((SHOGAI, OURS), (OURS, SHOGAI)):
        write(house.city, word)
        for name in READERS:
            pages = seen(house, house.city.members[name])
            wrong = {
                page: re.findall(f".{{0,20}}{other}.{{0,20}}", shown)
                for page, shown in pages.items()
                if other in shown
            }
            assert not wrong, (name, word)
            found |= {page for page, shown in pages.items() if word in shown}
    assert found >= {
        "case_detail", "case_print", "consent_new", "consent_form_print", "consent_detail",
        "assessment_detail", "assessment_new", "intake_sheet", "issue_new",
        "record_refile", "case_access", "genogram", "consultation_new",
    }  # fmt: skip


def test_a_label_asks_when_it_is_shown():
    label = enums.IssueType.DISABILITY.label
    form = IssueMarksForm()
    with written_as("障碍"):
        assert str(label) == "障碍（手帳あり）"
        assert str(form.fields["issue_disability"].label) == "障碍（手帳あり）"
        with written_as(OURS):
            assert in_words("障害福祉") == "障がい福祉"
        assert in_words("障害福祉", SHOGAI) == "障害福祉"
    assert str(label) == "障害（手帳あり）"


def test_the_easy_paper_reads_the_whole_word(house):
    """The letters of かな in it are under the reading as well."""
    url = f"/consents/{house.keys['consent_id']}/print/"
    for word in (SHOGAI, OURS):
        write(house.city, word)
        shown = text(get(house.by, url))
        assert re.search(f"<ruby>{word}<r[pt]>", shown), word
