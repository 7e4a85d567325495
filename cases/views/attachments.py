"""Hand out an attachment: logged before a byte leaves, and never as something that runs."""

from __future__ import annotations

import uuid
from typing import Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.explain import explain_record
from cases.models import Attachment, AttachmentContent

# A browser may show pictures itself. A PDF it would show only outside of the sandbox.
SHOWN: Final = ("image/png", "image/jpeg", "image/gif")


@member(Permission.READ_CASES)
@require_GET
def attachment_download(request: MemberRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """One file of a record that one may read."""
    files = Attachment.objects.visible_to(request.membership).select_related("record")
    found = get_object_or_404(files, pk=attachment_id)
    contents = AttachmentContent.objects.visible_to(request.membership)
    content = get_object_or_404(contents, pk=found.pk)
    log_access(
        request.membership,
        Action.OPEN,
        what=f"attachment_download {found.pk}",
        basis=explain_record(request.membership, found.record).basis,
        case_id=found.record.case_id,
        record_ids=[found.record_id],
    )
    response = HttpResponse(bytes(content.data), content_type=found.media_type)
    is_kept = found.media_type not in SHOWN
    response["Content-Disposition"] = content_disposition_header(is_kept, found.name) or ""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
