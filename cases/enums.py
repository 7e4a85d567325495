"""Choices of the cases room, with their Japanese labels."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.wording import city_words


class Category(models.TextChoices):
    """Information categories (visibility.md, Words): the second half of the gate's grain."""

    BASIC = "basic", _("基本情報")
    HOUSEHOLD = "household", _("世帯")
    HEALTH = "health", _("健康・医療")
    DISABILITY = "disability", city_words(_("障害"))
    CARE = "care", _("介護")
    CHILD = "child", _("子ども・教育")
    MONEY = "money", _("家計・債務")
    WORK = "work", _("就労")
    HOUSING = "housing", _("住まい")
    SAFETY = "safety", _("司法・安全")
    NOTIFIER = "notifier", _("通告者")
    PROGRESS = "progress", _("支援経過")
    PLAN = "plan", _("プラン")


# Whom something is about, where it is of no one person: in place of a person's key.
HOUSEHOLD: Final = "household"

# V4: no consent covers who notified.
CONSENTABLE = tuple(category for category in Category if category is not Category.NOTIFIER)


class Audience(models.TextChoices):
    """Whom a record is written for."""

    TEAM = "team", _("支援チーム")
    AGENCY = "agency", _("この機関だけ")


class RecordKind(models.TextChoices):
    """What a record is; the room that owns the kind keeps the text."""

    NOTE = "note", _("支援経過記録")
    ISSUE = "issue", _("課題")
    ASSESSMENT = "assessment", _("アセスメント")
    CAUTION = "caution", _("関わり方の注意")
    RISK = "risk", _("リスク確認")
    PLAN = "plan", _("支援プラン")
    MONITORING = "monitoring", _("モニタリング")
    EVALUATION = "evaluation", _("評価")
    VISIT = "visit", _("訪問記録")
    MATCH = "match", _("参加支援")
    FOLLOW_UP = "follow_up", _("参加後のフォロー")
    COMMUNITY_ISSUE = "community_issue", _("地域課題")
    TIE = "tie", _("つながり")
    MOVE_OUT = "move_out", _("転出の引継ぎ")


# What follows a plan or a match that runs already: written to its end, also while the case rests.
RUNS_ON = (RecordKind.MONITORING, RecordKind.EVALUATION, RecordKind.FOLLOW_UP)


class CaseStatus(models.TextChoices):
    ACTIVE = "active", _("支援中")
    CLOSED = "closed", _("終結")


class LinkKind(models.TextChoices):
    """世帯の変更: what became of a person's household."""

    SPLIT = "split", _("世帯から分かれた")
    JOINED = "joined", _("別の世帯に移った")
    MERGED = "merged", _("統合した")
    SAME = "same", _("同じ人だった")


class LinkReason(models.TextChoices):
    """Why somebody left a household."""

    INDEPENDENT = "independent", _("別居・独立")
    MARRIAGE = "marriage", _("結婚・離婚")
    FACILITY = "facility", _("施設・グループホームに入った")
    CARE = "care", _("介護や子育てのため")
    PAPERS = "papers", _("住民票の世帯分離・世帯合併")
    OTHER = "other", _("その他")


class ClosingKind(models.TextChoices):
    """終結の理由."""

    SETTLED = "settled", _("課題が解決した・落ち着いた")
    HANDED_ON = "handed_on", _("ほかの制度・機関の支援に引きついだ")
    MOVED = "moved", _("市外へ転居した")
    DIED = "died", _("亡くなった")
    DECLINED = "declined", _("本人が支援を望まなくなった")
    OUT_OF_REACH = "out_of_reach", _("連絡がとれなくなった")
    OTHER = "other", _("その他")


class TransferState(models.TextChoices):
    """移管: it waits for the other agency, which answers once."""

    SENT = "sent", _("返事待ち")
    ACCEPTED = "accepted", _("受け入れ")
    RETURNED = "returned", _("返却")
    CANCELLED = "cancelled", _("取りやめ")


class TeamVia(models.TextChoices):
    """How an agency came into the support team; consent is needed besides (V2–V5)."""

    RESPONSIBLE = "responsible", _("主担当")
    REFERRAL = "referral", _("つなぎの受理")
    CONFERENCE = "conference", _("会議への参加")
    TRANSFER = "transfer", _("移管")


class GrantBasis(models.TextChoices):
    """Why a grant opens (V17 names it to people)."""

    RESPONSIBLE = "responsible", _("主担当機関")
    OWN_RECORDS = "own_records", _("自機関の記録")
    CONSENT = "consent", _("本人同意")
    EMERGENCY = "emergency", _("緊急閲覧")


