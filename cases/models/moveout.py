"""転出の引継ぎ: a paper for another municipality when the household moves there.

The other municipality is no user of this system: what leaves is a paper. It is written once and
never changed, so what was shown to the persons, what they agreed to and what left are the same.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from cases import enums
from cases.gate import NOTHING, in_record, reads_cases
from config.lib.condition import Rule
from config.lib.ids import new_id

from .case import Case, Person
from .records import Content

# Where somebody moves to is what a shield hides, whatever its list has said of the record (V9).
HIDDEN = Rule("{persons} && (SELECT kasane.shielded_against_me())::uuid[]")


class MoveOutQuerySet(models.QuerySet["MoveOut"]):
    """Doors to papers for other municipalities."""

    def visible_to(self, membership: Membership) -> MoveOutQuerySet:
        """My own agency's, unless a shield hides from me where somebody it tells of is."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(
            in_record(membership),
            ~HIDDEN.asked({"persons": "person_ids"}, "record__"),
            record__author_agency_id=membership.agency_id,
        )

    def for_case(self, case: Case) -> MoveOutQuerySet:
        return self.filter(record__case=case)

    def running(self) -> MoveOutQuerySet:
        """Being prepared, or gone and not answered."""
        return self.filter(state__in=[enums.MoveOutState.PREPARED, enums.MoveOutState.SENT])


class MoveOut(Content):
    """The paper, and what became of it. `record.person_ids`: whom it tells of.

    `paper`: what leaves, as it is printed (`cases.moveouts.Paper`). `digest`: SHA-256 of it, made
    by the database when it goes; it stands on the paper and in the sealed log. Who `answered` is
    who recorded what the other side, or nobody any more, said.
    """

    to_municipality = models.CharField(_("転出先の市区町村"), max_length=60)
    to_office = models.CharField(_("受け取る部署・窓口"), max_length=100)
    to_phone = models.CharField(_("受け取る部署の電話番号"), max_length=60)
    moves_on = models.DateField(_("転出する日"), null=True, blank=True)
    paper = models.JSONField()
    # The records quoted: for the log of who read what.
    quoted_ids = ArrayField(models.UUIDField(), default=list)
    state = models.CharField(
        max_length=10,
        choices=enums.MoveOutState.choices,
        default=enums.MoveOutState.PREPARED,
    )
    sent_on = models.DateField(_("出した日"), null=True, blank=True)
    sent_how = models.CharField(
        _("出し方"), max_length=10, choices=enums.SentBy.choices, blank=True
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    digest = models.CharField(max_length=64, blank=True)
    answered_on = models.DateField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    received_by = models.CharField(_("受け取った人"), max_length=100, blank=True)
    answer_reason = models.CharField(_("理由"), max_length=400, blank=True)

    objects = MoveOutQuerySet.as_manager()  # type: ignore[assignment,misc]  # its own door

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="move_out_sent_whole",
                condition=Q(
                    state__in=["prepared", "cancelled"],
                    sent_on__isnull=True,
                    sent_how="",
                    sent_at__isnull=True,
                    sent_by__isnull=True,
                    digest="",
                )
                | (
                    Q(
                        state__in=["sent", "received", "returned"],
                        sent_on__isnull=False,
                        sent_at__isnull=False,
                        sent_by__isnull=False,
                    )
                    & ~Q(sent_how="")
                    & ~Q(digest="")
                ),
            ),
            models.CheckConstraint(
                name="move_out_answered_whole",
                condition=Q(
                    state__in=["prepared", "sent"],
                    answered_on__isnull=True,
                    answered_at__isnull=True,
                    answered_by__isnull=True,
                    received_by="",
                    answer_reason="",
                )
                | (
                    Q(
                        state__in=["received", "returned", "cancelled"],
                        answered_on__isnull=False,
                        answered_at__isnull=False,
                        answered_by__isnull=False,
                    )
                    & (~Q(state="received") | ~Q(received_by=""))
                    & (Q(state="received") | (~Q(answer_reason="") & Q(received_by="")))
                ),
            ),
        ]

    @property
    def address(self) -> str:
        """To whom, in one line."""
        return f"{self.to_municipality}　{self.to_office}"


class MoveOutAnswerQuerySet(models.QuerySet["MoveOutAnswer"]):
    """Doors to what persons said to a paper."""

    def visible_to(self, membership: Membership) -> MoveOutAnswerQuerySet:
        """Where the paper is seen."""
        papers = MoveOut.objects.visible_to(membership).filter(pk=OuterRef("move_out_id"))
        return self.filter(Exists(papers))


class MoveOutAnswer(models.Model):
    """What a person said to exactly this paper, to exactly this addressee. Added, never changed:
    the last answer holds. It opens nothing to anybody in this system."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    move_out = models.ForeignKey(MoveOut, on_delete=models.PROTECT, related_name="answers")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=enums.MoveOutAnswerKind.choices)
    method = models.CharField(max_length=10, choices=enums.ConsentMethod.choices)
    proxy_name = models.CharField(max_length=300, blank=True)
    proxy_power = models.CharField(_("代理権の根拠"), max_length=100, blank=True)
    given_on = models.DateField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # The database's clock, while it holds the paper: the last is the last (migration 0041).
    recorded_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField()

    objects = MoveOutAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["move_out", "person", "form_key"], name="move_out_answer_once"
            ),
            models.CheckConstraint(
                name="move_out_proxy_whole",
                condition=(Q(method="proxy") & ~Q(proxy_name="") & ~Q(proxy_power=""))
                | (~Q(method="proxy") & Q(proxy_name="", proxy_power="")),
            ),
        ]
        indexes = [
            models.Index(fields=["move_out", "person", "-recorded_at"], name="move_out_answered")
        ]
