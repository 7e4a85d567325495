"""支援プラン: draft, decision, role table, monitoring, evaluation, closure.

A plan is a record of category プラン about the persons it names; its goals and role table stand
under the same envelope. A plan does not know that meetings exist: whoever decides calls
`plans.operations`.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agencies.models import Agency, DecisionStep, Membership
from cases.gate import in_record
from cases.models.records import Content, ContentQuerySet
from config.lib.ids import new_id
from plans import enums


class PlanQuerySet(ContentQuerySet):
    """Doors to plans."""

    def in_force(self) -> PlanQuerySet:
        return self.filter(status=enums.PlanStatus.IN_FORCE)

    def current(self) -> PlanQuerySet:
        return self.exclude(status__in=enums.ENDED)


class Plan(Content):
    """プラン of one programme; 初回 has sequence 1, 再プラン the next numbers."""

    programme = models.CharField(max_length=20, choices=enums.PlanProgramme.choices)
    sequence = models.PositiveSmallIntegerField(default=1)
    former = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="next_plans"
    )
    wishes = models.TextField(_("本人・世帯の意向"))
    problems = models.TextField(_("解決したい課題"), blank=True)
    aim = models.TextField(_("目指す姿"))
    links_outreach = models.BooleanField(_("アウトリーチへつなぐ"), default=False)
    links_participation = models.BooleanField(_("参加支援へつなぐ"), default=False)
    starts_on = models.DateField(_("プラン期間の始め"))
    ends_on = models.DateField(_("プラン期間の終わり"))
    review_on = models.DateField(_("次回モニタリング"))
    status = models.CharField(
        max_length=20, choices=enums.PlanStatus.choices, default=enums.PlanStatus.DRAFT
    )
    signed_on = models.DateField(_("本人署名日"), null=True, blank=True)
    signature_note = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_in = models.CharField(_("決定した会議・機関"), max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # 終結後の主担当: who stays when the programme ends.
    lead_agency_after = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    objects = PlanQuerySet.as_manager()  # type: ignore[misc]  # narrower than Content's

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plan_period_order", condition=Q(ends_on__gte=models.F("starts_on"))
            ),
            models.CheckConstraint(
                name="plan_decided_whole",
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_in_force_was_decided",
                condition=~Q(status__in=["in_force", *enums.ENDED])
                | Q(decided_at__isnull=False)
                | Q(status="interrupted"),
            ),
        ]
        indexes = [
            # Which plans in force are due for review, in the order they are shown.
            models.Index(fields=["status", "review_on", "record"], name="plan_review_due"),
            models.Index(fields=["review_on", "record"], name="plan_list_order"),
            # The scheduler asks: which periods end soon?
            models.Index(fields=["ends_on"], condition=Q(status="in_force"), name="plan_ending"),
        ]


class _PartQuerySet(models.QuerySet):
    """Doors to parts of a plan."""

    def visible_to(self, membership: Membership) -> _PartQuerySet:
        """Of a plan the membership may read: its key is its record's."""
        return self.filter(in_record(membership, "plan_id"))


class _Part(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="%(class)ss")
    order = models.PositiveSmallIntegerField(default=0)

    objects = _PartQuerySet.as_manager()

    class Meta:
        abstract = True


class Goal(_Part):
    """目標 with the time by which it should be reached."""

    text = models.CharField(max_length=400)
    target_on = models.DateField(_("達成時期"))
    attainment = models.CharField(max_length=10, choices=enums.Attainment.choices, blank=True)


class SupportItem(_Part):
    """役割分担表: what × which agency × who × until when; a task once the plan is in force."""

    goal = models.ForeignKey(
        Goal, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    content = models.CharField(_("支援内容"), max_length=400)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    worker = models.CharField(_("担当者"), max_length=100, blank=True)
    frequency = models.CharField(_("頻度"), max_length=100, blank=True)
    until = models.DateField(_("期限"))
    status = models.CharField(
        max_length=10, choices=enums.ItemStatus.choices, default=enums.ItemStatus.OPEN
    )
    done_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            # The home page asks: what has this agency still to do, by when?
            models.Index(
                fields=["agency", "status", "until", "id"], name="support_item_agency_due"
            ),
            # The scheduler asks: what is due or late, whosever it is?
            models.Index(
                fields=["until"], condition=Q(status="open"), name="support_item_open_until"
            ),
        ]


class PlanStep(_Part):
    """Each change of a plan's state: append-only; the state itself is a column of the plan."""

    order = None  # type: ignore[assignment]  # a field of the base that this part lacks
    name = models.CharField(max_length=20)
    from_status = models.CharField(max_length=20)
    to_status = models.CharField(max_length=20)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True)


class PlanApproval(DecisionStep):
    """A line of the 決裁 of a plan that an agency decides."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="approvals")

    objects = _PartQuerySet.as_manager()

    class Meta(DecisionStep.Meta):
        abstract = False
        constraints = [
            *DecisionStep.Meta.constraints,
            models.UniqueConstraint(
                fields=["plan"], condition=Q(is_final=True), name="plan_approved_once"
            ),
        ]


class Monitoring(Content):
    """モニタリング of a plan in force."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="monitorings")
    on = models.DateField()
    text = models.TextField()
    next_review_on = models.DateField(null=True, blank=True)


class Evaluation(Content):
    """評価シート: attainment per goal, 見られた変化, what is left, the verdict."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="evaluations")
    on = models.DateField()
    changes = ArrayField(
        models.CharField(max_length=30, choices=enums.ObservedChange.choices), default=list
    )
    remaining = models.TextField(_("残された課題"), blank=True)
    outcome = models.CharField(max_length=10, choices=enums.Outcome.choices)
    follow_up = models.TextField(_("終結後のフォロー"), blank=True)
