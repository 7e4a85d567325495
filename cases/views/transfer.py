"""移管: propose it, see what is handed on and what stays, send; accept, return or take it back."""

from __future__ import annotations

import uuid
from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import agencies_of
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.handling import ReturnTransferForm, TransferForm
from cases.models import Person, Record, Transfer
from cases.operations import accept_transfer, cancel_transfer, return_transfer, transfer_case
from cases.operations.closing import open_ends
from cases.operations.transfer import missing_words, not_covered
from cases.permissions import can, check_can_answer_transfer, check_can_transfer
from cases.reach import open_after_transfer, records_in_view
from cases.views.subject import Subject, form_page, log_declared, subject
from config.lib.eras import format_datetime

STATES = enums.TransferState
TONES = {STATES.SENT: "info", STATES.ACCEPTED: "ok", STATES.RETURNED: "warn", STATES.CANCELLED: ""}


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def transfer_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Choose (`check`), see what goes and what stays, send (`send`) or go back (`edit`)."""
    on = subject(request, case_id, "transfer_new")
    check_can_transfer(request.membership, on.case)
    others = agencies_of(on.case.municipality_id)
    others = others.exclude(pk=request.membership.agency_id)
    form = TransferForm(request.POST or None, agencies=list(others))
    step = request.POST.get("step", "")
    if request.method == "POST" and form.is_valid() and step in ("check", "send"):
        missing = not_covered(case=on.case, agency=form.agency(), by=request.membership)
        if missing:
            form.add_error("to_agency", missing_words(missing, form.agency()))
        elif step == "check":
            return _preview(request, on, form)
        else:
            return _send(request, on, form)
    return form_page(request, "cases/transfer_new.html", on, form, persons=_asked(on))


def _asked(on: Subject) -> list[Person]:
    return [p for p in on.people if p.is_living]


def _send(request: MemberRequest, on: Subject, form: TransferForm) -> HttpResponse:
    try:
        transfer = transfer_case(
            case=on.case,
            by=request.membership,
            to_agency=form.agency(),
            reason=form.cleaned_data["reason"],
            form_key=form.cleaned_data["form_key"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return form_page(request, "cases/transfer_new.html", on, form, persons=_asked(on))
    log_declared(request, form, on.case.pk)
    messages.success(request, _("移管を依頼しました。返事が来るまで、主担当はあなたの機関です。"))
    return redirect("transfer_detail", transfer_id=transfer.pk)


def _preview(request: MemberRequest, on: Subject, form: TransferForm) -> HttpResponse:
    agency = form.agency()
    reach = open_after_transfer(on.case, agency.pk)
    others = [
        r for r in records_in_view(request.membership, on.case) if r.author_agency_id != agency.pk
    ]
    handed = [r for r in others if reach.opens(r)]
    stays = [r for r in others if not reach.opens(r)]
    only_ours = sum(1 for r in stays if r.audience == enums.Audience.AGENCY)
    context = {
        "case": on.case,
        "title": on.title,
        "form": form,
        "agency": agency.name,
        "rows": _by_person(on, handed),
        "handed": len(handed),
        "staying": [end for end in open_ends(request.membership, on.case) if end.stays],
        "consequences": [
            {
                "figure": len(handed),
                "unit": _("件"),
                "text": _("%(agency)sが読めるようになる、または読み続ける記録")
                % {"agency": agency.name},
            },
            {
                "figure": len(stays) - only_ours,
                "unit": _("件"),
                "text": _("同意が及ばないため、渡らない記録"),
            },
            {"figure": only_ours, "unit": _("件"), "text": _("「この機関だけ」なので渡らない記録")},
            {"text": _("相手が受け入れるまで、主担当は変わりません。")},
            {
                "text": _(
                    "受け入れのあと、あなたの機関は自分で書いた記録を読めます。"
                    "同意にあなたの機関の名があれば、支援チームにも残ります。"
                )
            },
        ],
    }
    return render(request, "cases/transfer_confirm.html", context)


def _by_person(on: Subject, records: list[Record]) -> list[dict[str, str]]:
    """How many records go, by person (or 世帯全体) and category."""
    names = {str(key): p.shown_name for key, p in on.persons.items()}
    counts: dict[str, Counter[str]] = {}
    for record in records:
        keys = ["household"] if record.is_household else [str(k) for k in record.person_ids]
        for key in keys:
            label = str(enums.Category(record.category).label)
            counts.setdefault(names.get(key, _("世帯全体")), Counter())[label] += 1
    return [
        {
            "whom": whom,
            "what": "・".join(
                _("%(label)s %(n)s件") % {"label": k, "n": n} for k, n in found.items()
            ),
        }
        for whom, found in counts.items()
    ]


@member(Permission.READ_CASES)
@require_GET
def transfer_detail(request: MemberRequest, transfer_id: uuid.UUID) -> HttpResponse:
    """The proposal, for both agencies; the answer, for the one asked."""
    return _detail(request, _get(request, transfer_id), ReturnTransferForm())


@member(Permission.WRITE_RECORDS)
@require_POST
def transfer_accept(request: MemberRequest, transfer_id: uuid.UUID) -> HttpResponse:
    """The case becomes this agency's."""
    transfer = _get(request, transfer_id)
    accept_transfer(transfer=transfer, by=request.membership)
    messages.success(request, _("移管を受け入れました。いまから、あなたの機関が主担当です。"))
    return redirect("case_detail", case_id=transfer.case_id)


