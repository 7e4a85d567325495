"""The figures by key: name, unit, what is counted in one sentence, and how parts are called.

The sentences are those of docs/figures.md for readers of the page and the spreadsheet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Choices
from django.utils.translation import gettext_lazy as _

from agencies.enums import AgendaType, Sector
from cases.enums import ConsultationMode, ConsultationStatus, ReferralMode, ReferralState, Route
from community.enums import IssueState, PlaceKind
from meetings.enums import Decision, ItemBasis
from outreach.enums import VisitMethod, VisitResult
from participation.enums import MatchStatus, ResourceKind
from plans.enums import ObservedChange, Outcome, PlanProgramme, PlanStatus
from reports.enums import Kind, Round, Section, Way
from reports.figures import conferences, consultations, plans, support
from reports.figures.scope import Counts, Scope


@dataclass(frozen=True)
class Dimension:
    """A breakdown: its heading and the words of its values (a name: looked up in the city)."""

    name: str
    title: Any
    words: Mapping[str, Any] | str


@dataclass(frozen=True)
class Figure:
    """One figure of docs/figures.md. `pictures`: the breakdowns drawn on the page."""

    key: str
    name: Any
    unit: Any
    section: Section
    way: Way
    definition: Any
    count: Callable[[Scope], Counts]
    dimensions: tuple[Dimension, ...] = ()
    pictures: tuple[str, ...] = ()


def _choices(name: str, title: Any, *choices: type[Choices], **more: Any) -> Dimension:
    words = {str(value): label for group in choices for value, label in group.choices if value}
    return Dimension(name, title, words | more)


AGENCY = Dimension("agency", _("機関"), "agency")
SENDER = Dimension("agency", _("つなぎ元"), "agency")
HOST = Dimension("agency", _("主催"), "agency")
TYPE = Dimension("type", _("機関の種類"), "agency")
MONTH = Dimension("month", _("月"), "month")
AREA = Dimension("area", _("地区"), "text")
CONFERENCE = Dimension("conference", _("会議"), "conference")
SECTOR = _choices("sector", _("分野"), Sector, none=_("分野なし"))
KIND = _choices("kind", _("定例・臨時"), Kind)
ROUND = _choices("round", _("初回・再プラン"), Round)
RESOURCE = _choices("kind", _("種類"), ResourceKind)
PLACE = _choices("kind", _("種類"), PlaceKind)
MODE = _choices("mode", _("同意"), ReferralMode)
STATE = _choices("state", _("いまの状態"), ReferralState)
YES_NO = {"yes": _("匿名"), "no": _("匿名でない")}

CASES, TIMES, PEOPLE = _("世帯"), _("回"), _("人")
ROWS, SPOTS, BODIES = _("件"), _("か所"), _("機関")
_CONS, _REF, _CONF = Section.CONSULTATION, Section.REFERRAL, Section.CONFERENCE
_PLAN, _OUT, _PART, _COM = Section.PLAN, Section.OUTREACH, Section.PARTICIPATION, Section.COMMUNITY

_INTAKE = (
    Figure(
        "new_consultations", _("新規相談受付件数"), ROWS, _CONS, Way.TIMES,
        _("受け付けた相談。匿名の相談も、終わった相談も数えます。受付日で年度を決めます。"),
        consultations.new_consultations,
        (
            MONTH, SECTOR, AGENCY, TYPE,
            _choices("route", _("相談経路"), Route),
            _choices("mode", _("同意の有無"), ConsultationMode),
            _choices("status", _("いまの状態"), ConsultationStatus),
            Dimension("anonymous", _("匿名"), YES_NO),
        ),
        ("sector", "agency", "route", "mode", "month"),
    ),
    Figure(
        "cases_opened", _("新しく支援を始めた世帯"), CASES, _CONS, Way.DISTINCT,
        _("支援を始めたケース。始めた日で年度を決めます。"),
        consultations.cases_opened, (MONTH, AGENCY, TYPE),
    ),
    Figure(
        "cases_closed", _("支援を終結した世帯"), CASES, _CONS, Way.DISTINCT,
        _("終結したケース。終結の日で年度を決めます。"),
        consultations.cases_closed, (AGENCY, TYPE),
    ),
    Figure(
        "cases_active", _("支援中の世帯"), CASES, _CONS, Way.STOCK,
        _("年度末（途中の年度は今）に支援中のケース。"),
        consultations.cases_active, (AGENCY, TYPE),
    ),
    Figure(
        "referrals", _("つなぎ件数"), ROWS, _REF, Way.TIMES,
        _("送ったつなぎ。返却や閉鎖になったものも数えます。送った日で年度を決めます。"),
        consultations.referrals,
        (
            MONTH, MODE, STATE, SENDER, TYPE,
            Dimension("to", _("つなぎ先"), "agency"),
            Dimension("conference", _("つなぎ先の会議"), "conference"),
        ),
        ("state",),
    ),
    Figure(
        "referred_cases", _("つないだ世帯"), CASES, _REF, Way.DISTINCT,
        _("つないだケース。何度つないでも1世帯です。"), consultations.referred_cases, (MODE,),
    ),
    Figure(
        "coordination_requests", _("多機関協働へのつなぎ件数"), ROWS, _REF, Way.TIMES,
        _("多機関協働の機関（同意のないときは、それが事務局の支援会議）へのつなぎ。通告・通報は除きます。"),
        consultations.coordination_requests, (MONTH, MODE, STATE, SENDER, TYPE),
        ("mode", "agency"),
    ),
    Figure(
        "coordination_cases", _("多機関協働へつないだ世帯"), CASES, _REF, Way.DISTINCT,
        _("多機関協働へつないだケース。何度つないでも1世帯です。"),
        consultations.coordination_cases, (MODE,),
    ),
)  # fmt: skip

_SITTINGS = (
    Figure(
        "sittings", _("会議の開催回数"), TIMES, _CONF, Way.TIMES,
        _("開いた会議。中止・予定は数えません。同時開催は合計では1回、種別ごとではそれぞれ1回です。"),
        conferences.sittings,
        (
            CONFERENCE, KIND, Dimension("conference_kind", _("会議と定例・臨時"), "conference"),
            Dimension("joint", _("同時開催"), {"yes": _("同時開催")}), MONTH,
        ),
        ("conference_kind",),
    ),
    Figure(
        "plan_conference_sittings", _("重層的支援会議の開催回数"), TIMES, _CONF, Way.TIMES,
        _("開いた会議のうち、プランを協議するもの。同時開催も1回と数えます。"),
        conferences.plan_conference_sittings, (KIND, HOST, TYPE),
    ),
    Figure(
        "support_conference_sittings", _("支援会議の開催回数"), TIMES, _CONF, Way.TIMES,
        _("開いた会議のうち、106条の6によるもの。同時開催も1回と数えます。"),
        conferences.support_conference_sittings, (KIND, HOST, TYPE),
    ),
    Figure(
        "items", _("検討した議題"), ROWS, _CONF, Way.TIMES,
        _("開いた会議で決定した議題。守秘の議題も数だけ数えます。会議の日で年度を決めます。"),
        conferences.items,
        (
            _choices("agenda", _("議題の種別"), AgendaType), CONFERENCE,
            _choices("basis", _("根拠"), ItemBasis), _choices("decision", _("決定"), Decision),
        ),
        ("agenda",),
    ),
    Figure(
        "item_cases", _("検討した世帯"), CASES, _CONF, Way.DISTINCT,
        _("決定した議題のケース。何度検討しても1世帯です。"), conferences.item_cases,
        (
            _choices("agenda", _("議題の種別"), AgendaType), CONFERENCE,
            _choices("basis", _("根拠"), ItemBasis),
        ),
        ("agenda",),
    ),
    Figure(
        "participating_agencies", _("参加した機関"), BODIES, _CONF, Way.DISTINCT,
        _("決定した議題に出席した機関。何度出席しても1機関です。"),
        conferences.participating_agencies, (CONFERENCE,),
    ),
)  # fmt: skip

_OUTCOMES = {str(s): s.label for s in (PlanStatus.CLOSED, PlanStatus.REPLANNED)}
_OUTCOMES[str(PlanStatus.INTERRUPTED)] = PlanStatus.INTERRUPTED.label


def _of_programme(programme: PlanProgramme) -> tuple[Figure, ...]:
    """The five figures of one programme's plans."""
    name, full = programme.label, (ROUND, AGENCY, TYPE, MONTH)
    rows = (
        ("plans_", _("プラン作成件数"), ROWS, Way.TIMES,
         _("支援決定されて実施に入ったプラン。初回と再プランの合計です。決定の日で年度を決めます。"),
         plans.decided, full, ("round",)),
        ("plans_cases_", _("プランを作成した世帯"), CASES, Way.DISTINCT,
         _("実施に入ったプランのケース。再プランがあっても1世帯です。"),
         plans.decided_cases, (ROUND,), ()),
        ("plans_drafted_", _("プラン案の作成"), ROWS, Way.TIMES,
         _("書き始めたプラン案。その後どうなったかを問いません。"), plans.drafted, full, ()),
        ("plans_ended_", _("終わったプラン"), ROWS, Way.TIMES,
         _("実施中から終結・再プラン・中断になったプラン。決まる前にやめた案は除きます。"),
         plans.ended, (Dimension("outcome", _("終わり方"), _OUTCOMES), AGENCY, TYPE),
         ("outcome",)),
        ("plans_active_", _("実施中のプラン"), ROWS, Way.STOCK,
         _("年度末（途中の年度は今）に実施中のプラン。"), plans.active, (ROUND, AGENCY, TYPE), ()),
    )  # fmt: skip
    return tuple(
        Figure(
            f"{key}{programme.value}", f"{name}　{title}", unit, _PLAN, way, definition,
            plans.for_programme(count, programme.value), dimensions, pictures,
        )
        for key, title, unit, way, definition, count, dimensions, pictures in rows
    )  # fmt: skip


