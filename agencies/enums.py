"""Choices of the agencies room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.wording import city_words


class Sector(models.TextChoices):
    """Field of work of an agency (包括的相談支援の4分野 and what stands around them)."""

    ELDERLY = "elderly", _("高齢")
    DISABILITY = "disability", city_words(_("障害"))
    CHILD = "child", _("子ども")
    LIVELIHOOD = "livelihood", _("生活困窮")
    HEALTH = "health", _("健康")
    HOUSING = "housing", _("住まい")
    COORDINATION = "coordination", _("多機関協働")
    OUTREACH = "outreach", _("アウトリーチ")
    PARTICIPATION = "participation", _("参加支援")
    COMMUNITY = "community", _("地域づくり")
    CITY = "city", _("市")
    OTHER = "other", _("その他")


CONSULTATION_SECTORS = (Sector.ELDERLY, Sector.DISABILITY, Sector.CHILD, Sector.LIVELIHOOD)


class OperationForm(models.TextChoices):
    """運営形態, as the cities print it."""

    DIRECT = "direct", _("直営")
    OUTSOURCED = "outsourced", _("委託")
    DESIGNATED = "designated", _("指定管理")
    SUBSIDISED = "subsidised", _("補助")
    GROUP_SUBSIDISED = "group_subsidised", _("団体補助")
    JOINT = "joint", _("共同実施")
    RESIDENT_LED = "resident_led", _("住民の自主的活動")


class ProgrammeKind(models.TextChoices):
    """The programmes of 社会福祉法106条の4第2項."""

    COMPREHENSIVE_CONSULTATION = "comprehensive_consultation", _("包括的相談支援事業")
    PARTICIPATION_SUPPORT = "participation_support", _("参加支援事業")
    COMMUNITY_BUILDING = "community_building", _("地域づくり事業")
    OUTREACH_SUPPORT = "outreach_support", _("アウトリーチ等を通じた継続的支援事業")
    MULTI_AGENCY_COORDINATION = "multi_agency_coordination", _("多機関協働事業")
    SUPPORT_PLANNING = "support_planning", _("支援プランの作成")
    RELATED = "related", _("関連事業")


class ProgrammeStatus(models.TextChoices):
    EXISTING = "existing", _("既存")
    NEW = "new", _("新規")
    CONTINUED = "continued", _("継続")
    EXPANDED = "expanded", _("拡充")


class ConsentRule(models.TextChoices):
    """What a conference type needs (V7): empty in a profile means required."""

    REQUIRED = "required", _("本人同意が必要")
    BEST_EFFORT = "best_effort", _("同意を得るよう努める")
    NOT_REQUIRED = "not_required", _("同意は不要（守秘義務）")


class RhythmKind(models.TextChoices):
    MONTHLY = "monthly", _("毎月")
    MONTHLY_NTH_WEEKDAY = "monthly_nth_weekday", _("毎月 第n曜日")
    EVERY_N_MONTHS = "every_n_months", _("数か月に1回")
    PER_CASE = "per_case", _("事案ごと")
    AD_HOC = "ad_hoc", _("随時")
    UNSET = "", _("定めなし")


class AgendaType(models.TextChoices):
    """議題の種別: ①–③ of either body; decisions belong to the type (DECISIONS in meetings)."""

    PLAN_ADEQUACY = "plan_adequacy", _("プランの適切性の協議")
    CLOSURE_EVALUATION = "closure_evaluation", _("プラン終結時等の評価")
    SOCIAL_RESOURCES = "social_resources", _("社会資源の充足状況の把握と開発")
    INFORMATION_SHARING = "information_sharing", _("気になる事例の情報提供・情報共有")
    WATCHING = "watching", _("見守りと支援方針の理解")
    URGENT = "urgent", _("緊急性がある事案への対応")


class Decider(models.TextChoices):
    CONFERENCE = "conference", _("会議")
    AGENCY = "agency", _("機関")


class DecisionAct(models.TextChoices):
    """One line of a 決裁."""

    DECIDE = "decide", _("決裁")
    PROXY = "proxy", _("代決")
    RETURN = "return", _("差し戻し")
    PAPER = "paper", _("紙決裁済")


class DecisionKind(models.TextChoices):
    """What a city's profile may lay down the posts for."""

    PLAN = "plan", _("支援プランの決定")
    MINUTES = "minutes", _("議事録の承認")


class Signature(models.TextChoices):
    REQUIRED = "required", _("付議の前に本人の署名が必要")
    RECORD_ONLY = "record_only", _("本人の同意を記録する")
    UNSET = "", _("定めなし")