@member(Permission.WRITE_RECORDS)
@require_POST
def transfer_return(request: MemberRequest, transfer_id: uuid.UUID) -> HttpResponse:
    """Not taken over, with the reason."""
    transfer = _get(request, transfer_id)
    form = ReturnTransferForm(request.POST)
    if not form.is_valid():
        return _detail(request, transfer, form, status=422)
    reason = form.cleaned_data["reason"]
    return_transfer(transfer=transfer, by=request.membership, reason=reason)
    messages.success(request, _("移管の依頼を返却しました。"))
    return redirect("home")


@member(Permission.WRITE_RECORDS)
@require_POST
def transfer_cancel(request: MemberRequest, transfer_id: uuid.UUID) -> HttpResponse:
    """Taken back by who sent it."""
    transfer = _get(request, transfer_id)
    cancel_transfer(transfer=transfer, by=request.membership)
    messages.success(request, _("移管の依頼を取りやめました。"))
    return redirect("case_detail", case_id=transfer.case_id)


def _get(request: MemberRequest, transfer_id: uuid.UUID) -> Transfer:
    found = Transfer.objects.visible_to(request.membership).select_related(
        "from_agency", "to_agency", "sent_by__user"
    )
    return get_object_or_404(found, pk=transfer_id)


def _detail(
    request: MemberRequest, transfer: Transfer, form: ReturnTransferForm, status: int = 200
) -> HttpResponse:
    membership = request.membership
    log_access(
        membership,
        Action.OPEN,
        what="transfer_detail",
        basis="consent",
        case_id=transfer.case_id,
        record_ids=[transfer.pk],
    )
    is_sender = transfer.from_agency_id == membership.agency_id
    mine = can(lambda: check_can_answer_transfer(membership, transfer, is_sender=is_sender))
    context = {
        "transfer": transfer,
        "form": form,
        "is_sender": is_sender,
        "may_answer": mine and not is_sender,
        "may_cancel": mine and is_sender,
        "shows_case": is_sender or transfer.state == STATES.ACCEPTED,
        "tone": TONES[STATES(transfer.state)],
        "facts": [
            {"term": _("移管元"), "value": transfer.from_agency.name},
            {"term": _("移管先"), "value": transfer.to_agency.name},
            {"term": _("依頼した日時"), "value": format_datetime(transfer.sent_at)},
            {"term": _("依頼した人"), "value": str(transfer.sent_by.user or "")},
            {"term": _("人数"), "value": _("%(n)s人") % {"n": len(transfer.person_ids)}},
            {"term": _("理由・引きつぐこと"), "value": transfer.reason},
            *([{"term": _("返却の理由"), "value": transfer.answer_reason}]
              if transfer.answer_reason else []),
        ],
    }  # fmt: skip
    return render(request, "cases/transfer_detail.html", context, status=status)
