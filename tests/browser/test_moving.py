"""転出: a mother moves to another city and agrees, her son does not; the paper goes, and the case
is closed. つなぐ: words begun from the records, the receipt, and the result that comes back."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import (
    Call,
    Someone,
    accept_referral,
    in_days,
    record_consent,
    take_consultation,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MOTHER, SON = "仮名沢 雪", "仮名沢 晴彦"
CALL = Call(
    mode="本人同意あり",
    route="本人 来所",
    complaint="姉のいる町へ移りたい。体のことが心配だ。",
    persons=(
        Someone(MOTHER, "かなざわ ゆき", "S22.1.5", "世帯主", "女性"),
        Someone(SON, "かなざわ はるひこ", "S50.3.3", "子", "男性"),
    ),
    primary="介護",
)
WISH = "見守りと、介護保険の手続きをお願いします。"
TO, OFFICE = "架空県見本浜市", "高齢福祉課 地域支援係"


def test_a_household_moves_and_only_who_agrees_is_told_of(visitor: Visitor) -> None:
    visitor.sign_in("kurume.livelihood")
    take_consultation(visitor, CALL)
    case = visitor.remember()
    visitor.press("記録を書く")
    visitor.choose("だれについて", f"{MOTHER}さん")
    visitor.choose("方法", "訪問")
    visitor.fill("内容", "薬の飲み忘れがある。箱を使うと間違えない。")
    visitor.press("記録を保存する")
    visitor.press("ほかの市区町村へ引き継ぐ（転出）")
    write(visitor)
    visitor.press("答えを記録する", at=f"{MOTHER}さん")
    answer(visitor, "同意した")
    visitor.press("答えを記録する", at=f"{SON}さん")
    answer(visitor, "同意しない")
    visitor.reads(f"{SON}さんが同意していないため、この紙は出せません。")
    visitor.finds_it_usable()
    first = visitor.remember()
    without_the_son(visitor)
    visitor.next("答えを記録する")
    answer(visitor, "同意した")
    paper = visitor.remember()
    on_paper(visitor, paper)
    visitor.come_back(paper)
    visitor.next("出したことを記録する")
    visitor.choose("出し方", "郵送")
    visitor.finds_it_usable()
    visitor.press("出したことを記録する")
    visitor.next("返事を記録する")
    visitor.choose("転出先の返事", "受け取った")
    visitor.press_in_vain("返事を記録する", "転出先で受け取った人を書いてください")
    visitor.fill("受け取った人", "地域支援係 見本さん")
    visitor.finds_it_usable()
    visitor.press("返事を記録する")
    visitor.reads("受け取り済み", "控えの番号")
    visitor.next("転出で終結する")
    visitor.reads("引継ぎを準備中です")  # the one the son said no to
    visitor.come_back(first)
    visitor.press("取りやめる")
    visitor.fill("取りやめる理由", "同意がそろわなかった")
    visitor.finds_it_usable()
    visitor.press("取りやめる")
    visitor.come_back(paper)
    visitor.next("転出で終結する")
    visitor.has_chosen("終結の理由", "市外へ転居した")
    visitor.fill("くわしい理由", "姉のいる町へ移った")
    visitor.press("終結する")
    visitor.come_back(case)
    visitor.reads("転出の引継ぎ　受け取り済み", "転出の引継ぎ　取りやめ")


def write(at: Visitor) -> None:
    """The letter in three steps, once refused, with nothing lost."""
    at.fill("転出先の市区町村", TO)
    at.fill("受け取る部署・窓口", OFFICE)
    at.fill("受け取る部署の電話番号", "あとで")
    at.fill("転出する日", in_days(20))
    at.choose("だれのことを引き継ぐか", f"{MOTHER}さん", f"{SON}さん")
    at.fill("引き継ぐ理由・お願いしたいこと", WISH)
    at.press_in_vain("載せる記録を選ぶ", "市外局番から")
    at.has_typed("引き継ぐ理由・お願いしたいこと", WISH)
    at.finds_it_usable()
    at.fill("受け取る部署の電話番号", "099-000-0031")
    at.press("載せる記録を選ぶ")
    at.finds_it_usable()
    at.choose("支援経過記録", f"{in_days(0)} 訪問")
    at.press("出る内容を確かめる")
    at.reads(WISH, "薬の飲み忘れがある。", "この紙はまだ外へ出ません。")
    at.finds_it_usable()
    at.press("この内容で紙を作る")
    at.reads("準備中", f"{MOTHER}さんにこの紙を見せて、同意を聞きます。")
    at.finds_it_usable()


def answer(at: Visitor, words: str) -> None:
    """What one of them says, and that it was asked by word of mouth."""
    at.choose("本人の答え", words)
    at.choose("答えの方法", "口頭")
    at.press("答えを記録する")


def without_the_son(at: Visitor) -> None:
    """A new paper begins with the words of the former, and he is not named in it anywhere."""
    at.next("作りなおす")
    at.has_typed("受け取る部署・窓口", OFFICE)
    at.fill("これまでの支援のまとめ", "晴彦さんと二人で暮らしてきた。")
    at.press("載せる記録を選ぶ")
    at.choose("支援経過記録", f"{in_days(0)} 訪問")
    at.press_in_vain("出る内容を確かめる", f"載せない人（{SON}さん）の名前があります")
    at.fill("これまでの支援のまとめ", "")
    at.press("載せる記録を選ぶ")
    at.choose("支援経過記録", f"{in_days(0)} 訪問")
    at.press("出る内容を確かめる")
    at.reads(f"{SON}さんは載せません。")
    at.press("この内容で紙を作る")


def on_paper(at: Visitor, paper: str) -> None:
    """A4: the mother, and nothing that tells of anybody else."""
    at.come_back(f"{paper}print/")
    at.stands_at("転出に伴う引継書")
    at.reads(MOTHER, WISH, "薬の飲み忘れがある。")
    at.does_not_read("晴彦", "はるひこ", "世帯主さん")
    at.is_accessible()


def test_a_sheet_begins_with_the_records_and_its_result_comes_back(visitor: Visitor) -> None:
    visitor.sign_in("kurume.livelihood")
    call = Call(
        mode="本人同意あり", route="本人 来所", complaint="子どもの学校のこと",
        persons=(Someone("仮名原 澪", "かなはら みお", "H1.2.2", "世帯主", "女性"),),
        primary="子育て",
    )  # fmt: skip
    take_consultation(visitor, call)
    case = visitor.remember()
    record_consent(visitor, "仮名原 澪", "こども子育てサポートセンター")
    visitor.come_back(case)
    visitor.press("つなぐ")
    visitor.choose("つなぐ先", "こども子育てサポートセンター")
    visitor.choose("だれをつなぐか", "仮名原 澪さん")
    visitor.press("書いてある記録から下書きを入れる")
    assert "子どもの学校のこと" in visitor.page.get_by_label("伝える内容").input_value()
    visitor.finds_it_usable()
    visitor.fill("つなぐ理由・期待する役割", "学校との話し合いを一緒にしてほしい。")
    visitor.press("送る内容を確かめる")
    visitor.press("このシートを送る")
    visitor.reads("まだ開かれていません")
    sheet = visitor.remember()

    visitor.change_to("kurume.child")
    accept_referral(visitor)
    visitor.come_back(sheet)
    visitor.fill("つなぎの結果", "学校と三者で会い、登校の練習を始めた。")
    visitor.finds_it_usable()
    visitor.press("結果を知らせる")

    visitor.change_to("kurume.livelihood")
    visitor.come_back(sheet)
    visitor.reads("相手が開きました", "学校と三者で会い、登校の練習を始めた。")
    visitor.finds_it_usable()