_PLANS = (
    *(figure for programme in PlanProgramme for figure in _of_programme(programme)),
    Figure(
        "urgent_starts", _("緊急の開始"), ROWS, _PLAN, Way.TIMES,
        _("会議の前に緊急に始めたプラン。始めた日で年度を決めます。プラン作成件数にも入ります。"),
        plans.urgent_starts,
        (_choices("programme", _("事業"), PlanProgramme), AGENCY, TYPE),
    ),
    Figure(
        "urgent_start_rate", _("緊急の開始の割合"), "%", _PLAN, Way.RATIO,
        _("実施に入ったプランのうち、会議の前に緊急に始めたものの割合。"), plans.urgent_start_rate,
    ),
    Figure(
        "evaluations", _("評価の件数"), ROWS, _PLAN, Way.TIMES,
        _("プランの評価。評価の日で年度を決めます。"), plans.evaluations,
        (_choices("programme", _("事業"), PlanProgramme), _choices("outcome", _("判定"), Outcome)),
    ),
    Figure(
        "observed_changes", _("見られた変化"), ROWS, _PLAN, Way.TIMES,
        _("評価で選ばれた「見られた変化」の延べ数。1回の評価で複数あります。"),
        plans.observed_changes, (_choices("change", _("見られた変化"), ObservedChange),),
        ("change",),
    ),
)  # fmt: skip

