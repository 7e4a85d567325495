"""Choices of the plans room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.wording import city_words


class PlanProgramme(models.TextChoices):
    """The three programmes that have a plan of their own; order between them is free."""

    COORDINATION = "coordination", _("多機関協働")
    OUTREACH = "outreach", _("アウトリーチ")
    PARTICIPATION = "participation", _("参加支援")


class PlanStatus(models.TextChoices):
    DRAFT = "draft", _("案")
    SUBMITTED = "submitted", _("会議に付議")
    RETURNED = "returned", _("差戻し")
    AGREED = "agreed", _("会議で適切（決定待ち）")
    IN_FORCE = "in_force", _("実施中")
    CLOSED = "closed", _("終結")
    REPLANNED = "replanned", _("再プラン")
    INTERRUPTED = "interrupted", _("中断")


EDITABLE = (PlanStatus.DRAFT, PlanStatus.RETURNED)
ENDED = (PlanStatus.CLOSED, PlanStatus.REPLANNED, PlanStatus.INTERRUPTED)


class ItemStatus(models.TextChoices):
    """A line of the role table, as a task of its agency once the plan is in force."""

    OPEN = "open", _("これから")
    DONE = "done", _("済み")
    DROPPED = "dropped", _("取りやめ")


class Outcome(models.TextChoices):
    """評価の判定."""

    CLOSE = "close", _("終結")
    REPLAN = "replan", _("再プラン")
    INTERRUPT = "interrupt", _("中断")
    CONTINUE = "continue", _("継続")


class Attainment(models.TextChoices):
    ACHIEVED = "achieved", _("達成")
    PARTLY = "partly", _("一部達成")
    NOT_YET = "not_yet", _("未達成")


class ObservedChange(models.TextChoices):
    """見られた変化: the vocabulary of the national survey sheet, with its known additions."""

    HOUSING = "housing", _("住まいの確保・安定")
    HEALTH = "health", _("健康状態の改善")
    RELATIONS = "relations", _("対人関係・家族関係の改善")
    BUDGET = "budget", _("家計の改善（債務の整理等）")
    MOTIVATION = "motivation", _("自立意欲の向上・改善")
    GOAL = "goal", _("目標ができた")
    ASSISTANCE = "assistance", _("生活保護適用")
    HABITS = "habits", _("生活習慣の改善（食事・睡眠・整容等）")
    SOS = "sos", _("SOSを出せるようになった")
    CERTIFICATE = "certificate", city_words(_("障害手帳取得"))
    SELF_ACCEPTANCE = "self_acceptance", _("自分のことを肯定的に受け止められるようになった")
    SAFETY = "safety", _("安心感が高まった（精神の安定等）")
    EARNINGS = "earnings", _("就労収入が増加")
    OTHER_INCOME = "other_income", _("その他収入が増加")
    PARTICIPATION = "participation", _("孤立の解消（社会参加機会の増加）")
    TREATMENT = "treatment", _("医療機関受診開始")
    WORK = "work", _("就労開始（一般・中間的）")
    RETENTION = "retention", _("職場定着")
    SCHOOL = "school", _("進学・復学")
    SERVICES = "services", city_words(_("介護・障害サービス利用開始"))
    OTHER = "other", _("その他")
