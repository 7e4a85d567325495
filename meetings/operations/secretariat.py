"""The secretariat list of a body: named by the host's head, pledged, each fiscal year (V6)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import ConferenceType, Membership, SecretariatMember
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib import fiscal
from meetings.permissions import check_can_name_secretary


def _trace(by: Membership, what: str) -> None:
    log_access(by, Action.WRITE, what=what, purpose=Purpose.ADMINISTRATION, basis="106-6")


@transaction.atomic
def name_secretary(
    *,
    conference_type: ConferenceType,
    member: Membership,
    by: Membership,
    fiscal_year: int | None = None,
) -> SecretariatMember:
    """Put a person on the list of this or the coming 年度. Nothing opens before the pledge."""
    check_can_name_secretary(by, conference_type)
    this_year = fiscal.fiscal_year(timezone.localdate())
    year = fiscal_year or this_year
    if year not in (this_year, this_year + 1):
        raise ActionDenied(_("事務局名簿は、今年度か来年度の分を作ります。"))
    if not conference_type.is_secret:
        raise ActionDenied(_("事務局名簿は、守秘の会議（106条の6）にだけあります。"))
    known = Membership.objects.active().with_names().filter(pk=member.pk).first()
    if (
        known is None
        or known.agency is None
        or known.agency_id
        not in (
            conference_type.secretariat_id,
            conference_type.host_id,
        )
    ):
        raise ActionDenied(_("名簿に載せられるのは、事務局の機関にいま所属のある人です。"))
    if not known.may(Permission.READ_CASES):
        raise ActionDenied(
            _("「%(role)s」の役割の人は名簿に載せられません。") % {"role": known.role_name}
        )
    # Who was taken off and comes back has a second line: the list keeps its history.
    entry, is_new = SecretariatMember.objects.get_or_create(
        conference_type=conference_type,
        membership=known,
        fiscal_year=year,
        ended_at=None,
        defaults={"named_by": by},
    )
    if not is_new:
        raise ActionDenied(_("この人は、すでに名簿に載っています。"))
    notify(
        agency=known.agency,
        membership=known,
        kind="secretary_named",
        key=f"{entry.pk}:{entry.named_at.isoformat()}",
        title=_("支援会議の事務局名簿に載りました。誓約してください"),
        url="/meetings/secretariat/",
    )
    _trace(by, "name_secretary")
    return entry


def check_own_entry(by: Membership, entry: SecretariatMember) -> None:
    if entry.membership_id != by.pk:
        raise ActionDenied(_("誓約できるのは、名簿に載った本人だけです。"))


@transaction.atomic
def pledge_as_secretary(*, entry: SecretariatMember, by: Membership) -> None:
    """誓約 of a secretary, for themselves, for the year."""
    locked = SecretariatMember.objects.select_for_update().get(pk=entry.pk)
    check_own_entry(by, locked)
    if locked.ended_at is not None or locked.pledged_at is not None:
        raise ActionDenied(_("この名簿では、もう誓約できません。"))
    locked.pledged_at = timezone.now()
    locked.save(update_fields=["pledged_at"])
    _trace(by, "pledge_as_secretary")


@transaction.atomic
def end_secretary(*, entry: SecretariatMember, by: Membership) -> None:
    """Taken off the list: sees no sealed item from the next request on; the row stays."""
    locked = SecretariatMember.objects.select_for_update().get(pk=entry.pk)
    check_can_name_secretary(by, locked.conference_type)
    if locked.ended_at is not None:
        raise ActionDenied(_("この人は、すでに名簿から外れています。"))
    locked.ended_at = timezone.now()
    locked.save(update_fields=["ended_at"])
    _trace(by, "end_secretary")