_SUPPORT = (
    Figure(
        "visits", _("訪問・同行・電話等"), TIMES, _OUT, Way.TIMES,
        _("訪問記録の数。会えなかったものも、同意前のものも数えます。行った日で年度を決めます。"),
        support.visits,
        (
            MONTH, _choices("method", _("手段"), VisitMethod),
            _choices("result", _("結果"), VisitResult), AGENCY, TYPE,
        ),
        ("method", "result"),
    ),
    Figure(
        "visits_met", _("本人と会えた回数"), TIMES, _OUT, Way.TIMES,
        _("訪問記録のうち、結果が「本人と会えた」もの。"), support.visits_met,
        (_choices("method", _("手段"), VisitMethod),),
    ),
    Figure(
        "visits_met_rate", _("本人と会えた割合"), "%", _OUT, Way.RATIO,
        _("本人と会えた回数 ÷ 訪問・同行・電話等。"), support.visits_met_rate,
    ),
    Figure(
        "outreach_persons", _("アウトリーチの対象者"), PEOPLE, _OUT, Way.DISTINCT,
        _("訪問記録に書かれた人。何度訪問しても1人です。"), support.outreach_persons,
    ),
    Figure(
        "outreach_cases", _("アウトリーチの対象世帯"), CASES, _OUT, Way.DISTINCT,
        _("訪問記録のあるケース。何度訪問しても1世帯です。"), support.outreach_cases,
    ),
    Figure(
        "first_contacts", _("初めて本人と会えた世帯"), CASES, _OUT, Way.DISTINCT,
        _("その年度に、初めて本人と会えたケース。"), support.first_contacts,
    ),
    Figure(
        "days_to_first_contact", _("初回接触までの日数（平均）"), _("日"), _OUT, Way.RATIO,
        _("最初の訪問等から初めて本人と会えた日までの日数の平均。"),
        support.days_to_first_contact,
    ),
    Figure(
        "matches_proposed", _("マッチング件数"), ROWS, _PART, Way.TIMES,
        _("紹介したマッチング。紹介した日で年度を決めます。"), support.matches_proposed,
        (RESOURCE, _choices("status", _("いまの状態"), MatchStatus), AGENCY, TYPE),
        ("kind", "status"),
    ),
    Figure(
        "match_persons", _("参加支援の対象者"), PEOPLE, _PART, Way.DISTINCT,
        _("マッチングした人。何度紹介しても1人です。"), support.match_persons,
    ),
    Figure(
        "matches_started", _("参加を始めた件数"), ROWS, _PART, Way.TIMES,
        _("参加を始めたマッチング。始めた日で年度を決めます。"), support.matches_started,
        (RESOURCE, AGENCY, TYPE),
    ),
    Figure(
        "match_hosts", _("協力事業者・受け入れ先"), SPOTS, _PART, Way.DISTINCT,
        _("参加を始めた先。何人受け入れても1か所です。"), support.match_hosts, (RESOURCE,),
    ),
    Figure(
        "matches_settled", _("定着した件数"), ROWS, _PART, Way.TIMES,
        _("定着したマッチング。定着の日で年度を決めます。"), support.matches_settled,
        (RESOURCE, AGENCY, TYPE),
    ),
    Figure(
        "matches_ended", _("終了した件数"), ROWS, _PART, Way.TIMES,
        _("終了したマッチング。終了の日で年度を決めます。"), support.matches_ended, (RESOURCE,),
    ),
    Figure(
        "follow_ups", _("参加後のフォロー"), TIMES, _PART, Way.TIMES,
        _("フォローの記録の数。行った日で年度を決めます。"), support.follow_ups,
        (_choices("status", _("フォロー後の状態"), MatchStatus),),
    ),
    Figure(
        "resources", _("登録している社会資源"), SPOTS, _PART, Way.STOCK,
        _("年度末（途中の年度は今）に登録されている社会資源。"), support.resources, (RESOURCE,),
    ),
    Figure(
        "places", _("拠点数"), SPOTS, _COM, Way.STOCK,
        _("年度末（途中の年度は今）に開いている拠点。"), support.places, (PLACE, AREA), ("kind",),
    ),
    Figure(
        "events", _("開催回数"), TIMES, _COM, Way.TIMES,
        _("拠点での開催。開催の日で年度を決めます。"), support.events, (PLACE, AREA, MONTH),
        ("month",),
    ),
    Figure(
        "participants", _("参加者数"), PEOPLE, _COM, Way.TIMES,
        _("開催ごとの参加者の合計。"), support.participants, (PLACE, AREA, MONTH),
    ),
    Figure(
        "organisations", _("参加機関数"), BODIES, _COM, Way.TIMES,
        _("開催ごとの参加機関の合計。"), support.organisations, (PLACE,),
    ),
    Figure(
        "community_issues", _("地域課題"), ROWS, _COM, Way.TIMES,
        _("提起された地域課題。提起の日で年度を決めます。"), support.community_issues,
        (_choices("state", _("いまの状態"), IssueState),), ("state",),
    ),
)  # fmt: skip

FIGURES: tuple[Figure, ...] = (*_INTAKE, *_SITTINGS, *_PLANS, *_SUPPORT)
BY_KEY: dict[str, Figure] = {figure.key: figure for figure in FIGURES}