class RecertAnswer(models.TextChoices):
    """What became of an agency's part in a case when it was asked again (V14)."""

    KEPT = "kept", _("まだ必要")
    GIVEN_BACK = "given_back", _("もう要らない")
    ENDED = "ended", _("主担当機関が終えた")


class Danger(models.TextChoices):
    """What is in danger (V8; 個人情報保護法 18条3項2号, 27条1項2号, 69条2項4号)."""

    LIFE = "life", _("命の危険")
    BODY = "body", _("身体の危険")
    PROPERTY = "property", _("財産の危険")


class Finding(models.TextChoices):
    """What the review of an emergency access came to (V8)."""

    JUSTIFIED = "justified", _("必要な閲覧だった")
    UNJUSTIFIED = "unjustified", _("必要な閲覧とはいえない")


class ConsentAnswer(models.TextChoices):
    GIVEN = "given", _("同意した")
    REFUSED = "refused", _("同意しない")
    NOT_ASKED = "not_asked", _("まだ聞いていない")


class ConsentMethod(models.TextChoices):
    SIGNED = "signed", _("書面（署名）")
    ORAL = "oral", _("口頭")
    PROXY = "proxy", _("代理人")


class ReferralMode(models.TextChoices):
    CONSENT = "consent", _("本人同意あり")
    SECRECY = "secrecy", _("本人同意なし（支援会議の事務局へ）")
    NOTIFICATION = "notification", _("法令に基づく通告・通報")


class DisclosureKind(models.TextChoices):
    """開示の記録: what was given or used; the first four are entered by the database."""

    NOTIFICATION = "notification", _("通告・通報")
    SHEET = "sheet", _("本人同意なしのつなぎ")
    LETTER = "letter", _("資料・情報提供の依頼")
    MOVE_OUT = "move_out", _("転出先への引継ぎ")
    PROVIDED = "provided", _("第三者への提供")
    USED = "used", _("目的外の利用")


class ReferralState(models.TextChoices):
    SENT = "sent", _("返事待ち")
    ACCEPTED = "accepted", _("受理")
    RETURNED = "returned", _("返却")
    CLOSED = "closed", _("閉鎖")


class MoveOutState(models.TextChoices):
    """転出の引継ぎ: a paper for another municipality, which is no user of this system."""

    PREPARED = "prepared", _("準備中")
    SENT = "sent", _("送付済み")
    RECEIVED = "received", _("受け取り済み")
    RETURNED = "returned", _("返された")
    CANCELLED = "cancelled", _("取りやめ")


class MoveOutAnswerKind(models.TextChoices):
    """What a person says to one such paper; the last answer holds."""

    GIVEN = "given", _("同意した")
    REFUSED = "refused", _("同意しない")
    WITHDRAWN = "withdrawn", _("同意を取り消した")


class SentBy(models.TextChoices):
    """How a paper went."""

    HAND = "hand", _("手渡し")
    POST = "post", _("郵送（書留など）")
    FAX = "fax", _("ファクス")
    LGWAN = "lgwan", _("LGWANのメール")


class ConsultationStatus(models.TextChoices):
    OPEN = "open", _("受付")
    CASE = "case", _("ケースにした")
    DONE = "done", _("終了（情報提供のみ等）")


class ConsultationMode(models.TextChoices):
    """The two versions of 相談受付・申込票."""

    WITH_CONSENT = "with_consent", _("本人同意あり")
    WITHOUT_CONSENT = "without_consent", _("本人同意なし")


class Route(models.TextChoices):
    """相談経路."""

    PERSON_VISIT = "person_visit", _("本人 来所")
    PERSON_PHONE = "person_phone", _("本人 電話・メール")
    FAMILY_VISIT = "family_visit", _("家族・知人 来所")
    FAMILY_PHONE = "family_phone", _("家族・知人 電話・メール")
    OUTREACH = "outreach", _("アウトリーチ")
    AGENCY = "agency", _("関係機関からの紹介")
    COMMISSIONER = "commissioner", _("民生委員・児童委員")
    OTHER = "other", _("その他")


class Urgency(models.TextChoices):
    HIGH = "high", _("高（今日・明日）")
    MIDDLE = "middle", _("中（2週間以内）")
    LOW = "low", _("低")


class Screening(models.TextChoices):
    """スクリーニング結果."""

    UNDECIDED = "", _("判断保留")
    INFO_ONLY = "info_only", _("情報提供のみ")
    REFERRED = "referred", _("他機関へつなぎ")
    CONTINUE = "continue", _("継続支援")


class Sex(models.TextChoices):
    UNKNOWN = "", _("不明")
    MALE = "male", _("男性")
    FEMALE = "female", _("女性")
    OTHER = "other", _("その他")


