"""出席する人: who takes part in an item, what they answered, who is asked by name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.models import Person
from meetings.enums import ItemState, SittingState
from meetings.forms import NameMemberForm, NotedForm
from meetings.members import Member, members_of, tally
from meetings.models import AgendaItem, ItemAttendance
from meetings.operations import check_can_name, name_member, note_members, remove_member
from meetings.pages import sitting_row
from meetings.permissions import LIVE, can, check_can_run_item
from meetings.views.common import form_page, get_item, log_item, posted, secrecy


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_members(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """The list with its answers; somebody more by name (`step`: add, remove:<key>, else the
    list)."""
    by, item = request.membership, get_item(request, item_id)
    check_can_name(by, item)
    step = request.POST.get("step", "")
    people = _people(by, item)
    adding = NameMemberForm(request.POST if step == "add" else None, persons=_choices(people))
    members = _noted(by, item)
    noting = NotedForm(
        posted(request) if step == "" else None,
        members=members,
        may_answer=item.sitting.state in LIVE,
        may_tell=_asks(by, item),
    )
    if request.method == "POST" and _done(request, item, step, adding, noting, people):
        return redirect("item_members", item.pk)
    log_item(request, item, Action.OPEN, "item_members")
    form = adding if step == "add" else noting
    return form_page(request, "meetings/item_members.html", _page(by, item, adding, noting), form)


def _asks(by: Membership, item: AgendaItem) -> bool:
    """Whether `by` is the office, and the item's members are asked: what one tells it by telephone
    is entered then."""
    noticed = (item.state, item.sitting.state) == (ItemState.NOTICED, SittingState.NOTICED)
    return noticed and can(check_can_run_item, by, item)


def _noted(by: Membership, item: AgendaItem) -> list[Member]:
    """Whom `by` may note: the office everybody, who proposed the item the people by name."""
    members = members_of(by, [item])[item.pk]
    if can(check_can_run_item, by, item):
        return members
    return [member for member in members if member.is_by_name]


def _people(by: Membership, item: AgendaItem) -> dict[str, Person]:
    """Of the item's persons, who may be there themself."""
    if item.is_secret or item.conference_type.may_person_attend is False:
        return {}
    seen = Person.objects.visible_to(by).filter(pk__in=item.person_ids, is_deceased=False)
    return {str(person.pk): person for person in seen.filter(died_on=None).in_order()}


def _choices(people: dict[str, Person]) -> list[tuple[str, str]]:
    return [(key, person.shown_name) for key, person in people.items()]


def _done(
    request: MemberRequest,
    item: AgendaItem,
    step: str,
    adding: NameMemberForm,
    noting: NotedForm,
    people: dict[str, Person],
) -> bool:
    by, form = request.membership, adding if step == "add" else noting
    try:
        if step.startswith("remove:"):
            _remove(by, item, step.removeprefix("remove:"))
            messages.success(request, _("出席する人から外しました。"))
        elif not form.is_valid():
            return False
        elif step == "add":
            data = adding.cleaned_data
            person = people.get(data.pop("person", ""))
            name_member(item=item, by=by, person=person, **data)
            messages.success(request, _("出席する人に加えました。"))
        else:
            note_members(item=item, by=by, rows=noting.rows())
            messages.success(request, _("返事と利害関係を保存しました。"))
    except ActionDenied as error:
        if step.startswith("remove:"):
            messages.error(request, str(error))
            return True
        form.add_error(None, str(error))
        return False
    return True


def _remove(by: Membership, item: AgendaItem, key: str) -> None:
    named = ItemAttendance.objects.visible_to(by).filter(item=item, agency=None)
    known = {str(row.pk): row for row in named}
    if key not in known:
        raise ActionDenied(_("この人は、もう出席する人に載っていません。"))
    remove_member(item=item, by=by, member=known[key])


def _page(
    by: Membership, item: AgendaItem, adding: NameMemberForm, noting: NotedForm
) -> dict[str, Any]:
    members = members_of(by, [item])[item.pk]
    known = {member.key for member in noting.members}
    return {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "adding": adding,
        "noting": noting,
        "can_add": not item.is_secret,
        "tally": tally(members),
        "may_tell": _asks(by, item),
        "rows": [
            {
                "member": member,
                "answer": noting.field("answer", member),
                "conflict": noting.field("conflict", member) if member.key in known else None,
                "remove": member.key.removeprefix("n:") if member.key.startswith("n:") else "",
            }
            for member in members
        ],
    }
