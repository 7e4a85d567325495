"""Decides when two spellings of a name are the same for a search.

Source: what municipal search requires (ハマダ=ハマタ, ショウ=シヨウ, オオノ=オーノ, 髙=高).
Folding is generous on purpose: it finds too much rather than too little, and a person reads
the result. It is never stored as somebody's name, only in search columns beside it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# One group a word: the first character stands for the others. 旧字体 of 常用漢字表, the variants
# of 行政 name registers (髙 﨑 邉 …) and 拡張新字体 (鴎/鷗). Different characters with the same
# reading (阪/坂, 嘉/加) are not variants.
VARIANT_GROUPS: Final = """
高髙 崎﨑嵜碕 辺邉邊 斎齋斉齊 浜濱濵 沢澤 島嶋嶌 広廣 国國圀 桜櫻 真眞 吉𠮷 柳栁桺 徳德 恵惠
栄榮 富冨 峰峯 桑桒 館舘 松枩 梅楳 野埜 淵渕渊 遥遙 尭堯 槙槇 桧檜 曽曾 祢禰袮 弥彌 秋穐龝 薮藪
鶴靍靏鸖 巌巖 芦蘆 萌萠 晃晄 晋晉 凛凜 涼凉 清淸 青靑 黒黑 黄黃 歩步 戸戶 聡聰 船舩 兎兔 尚尙
瑶瑤 籠篭 柏栢 煕熙熈 皐皋 橋𣘺 土圡 角⻆ 脇𦚰 喜㐂 間閒 亘亙 姫姬 彦彥 巣巢 毘毗 澄澂 猪豬 穎頴
雁鴈 鯵鰺 隣鄰 迩邇 枡桝 闊濶 婿壻 姉姊 娯娛 徴徵 既旣 暦曆 歴歷 歳歲 涙淚 温溫 為爲 産產 略畧
研硏 窓窗 竪豎 群羣 舗舖 苺莓 虚虛 裏裡 説說 税稅 脱脫 鋭銳 悦悅 閲閱 録錄 諌諫 闘鬪 隷隸 餅餠
廻迴 侠俠 倶俱 剥剝 叱𠮟 呑吞 填塡 嘘噓 噛嚙 屏屛 并幷 掴摑 掻搔 涜瀆 溌潑 焔焰 痩瘦 砺礪 竃竈
箪簞 繋繫 繍繡 莱萊 蒋蔣 蝉蟬 蝋蠟 躯軀 醤醬 頬頰 顛顚 騨驒 鹸鹼 麹麴 麺麵 鴎鷗 鴬鶯 潅灌 侭儘
妊姙 円圓 塩鹽 奥奧 応應 横橫 亜亞 悪惡 圧壓 囲圍 医醫 壱壹 稲稻 飲飮 隠隱 営營 衛衞 駅驛 縁緣
艶艷 欧歐 殴毆 穏穩 仮假 価價 画畫 会會 絵繪 壊壞 懐懷 拡擴 殻殼 覚覺 学學 岳嶽 楽樂 勧勸 巻卷
歓歡 陥陷 寛寬 関關 観觀 顔顏 気氣 亀龜 帰歸 偽僞 戯戲 犠犧 旧舊 拠據 挙擧 峡峽 挟挾 狭狹 郷鄕
暁曉 区區 駆驅 勲勳 薫薰 径徑 渓溪 経經 継繼 茎莖 蛍螢 軽輕 鶏鷄 芸藝 撃擊 県縣 剣劍劔剱 険險
圏圈 検檢 献獻 権權 顕顯 験驗 厳嚴 呉吳 効效 恒恆 鉱鑛 号號 済濟 砕碎 剤劑 雑雜 参參 桟棧 蚕蠶
惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫 釈釋 寿壽 収收 従從 渋澁 獣獸 縦縱 粛肅 処處
緒緖 叙敍 将將 渉涉 焼燒 奨奬 称稱 証證 乗乘 条條 状狀 剰剩 浄淨 畳疊 穣穰 譲讓 醸釀 嬢孃 触觸
嘱囑 慎愼 寝寢 尽盡 図圖 粋粹 酔醉 穂穗 随隨 髄髓 枢樞 数數 瀬瀨 声聲 静靜 窃竊 摂攝 専專 戦戰
浅淺 践踐 銭錢 潜潛 繊纖 禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 装裝 蔵藏 臓臟 総總 騒騷 増增 即卽
属屬 続續 堕墮 体體躰軆 対對 帯帶 滞滯 台臺 滝瀧 択擇 単單 担擔 胆膽 団團 弾彈 断斷 痴癡 遅遲
昼晝 虫蟲 鋳鑄 庁廳 聴聽 勅敕 鎮鎭 逓遞 鉄鐵鐡 転轉 点點 伝傳 灯燈 当當 党黨 盗盜 独獨 読讀 届屆
弐貳 悩惱 脳腦 覇霸 廃廢 拝拜 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 秘祕 瓶甁 払拂 仏佛 並竝 変變
弁辨瓣辯 宝寶寳 豊豐 褒襃 没沒 翻飜 毎每 万萬 満滿 黙默 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣
謡謠 来來 頼賴 覧覽 乱亂 竜龍 両兩 猟獵 緑綠 塁壘 励勵 礼禮 霊靈 齢齡 恋戀 炉爐 労勞 楼樓 禄祿
湾灣
"""

_VARIANTS: Final = str.maketrans(
    {variant: group[0] for group in VARIANT_GROUPS.split() for variant in group[1:]}
)

_KATAKANA_TO_HIRAGANA: Final = {code: code - 0x60 for code in (*range(0x30A1, 0x30F7), 0x30FD)}
_ONE_SOUND: Final = str.maketrans(
    "ぁぃぅぇぉっゃゅょゎゕゖゐゑを", "あいうえおつやゆよわかけいえお"
)

_DROPPED_CATEGORIES: Final = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Zs", "Zl", "Zp"})
_DROPPED: Final = frozenset("ー・·‧•∙⋅")
# Hyphens and waves typed in place of ー after a kana.
_FALSE_LONG_MARK: Final = re.compile("(?<=[ぁ-ゖ])[-‐‒–—―−~〜～]+")
_REPEAT_MARKS: Final = frozenset("々ゝ〻")

_LONG_VOWELS: Final = re.compile(
    "(?<=[あかさたなはまやらわ])あ+"
    "|(?<=[いきしちにひみり])い+"
    "|(?<=[うくすつぬふむゆる])う+"
    "|(?<=[えけせてねへめれ])[えい]+"
    "|(?<=[おこそとのほもよろ])[おう]+"
)

_KANA_TEXT: Final = re.compile("[ぁ-ゖァ-ヺーゝゞヽヾ・ \u3000]+")
_KANA_LETTER: Final = re.compile("[ぁ-ゖァ-ヺ]")


def fold(text: str) -> str:
    """Fold text for search: spellings that should find each other give the same string.

    Width, case, accents, katakana/hiragana, small kana, voicing, long vowels, spaces, middle
    dots, variation selectors and character variants do not count. Folding twice changes nothing.
    """
    found = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    found = "".join(
        char
        for char in found
        if char not in _DROPPED and unicodedata.category(char) not in _DROPPED_CATEGORIES
    )
    found = unicodedata.normalize("NFC", found).translate(_VARIANTS)
    found = found.translate(_KATAKANA_TO_HIRAGANA).translate(_ONE_SOUND)
    found = _FALSE_LONG_MARK.sub("", _write_out_repeats(found))
    return _LONG_VOWELS.sub("", found)


def fold_given(text: str) -> str:
    """Fold what stands behind the family name: 架空野 花子 gives 花子; nothing without a gap."""
    _family, _gap, given = unicodedata.normalize("NFKC", text).strip().partition(" ")
    return fold(given)


def fold_address(text: str) -> str:
    """Fold an address: 「架空町１丁目２番３号」 and 「架空町1-2-3」 give the same string."""
    found = unicodedata.normalize("NFKC", text).translate(_VARIANTS)
    found = re.sub(r"\s+", "", found)
    found = re.sub(
        r"[一二三四五六七八九](?=丁目)", lambda n: str("〇一二三四五六七八九".index(n[0])), found
    )
    found = re.sub(r"(?<=\d)(?:丁目|番地の|番地|番|号|の|[-‐‒–—―−ー])", "-", found)
    return re.sub(r"-+", "-", found).strip("-")


def is_kana(text: str) -> bool:
    """Say whether text can be a ふりがな: hiragana or katakana of any width, ー, ・ and spaces."""
    found = unicodedata.normalize("NFKC", text)
    return bool(_KANA_TEXT.fullmatch(found) and _KANA_LETTER.search(found))


def _write_out_repeats(text: str) -> str:
    """Write 々 and ゝ as the character they repeat: 佐々木 becomes 佐佐木."""
    written: list[str] = []
    for char in text:
        written.append(written[-1] if written and char in _REPEAT_MARKS else char)
    return "".join(written)
