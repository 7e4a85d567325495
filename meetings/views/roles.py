"""役割分担 in the sitting: the table, and one line of it to write on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from meetings.forms import RoleForm
from meetings.forms.roles import initial_of_line
from meetings.models import AgendaItem
from meetings.operations import amend_role, amended_plan
from meetings.pages import agency_choices, role_table, sitting_row
from meetings.permissions import can, check_can_decide
from meetings.views.common import get_item, log_item, posted, secrecy
from plans.models import Plan, SupportItem
from plans.operations import agencies_without_access


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_roles(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """One line: ?line= the one to change, none: a new one. By htmx the table alone comes back."""
    by, item = request.membership, get_item(request, item_id)
    check_can_decide(by, item)
    plan = amended_plan(item, by)
    if plan is None:
        raise ActionDenied(_("この議題では、役割分担を直せません。"))
    form = _form(request, by, plan)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        taken = "remove" in request.POST and data["line"]
        try:
            amend_role(
                item=item,
                by=by,
                facts=None if taken else form.facts(),
                key=data["form_key"],
                line=data["line"],
                seen=data["seen"],
            )
            if not _in_place(request):
                return redirect(f"{reverse('item_run', args=[item.pk])}#roles")
            form = None
        except StaleVersion:
            form.add_error(None, _stale(by, plan, data["line"]))
        except ActionDenied as refused:
            form.add_error(None, str(refused))
    return _shown(request, by, item, plan, form)


def _form(request: MemberRequest, by: Membership, plan: Plan) -> Any:
    goals = list(plan.goals.order_by("order"))
    initial: dict[str, Any] = {}
    if "line" in request.GET:
        try:
            key = UUID(request.GET["line"])
        except ValueError as error:
            raise Http404 from error
        lines = SupportItem.objects.visible_to(by).filter(plan=plan)
        initial = initial_of_line(get_object_or_404(lines, pk=key), goals)
    return RoleForm(
        posted(request),
        agencies=agency_choices(by),
        goals=goals,
        initial=initial,
        auto_id="role_%s",  # beside other forms on one page
    )


def _stale(by: Membership, plan: Plan, line: UUID) -> str:
    """What the line says now, so that nobody writes over it unseen."""
    now = SupportItem.objects.visible_to(by).filter(plan=plan, pk=line).select_related("agency")
    found = now.first()
    if found is None:
        return _(
            "この役割は、ほかの人が直したか消しました。下の表を見て、直す行を選び直してください。"
        )
    return _("この役割は、ほかの人が先に直しました（いまは「%(words)s」）。") % {
        "words": f"{found.content}　{found.agency.name}"
    }


def _in_place(request: MemberRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _shown(
    request: MemberRequest, by: Membership, item: AgendaItem, plan: Plan, form: RoleForm | None
) -> HttpResponse:
    context = {**roles_panel(by, item, plan), "role_form": form}
    status = 422 if form is not None and form.is_bound and form.errors else 200
    log_item(request, item, Action.OPEN, "item_roles")
    if _in_place(request):
        return render(request, "meetings/roles.html", context, status=status)
    page = {**context, **secrecy(item), "row": sitting_row(item.sitting)}
    return render(request, "meetings/item_roles.html", page, status=status)


def roles_panel(by: Membership, item: AgendaItem, plan: Plan | None) -> dict[str, Any]:
    """The table, whether it can be changed here, and who of it may not read the plan."""
    amended = plan is not None and can(check_can_decide, by, item)
    amended = amended and amended_plan(item, by) is not None
    return {
        "item": item,
        "roles": role_table(by, plan) if plan else [],
        "may_amend": amended,
        "closed": agencies_without_access(plan, by) if plan and not item.is_secret else [],
        "role_form": None,
    }