class Relation(models.TextChoices):
    """続柄 (to the head of the household)."""

    HEAD = "head", _("世帯主")
    SPOUSE = "spouse", _("配偶者")
    CHILD = "child", _("子")
    PARENT = "parent", _("親")
    SIBLING = "sibling", _("兄弟姉妹")
    GRANDCHILD = "grandchild", _("孫")
    GRANDPARENT = "grandparent", _("祖父母")
    OTHER = "other", _("その他")
    UNKNOWN = "", _("不明")


class IssueType(models.TextChoices):
    """課題チェック (domain.md §5.3): the standard list with the cities' own words."""

    ILLNESS = "illness", _("病気・けが")
    DISABILITY = "disability", city_words(_("障害（手帳あり）"))
    DISABILITY_SUSPECTED = "disability_suspected", city_words(_("障害（疑い）"))
    MENTAL_HEALTH = "mental_health", _("こころの健康")
    SUICIDE_RISK = "suicide_risk", _("自死企図")
    HOUSING = "housing", _("住まいの不安定・老朽化")
    HOARDING = "hoarding", _("ごみ屋敷")
    POVERTY = "poverty", _("経済的困窮")
    DEBT = "debt", _("債務")
    BUDGETING = "budgeting", _("家計管理")
    JOB_SEEKING = "job_seeking", _("就職が困難")
    JOB_KEEPING = "job_keeping", _("就労の定着が困難")
    ISOLATION = "isolation", _("社会的孤立")
    WITHDRAWAL = "withdrawal", _("ひきこもり")
    FAMILY = "family", _("家族関係")
    CARE = "care", _("介護")
    CHILD_REARING = "child_rearing", _("子育て")
    TRUANCY = "truancy", _("不登校")
    YOUNG_CARER = "young_carer", _("ヤングケアラー")
    DOUBLE_CARE = "double_care", _("ダブルケア")
    CASE_8050 = "case_8050", _("8050")
    ABUSE = "abuse", _("DV・虐待")
    FOREIGN = "foreign", _("外国籍・ことば")
    DECISION_SUPPORT = "decision_support", _("意思決定支援")
    RIGHTS = "rights", _("権利擁護")
    SELF_NEGLECT = "self_neglect", _("セルフネグレクト")
    NO_HELP_SEEKING = "no_help_seeking", _("援助希求が乏しい")
    PARTICIPATION = "participation", _("社会参加")
    GAP = "gap", _("制度の狭間")
    OTHER = "other", _("その他")


ISSUE_CATEGORY: dict[str, Category] = {
    IssueType.ILLNESS: Category.HEALTH,
    IssueType.DISABILITY: Category.DISABILITY,
    IssueType.DISABILITY_SUSPECTED: Category.DISABILITY,
    IssueType.MENTAL_HEALTH: Category.HEALTH,
    IssueType.SUICIDE_RISK: Category.HEALTH,
    IssueType.HOUSING: Category.HOUSING,
    IssueType.HOARDING: Category.HOUSING,
    IssueType.POVERTY: Category.MONEY,
    IssueType.DEBT: Category.MONEY,
    IssueType.BUDGETING: Category.MONEY,
    IssueType.JOB_SEEKING: Category.WORK,
    IssueType.JOB_KEEPING: Category.WORK,
    IssueType.CARE: Category.CARE,
    IssueType.CHILD_REARING: Category.CHILD,
    IssueType.TRUANCY: Category.CHILD,
    IssueType.YOUNG_CARER: Category.CHILD,
    IssueType.ABUSE: Category.SAFETY,
    IssueType.SELF_NEGLECT: Category.SAFETY,
    IssueType.RIGHTS: Category.SAFETY,
}


def issue_category(issue_type: str) -> Category:
    """The information category an issue of this type belongs to (世帯 when no other fits)."""
    return ISSUE_CATEGORY.get(issue_type, Category.HOUSEHOLD)


class Answer(models.TextChoices):
    """Of a question of the assessment or of a risk sheet. Unknown is an answer, never a no."""

    YES = "yes", _("はい")
    NO = "no", _("いいえ")
    UNKNOWN = "unknown", _("不明")


class QuestionKind(models.TextChoices):
    """What a はい means; of a fact there is none, only what is known."""

    FACT = "fact", _("分かっていること")
    PROBLEM = "problem", _("気がかり")
    BACKGROUND = "background", _("背景要因")
    STRENGTH = "strength", _("強み")


class CautionKind(models.TextChoices):
    """What a worker has to know before meeting somebody (domain.md §5.5), the most urgent first."""

    VISIT_SAFETY = "visit_safety", _("訪問時の安全")
    AVOID = "avoid", _("避けるべき関わり方")
    EXPLOITATION = "exploitation", _("経済的搾取の疑い")
    EFFECTIVE = "effective", _("効果的だった関わり方")


