"""The signed paper of a consent, and the reminder a month before it ends (V3)."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.operations import notify
from agencies.trail import log_access
from cases import enums
from cases.models import CaseGrant, Consent, ConsentScan, ConsentScanContent
from cases.operations.attachments import NewFile
from cases.permissions import check_can_attach_scan

SOON = datetime.timedelta(days=30)
REMIND = "consent_reminder"


@transaction.atomic
def attach_scans(*, consent: Consent, by: Membership, files: Sequence[NewFile]) -> None:
    """Add scans of the signed paper. One that stands there already is not added again."""
    check_can_attach_scan(by, consent)
    for new in files:
        new.file.seek(0)
        data = new.file.read()
        row = ConsentScan(
            consent=consent,
            name=new.name,
            media_type=new.media_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            author=by,
        )
        ConsentScan.objects.bulk_create([row], ignore_conflicts=True)
        if ConsentScan.objects.filter(pk=row.pk).exists():
            ConsentScanContent(scan=row, data=data).save(force_insert=True)
    log_access(
        by,
        Action.WRITE,
        what="attach_scan",
        case_id=consent.case_id,
        record_ids=[consent.pk],
        basis="consent",
    )


def ending_consents() -> list[tuple[uuid.UUID, datetime.datetime]]:
    """Consents that end within a month and not yet, for the scheduler. One query."""
    now = timezone.now()
    ending = Consent.objects.in_force().filter(ends_at__gt=now, ends_at__lte=now + SOON)
    return list(ending.values_list("pk", "ends_at"))


def remind_of_end(consent_id: uuid.UUID) -> None:
    """Tell the agency that took it and the responsible one, once; nobody where it has ended or
    been renewed meanwhile. No name stands in a notice (V15). As the scheduler."""
    consent = Consent.objects.in_force().filter(pk=consent_id).first()
    if consent is None:
        return
    responsible = CaseGrant.objects.filter(
        content_object=consent.case_id,
        basis=enums.GrantBasis.RESPONSIBLE,
        revoked_at__isnull=True,
    ).values_list("group_id", flat=True)
    for agency in {consent.taken_by_agency_id, *responsible}:
        notify(
            agency=agency,
            kind=REMIND,
            key=str(consent.pk),
            title=_("同意の期限が1か月以内に来ます。続けるかを、本人に確かめてください"),
            url=f"/consents/{consent.pk}/",
        )
