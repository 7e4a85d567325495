"""The head of a paper about a case."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from agencies.guards import MemberRequest
from cases.enums import GrantBasis
from cases.explain import explain_case
from cases.views.subject import Subject
from config.lib.eras import format_long, today


def case_sheet(request: MemberRequest, on: Subject, name: str) -> dict[str, Any]:
    """What stands in head and foot: what it is, on which basis it is read, who issued it. Queries:
    those of the explanation."""
    basis = explain_case(request.membership, on.case.pk).basis
    return {
        "title": f"{name}　{on.title}　{on.case.number}",
        "basis": str(GrantBasis(basis).label) if basis else "",
        "handling": _("取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
