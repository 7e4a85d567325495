"""What a made-up city is made of: names nobody bears, kinds of households, words of notes.

Everything is data; `city.py` says how often each occurs. Nothing here is taken from anywhere: names
are put together from syllables and look invented, sentences are written for this purpose.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from config.lib.kana import fold, fold_given

# 16 × 12 family names and 12 × 8 given names, with their kana.
FAMILY_FIRST = (
    ("架", "かく"), ("仮", "かり"), ("例", "れい"), ("試", "ためし"), ("幻", "まぼろし"),
    ("夢", "ゆめ"), ("想", "おもい"), ("虚", "うろ"), ("影", "かげ"), ("偽", "いつわり"),
    ("写", "うつし"), ("絵", "え"), ("紙", "かみ"), ("筆", "ふで"), ("墨", "すみ"), ("霧", "きり"),
)  # fmt: skip
FAMILY_LAST = (
    ("野原", "のはら"), ("川辺", "かわべ"), ("沢田", "さわだ"), ("山本", "やまもと"),
    ("村井", "むらい"), ("塚森", "つかもり"), ("島崎", "しまざき"), ("橋倉", "はしくら"),
    ("瀬谷", "せや"), ("岡部", "おかべ"), ("木内", "きうち"), ("浦上", "うらがみ"),
)  # fmt: skip
GIVEN_FIRST = (
    ("花", "はな"), ("春", "はる"), ("夏", "なつ"), ("秋", "あき"), ("雪", "ゆき"), ("月", "つき"),
    ("星", "ほし"), ("空", "そら"), ("海", "うみ"), ("風", "かぜ"),
    ("光", "ひかり"), ("緑", "みどり"),
)  # fmt: skip
GIVEN_LAST = (
    ("子", "こ"), ("美", "み"), ("江", "え"), ("代", "よ"),
    ("男", "お"), ("彦", "ひこ"), ("治", "じ"), ("也", "や"),
)  # fmt: skip
FAMILIES = [(a + c, b + d) for a, b in FAMILY_FIRST for c, d in FAMILY_LAST]
# The first half of each eight are women's.
GIVEN = [(a + c, b + d) for a, b in GIVEN_FIRST for c, d in GIVEN_LAST]


class Member(NamedTuple):
    """A place in a kind of household: ages from, and over how many years."""

    relation: str
    sex: str  # "" = either
    youngest: int
    years: int


class Kind(NamedTuple):
    """A kind of household, how many of a thousand, and what it most often worries about."""

    name: str
    share: int
    members: tuple[Member, ...]
    issues: tuple[str, ...]


def _member(relation: str, sex: str, youngest: int, oldest: int) -> Member:
    return Member(relation, sex, youngest, oldest - youngest + 1)


_CHILDREN = tuple(_member("child", "", *ages) for ages in ((9, 14), (5, 11), (1, 6)))
KINDS = (
    Kind("高齢単身", 190, (_member("head", "", 67, 95),),
         ("isolation", "illness", "hoarding", "self_neglect")),
    Kind("高齢夫婦", 130, (_member("head", "male", 70, 93), _member("spouse", "female", 68, 91)),
         ("care", "illness", "poverty", "isolation")),
    Kind("8050", 150, (_member("head", "", 76, 92), _member("child", "", 46, 62)),
         ("case_8050", "withdrawal", "care", "mental_health")),
    Kind("8050（両親）", 50, (_member("head", "male", 78, 90), _member("spouse", "female", 76, 88),
                          _member("child", "", 44, 58)),
         ("case_8050", "withdrawal", "care", "debt")),
    Kind("ひとり親（子1人）", 80, (_member("head", "female", 26, 48), _CHILDREN[1]),
         ("poverty", "child_rearing", "job_keeping", "budgeting")),
    Kind("ひとり親（子3人）", 60, (_member("head", "female", 33, 47), *_CHILDREN),
         ("poverty", "truancy", "debt", "young_carer")),
    Kind("夫婦と子", 90, (_member("head", "male", 34, 50), _member("spouse", "female", 32, 47),
                      *_CHILDREN[:2]),
         ("child_rearing", "job_seeking", "debt", "truancy")),
    Kind("三世代", 60, (_member("head", "male", 38, 55), _member("spouse", "female", 36, 50),
                     _member("parent", "female", 70, 90), *_CHILDREN),
         ("double_care", "care", "child_rearing", "family")),
    Kind("単身", 140, (_member("head", "", 22, 64),),
         ("job_seeking", "mental_health", "debt", "housing")),
    Kind("きょうだい", 50, (_member("head", "", 50, 75), _member("sibling", "", 48, 72)),
         ("disability", "isolation", "poverty", "rights")),
)  # fmt: skip

AREAS = tuple(
    f"{first}{last}" for first in ("架空", "見本", "例示", "幻影", "夢見", "空想", "試作", "仮想")
    for last in ("東町", "西町", "南町", "北町", "本町")
)  # fmt: skip

# A note: how it began, what was said, what was seen, what comes next.
BEGUN = (
    "自宅を訪問した。", "電話で話を聞いた。", "窓口に来られ、三十分ほど話をした。",
    "約束の時間に訪問したが、はじめは応答がなく、少し待って玄関先で話した。",
    "民生委員から連絡があり、様子を見に行った。", "通院に同行した。",
    "家族から電話があり、この数日の様子を聞いた。", "手続きの窓口へいっしょに行った。",
)  # fmt: skip
SAID = (
    "家賃と光熱費の支払いが遅れていて、督促の封筒を開けられずにいるとのこと。",
    "夜に眠れず、日中もからだが重いと話された。",
    "仕事を探したいが、面接に出かける服と交通費が心配だという。",
    "「人と話すのは久しぶりです」と言われ、表情は前回よりやわらかい。",
    "食事は一日一回で、買い物は近所の人が手伝ってくれている。",
    "子どもが朝起きられず、学校へは週に二日ほど通えている。",
    "介護サービスは使いたくない、家族だけで何とかしたいと繰り返された。",
    "薬が余っており、飲み忘れが続いているようだった。",
    "友人から借りたお金のことを、はじめて打ち明けられた。",
    "部屋から出るのは夜だけで、家族とは紙に書いてやりとりしている。",
    "福祉サービスの説明に耳を傾け、一度見学してみたいと言われた。",
    "近所との行き違いがあり、しばらく外へ出にくいとのこと。",
)  # fmt: skip
SEEN = (
    "室内は前回より片づき、通り道が確保されている。",
    "郵便物がたまり、冷蔵庫の中はほとんど空だった。",
    "顔色はよく、足どりもしっかりしている。",
    "会話の途中で何度か黙り込み、疲れた様子が見えた。",
    "暖房を使っておらず、室内でも上着を着ていた。",
    "玄関に手すりがついて、出入りが楽になったとのこと。",
    "家族の表情がかたく、同席のままでは話しにくそうだった。",
    "",
)  # fmt: skip
NEXT = (
    "家計の相談の予約を取る", "来週もう一度訪問する", "主治医に様子を伝えてよいか本人に確かめる",
    "学校と話す場を設ける", "申請書の書き方をいっしょに確かめる", "見学の日を決める", "", "",
)  # fmt: skip
SITUATIONS = (
    "家賃を三か月滞納し、電気は一度止められている。手元のお金の出入りは本人も把握できていない。",
    "持病があるが通院は途切れがち。健診は数年受けていない。",
    "近所づきあいはほとんどなく、相談できる人は別居の親族だけ。",
    "家事は主に一人が担い、休める時間がとれていない。",
    "仕事は短い契約が続き、収入が月ごとに大きく変わる。",
    "住まいは古く、雨漏りと段差がある。立ち退きの話は出ていない。",
)  # fmt: skip
STRENGTHS = (
    "約束の時間は守り、説明したことはよく覚えている。",
    "料理が好きで、作ったものを人に分けている。",
    "きょうだいの仲がよく、困ったときは声をかけ合える。", "地域の清掃には欠かさず出ている。", "",
)  # fmt: skip
WISHES = (
    "住み慣れた家で暮らし続けたい", "子どもに心配をかけずに暮らしたい",
    "少しずつ働けるようになりたい",
    "借金をなくして落ち着きたい", "話せる人がほしい",
)  # fmt: skip
AIMS = (
    "滞納を減らし、毎月の支払いの見通しを立てる", "通院を続け、体調を整える",
    "家の外に週一回出かける場所をつくる", "介護の負担を分け合う", "登校できる日を増やす",
)  # fmt: skip
TASKS = (
    "家計の相談", "通院の同行", "介護サービスの調整", "学校との連絡", "居場所の見学",
    "見守りの訪問", "申請の手伝い", "就労の相談",
)  # fmt: skip
COMPLAINTS = (
    "家賃が払えず、どうしたらよいか分からない。", "親の介護と自分の仕事で休む間がない。",
    "子どもが学校に行けなくなっている。", "家から出られない家族のことで相談したい。",
    "近所の高齢の方が心配で電話した。", "借金の返済が苦しい。", "仕事が続かず、生活が苦しい。",
)  # fmt: skip


def words() -> list[tuple[int, str, str, str, str, str, str]]:
    """Every name as number, name, kana, and both folded as the application folds them, whole and
    behind the family name; a family's stand together, number = family × len(GIVEN) + given."""
    return [
        (number, name, kana, fold(name), fold(kana), fold_given(name), fold_given(kana))
        for number, (name, kana) in enumerate(
            (f"{family} {given}", f"{family_kana} {given_kana}")
            for family, family_kana in FAMILIES
            for given, given_kana in GIVEN
        )
    ]


def notes(seed: int, many: int = 2048) -> list[tuple[int, str, str]]:
    """Texts of notes as number, text, next step: a sentence or two, some much longer."""
    rng = random.Random(seed)  # noqa: S311 - invented words, no secret
    rows = []
    for number in range(many):
        said = rng.sample(SAID, rng.choice((1, 1, 2, 2, 3, 6)))
        text = "".join((rng.choice(BEGUN), *said, rng.choice(SEEN)))
        rows.append((number, text, rng.choice(NEXT)))
    return rows
