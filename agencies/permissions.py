"""Who may do what: a refusal is an exception with a reason a person understands (V15: 403)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership


class ActionDenied(PermissionDenied):
    """Visible but not allowed; `str(error)` is the Japanese reason shown on the page."""


def check_may(by: Membership, permission: Permission) -> None:
    """Raise ActionDenied unless the role has the permission."""
    if not by.may(permission):
        raise ActionDenied(
            _("「%(role)s」の役割では「%(permission)s」ことはできません。")
            % {"role": by.role_name, "permission": permission.label}
        )