CAUTION_CATEGORY: dict[str, Category] = {
    CautionKind.VISIT_SAFETY: Category.SAFETY,
    CautionKind.AVOID: Category.PROGRESS,
    CautionKind.EXPLOITATION: Category.SAFETY,
    CautionKind.EFFECTIVE: Category.PROGRESS,
}


class IssueStatus(models.TextChoices):
    SUSPECTED = "suspected", _("疑い")
    CONFIRMED = "confirmed", _("確認")
    SOLVED = "solved", _("解消")


class ContactMethod(models.TextChoices):
    OFFICE = "office", _("来所")
    VISIT = "visit", _("訪問")
    PHONE = "phone", _("電話")
    MAIL = "mail", _("メール・手紙")
    ACCOMPANY = "accompany", _("同行")
    MEETING = "meeting", _("会議")
    OTHER = "other", _("その他")


class ShieldGround(models.TextChoices):
    """On what a 支援措置 rests."""

    RESIDENT_RECORDS = "resident_records", _("住民基本台帳の支援措置（DV等）の決定")
    PROTECTION_ORDER = "protection_order", _("保護命令（配偶者暴力防止法）")
    ABUSE = "abuse", city_words(_("虐待からの保護（児童・高齢者・障害者）"))
    STALKING = "stalking", _("ストーカー等の被害")
    REQUEST = "request", _("本人の申し出（居所を知られたくない）")


class HoldDecision(models.TextChoices):
    """What the list has said of a text that waits."""

    WAITING = "waiting", _("確認待ち")
    RELEASED = "released", _("開いた")
    KEPT = "kept", _("名簿の人だけ")


class RequestKind(models.TextChoices):
    MENTION = "mention", _("知らせる")
    CIRCULATION = "circulation", _("供覧")


class ContactResult(models.TextChoices):
    """Whether one met or reached whom one wanted to."""

    MET = "met", _("会えた・話せた")
    ABSENT = "absent", _("会えなかった・つながらなかった")


class DuplicateOutcome(models.TextChoices):
    """What became of a hint that two agencies serve the same household (V15)."""

    TOGETHER = "together", _("両機関で支えることになった")
    SEPARATE = "separate", _("別の世帯だった")
    APART = "apart", _("同じ世帯だが、同意は得られなかった")


class TieKind(models.TextChoices):
    """What ties persons of a household to each other, or to what is around them."""

    PARENT = "parent", _("親子")
    COUPLE = "couple", _("夫婦・パートナー")
    SIBLING = "sibling", _("きょうだい")
    BOND = "bond", _("ふたりの関係")
    OUTSIDE = "outside", _("まわりの機関・人・場所")
    KEY = "key", _("キーパーソン")


class TieNature(models.TextChoices):
    """How a child is a child, how a couple is a couple."""

    BIRTH = "birth", _("実親子")
    ADOPTED = "adopted", _("養親子")
    STEP = "step", _("継親子（再婚相手の子）")
    MARRIED = "married", _("婚姻")
    COMMON_LAW = "common_law", _("内縁・事実婚")
    SEPARATED = "separated", _("別居")
    DIVORCED = "divorced", _("離婚")
    WIDOWED = "widowed", _("死別")


NATURES: dict[str, tuple[TieNature, ...]] = {
    TieKind.PARENT: (TieNature.BIRTH, TieNature.ADOPTED, TieNature.STEP),
    TieKind.COUPLE: (
        TieNature.MARRIED,
        TieNature.COMMON_LAW,
        TieNature.SEPARATED,
        TieNature.DIVORCED,
        TieNature.WIDOWED,
    ),
}


class TieQuality(models.TextChoices):
    """How strong a tie is, or how strained."""

    PLAIN = "plain", _("ふつう")
    STRONG = "strong", _("強い")
    WEAK = "weak", _("弱い・とぎれがち")
    STRAINED = "strained", _("ストレス・対立")


class TieFlow(models.TextChoices):
    """Which way a tie goes, where only one side turns to the other."""

    BOTH = "", _("おたがい（または不明）")
    OUT = "out", _("一方から：はじめの人から")
    IN = "in", _("一方から：相手から")


class ResourceKind(models.TextChoices):
    """What stands around a household in an ecomap."""

    MEDICAL = "medical", _("医療")
    CARE = "care", _("介護")
    DISABILITY = "disability", city_words(_("障害福祉"))
    SCHOOL = "school", _("学校・保育")
    WORK = "work", _("職場・就労")
    OFFICE = "office", _("行政・相談機関")
    COMMISSIONER = "commissioner", _("民生委員・児童委員")
    KIN = "kin", _("親族")
    NEIGHBOUR = "neighbour", _("近隣・友人")
    PLACE = "place", _("居場所・サークル")
    MONEY = "money", _("家計・債務")
    OTHER = "other", _("その他")
