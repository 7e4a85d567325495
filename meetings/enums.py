"""Choices of the meetings room; decisions belong to the agenda type."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import AgendaType


class OnDayOff(models.TextChoices):
    """What a series does when its day is a day off (config.lib.rhythm)."""

    NEXT = "next", _("次の開庁日に開く")
    PREVIOUS = "previous", _("前の開庁日に開く")
    SKIP = "skip", _("開かない")


class SittingState(models.TextChoices):
    UNDATED = "undated", _("日程未定")
    PLANNED = "planned", _("予定")
    NOTICED = "noticed", _("開催通知済み")
    OPEN = "open", _("進行中")
    CLOSED = "closed", _("終了")
    CANCELLED = "cancelled", _("中止")


class ItemState(models.TextChoices):
    PROPOSED = "proposed", _("付議の準備")
    NOTICED = "noticed", _("通知済み")
    DECIDED = "decided", _("決定")
    BLOCKED = "blocked", _("同意が足りず保留")
    WITHDRAWN = "withdrawn", _("取り下げ")


class ItemBasis(models.TextChoices):
    """Which of V5 and V6 gates an item; fixed when it is put on the agenda."""

    CONSENT = "consent", _("本人同意（重層的支援会議）")
    SECRECY = "secrecy", _("守秘（社会福祉法106条の6）")


class Decision(models.TextChoices):
    """Everything a sitting can decide on an item."""

    ADEQUATE = "adequate", _("適切")
    ADEQUATE_AMENDED = "adequate_amended", _("修正して適切")
    RETURNED = "returned", _("差戻し")
    CONTINUED = "continued", _("継続審議")
    CLOSE = "close", _("終結")
    REPLAN = "replan", _("再プラン")
    INTERRUPT = "interrupt", _("中断")
    KEEP = "keep", _("継続")
    SHARED = "shared", _("情報共有")
    WATCH = "watch", _("見守り（次回）")
    ROLES = "roles", _("役割（持ち出し）")
    EMERGENCY = "emergency", _("緊急対応")
    TO_CONSENT = "to_consent", _("同意を得て重層へ")
    DISCUSSED = "discussed", _("協議した")
    TO_COMMUNITY = "to_community", _("地域課題として扱う")


_PLAN = [Decision.ADEQUATE, Decision.ADEQUATE_AMENDED, Decision.RETURNED, Decision.CONTINUED]
_CLOSING = [Decision.CLOSE, Decision.REPLAN, Decision.INTERRUPT, Decision.KEEP]
_SECRECY = [
    Decision.SHARED,
    Decision.WATCH,
    Decision.ROLES,
    Decision.EMERGENCY,
    Decision.TO_CONSENT,
]
DECISIONS: dict[str, list[Decision]] = {
    AgendaType.PLAN_ADEQUACY: _PLAN,
    AgendaType.CLOSURE_EVALUATION: _CLOSING,
    AgendaType.SOCIAL_RESOURCES: [Decision.DISCUSSED, Decision.TO_COMMUNITY],
    AgendaType.INFORMATION_SHARING: _SECRECY,
    AgendaType.WATCHING: _SECRECY,
    AgendaType.URGENT: _SECRECY,
}


class Attendance(models.TextChoices):
    PRESENT = "present", _("出席")
    ABSENT = "absent", _("欠席")
    PARTIAL = "partial", _("この議題のみ")


class Answer(models.TextChoices):
    """Whether somebody who was asked comes. Empty: not answered yet."""

    ATTEND = "attend", _("出席する")
    ONLINE = "online", _("オンラインで出席する")
    PARTIAL = "partial", _("この議題のみ出席する")
    ABSENT = "absent", _("欠席する")


class MemberKind(models.TextChoices):
    """Who takes part in an item with consent besides its agencies."""

    PERSON = "person", _("本人")
    FAMILY = "family", _("家族")
    BY_CASE = "by_case", _("案件による構成員")
    INVITED = "invited", _("招いた人")


class Paper(models.TextChoices):
    """The papers of a sealed item that are printed under a number."""

    MATERIALS = "materials", _("資料")
    MINUTES = "minutes", _("議事録（全文）")
    SHORT = "short", _("議事録（決定事項）")


class RequestOutcome(models.TextChoices):
    """What came of a letter under 106条の6第3項."""

    RECEIVED = "received", _("回答あり")
    REFUSED = "refused", _("応じられない")