class IndicatorSource(models.TextChoices):
    COMPUTED = "computed", _("記録から集計")
    MANUAL = "manual", _("手入力")
    SURVEY = "survey", _("市民意識調査など")


class Direction(models.TextChoices):
    UP = "up", _("増やす")
    KEEP = "keep", _("保つ")


class RoleKey(models.TextChoices):
    """Stable keys of roles; a city may give them its own names."""

    CONSULTATION_WORKER = "consultation_worker", _("相談員")
    COORDINATOR = "coordinator", _("多機関協働コーディネーター")
    OFFICE_HEAD = "office_head", _("推進室長")
    AGENCY_MANAGER = "agency_manager", _("機関の管理者")
    OUTREACH_WORKER = "outreach_worker", _("アウトリーチ支援員")
    PARTICIPATION_WORKER = "participation_worker", _("参加支援員")
    COMMUNITY_WORKER = "community_worker", _("地域づくり担当")
    CITY_ADMINISTRATOR = "city_administrator", _("市の事業担当（評価・報告）")
    PRIVACY_OFFICER = "privacy_officer", _("個人情報保護担当")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("システム管理者")
    GUEST = "guest", _("会議のゲスト")


class MembershipState(models.TextChoices):
    """Where a membership stands today; computed from its columns, never stored."""

    WAITING = "waiting", _("確認待ち")
    CONFIRMED = "confirmed", _("確認ずみ")
    REFUSED = "refused", _("断られた")
    ENDED = "ended", _("終わった")


class Permission(models.TextChoices):
    """What a role may do; whether it may do it to *this* row is the gate's question."""

    READ_CASES = "cases.read", _("ケースを読む")
    TAKE_CONSULTATION = "cases.take_consultation", _("相談を受ける")
    WRITE_RECORDS = "cases.write_records", _("記録を書く")
    RECORD_CONSENT = "cases.record_consent", _("同意を記録する")
    REFER = "cases.refer", _("つなぐ")
    DRAFT_PLAN = "plans.draft", _("プラン案を書く")
    DECIDE_PLAN = "plans.decide", _("プランを決定する")
    RUN_CONFERENCE = "meetings.run", _("会議を開く")
    APPOINT = "meetings.appoint", _("会議の構成員を指名する")
    READ_ITEMS = "meetings.read_items", _("指名された議題を読む")
    LOG_VISIT = "outreach.log_visit", _("訪問を記録する")
    MATCH = "participation.match", _("参加先とつなぐ")
    COMMUNITY = "community.record", _("地域の活動を記録する")
    READ_REPORTS = "reports.read", _("評価と報告を読む")
    ENTER_INDICATORS = "reports.enter", _("評価指標を入力する")
    REVIEW_ACCESS = "agencies.review_access", _("閲覧記録を点検する")
    MANAGE_ACCOUNTS = "agencies.manage_accounts", _("利用者を管理する")
    CONFIRM_MEMBERSHIP = "agencies.confirm_membership", _("所属を確認する")
    OFFICE_HINTS = "cases.office_hints", _("重複の気づきを受け取る")
    OPEN_EMERGENCY = "cases.open_emergency", _("緊急閲覧をする")
    SHIELD = "cases.shield", _("支援措置を提案する・確かめる")


class SystemName(models.TextChoices):
    """System memberships (V1): each has its own policy clauses; no session can take one."""

    SCHEDULER = "scheduler", _("日程係")
    STATISTICS = "statistics", _("集計係")
    RETENTION = "retention", _("保存年限係")


class Purpose(models.TextChoices):
    """Purpose of use, part of every line of the access log (V10)."""

    CONSULTATION = "consultation", _("相談対応")
    SUPPORT_CONFERENCE = "statutory_support_conference", _("支援会議")
    PLAN_CONFERENCE = "plan_conference", _("重層的支援会議")
    AUDIT = "audit", _("監査")
    STATISTICS = "statistics", _("統計")
    DISCLOSURE = "disclosure", _("本人開示")
    ADMINISTRATION = "administration", _("利用者管理")


class Action(models.TextChoices):
    """What was done, for the access log (the shapes of IHE BALP)."""

    OPEN = "open", _("開いた")
    LIST = "list", _("一覧に出した")
    SEARCH = "search", _("検索した")
    PRINT = "print", _("印刷した")
    EXPORT = "export", _("書き出した")
    WRITE = "write", _("書いた")
    DENY = "deny", _("拒否された")
    SIGN_IN = "sign_in", _("サインイン")
    SIGN_IN_FAILED = "sign_in_failed", _("サインイン失敗")
    SIGN_OUT = "sign_out", _("サインアウト")
    SWITCH = "switch", _("所属の切替")
