//! Text taken apart for comparing: what a recogniser wrote, whatever its capitals, punctuation and script variants.
//!
//! Decides what a token is: a run of letters or digits, folded to lower case without accents; each Chinese character alone,
//! traditional forms folded to simplified. Never for display or speech: tokens are only compared with tokens.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::language::Language;

/// The tokens of a text. English apostrophes join ("what's" is `whats`), others part ("l'adresse" is `l`, `adresse`).
pub fn tokens(text: &str, language: Language) -> Vec<String> {
    placed(text, language).into_iter().map(|(token, _)| token).collect()
}

/// The tokens of a text, and which bytes of it each is made from.
pub fn placed(text: &str, language: Language) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut word = (String::new(), 0..0);
    for (at, c) in text.char_indices() {
        if matches!(c, '\'' | '\u{2019}' | '\u{2018}') && language != Language::French {
            continue;
        }
        let end = at + c.len_utf8();
        if is_han(c) {
            flush(&mut word, &mut found);
            found.push((simplified(c).to_string(), at..end));
        } else if c.is_alphanumeric() || is_gurmukhi(c) {
            if word.0.is_empty() {
                word.1.start = at;
            }
            fold(c, &mut word.0);
            word.1.end = end;
        } else {
            flush(&mut word, &mut found);
        }
    }
    flush(&mut word, &mut found);
    found
}

fn flush(word: &mut (String, Range<usize>), found: &mut Vec<(String, Range<usize>)>) {
    if !word.0.is_empty() {
        found.push(std::mem::replace(word, (String::new(), 0..0)));
    }
}

pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The whole block, so that vowel signs and the virama stay inside their word.
const fn is_gurmukhi(c: char) -> bool {
    matches!(c, '\u{0a00}'..='\u{0a7f}')
}

fn fold(c: char, word: &mut String) {
    let plain = match c {
        // Nukta: recognisers leave it out as often as not.
        '\u{0a3c}' => return,
        '\u{0a33}' => '\u{0a32}',
        '\u{0a36}' => '\u{0a38}',
        '\u{0a59}' => '\u{0a16}',
        '\u{0a5a}' => '\u{0a17}',
        '\u{0a5b}' => '\u{0a1c}',
        '\u{0a5e}' => '\u{0a2b}',
        '\u{0a66}'..='\u{0a6f}' => ascii_digit(c, '\u{0a66}'),
        '\u{ff10}'..='\u{ff19}' => ascii_digit(c, '\u{ff10}'),
        c => c,
    };
    for c in plain.to_lowercase() {
        match c {
            'à' | 'â' | 'ä' | 'á' => word.push('a'),
            'ç' => word.push('c'),
            'é' | 'è' | 'ê' | 'ë' => word.push('e'),
            'î' | 'ï' | 'í' => word.push('i'),
            'ô' | 'ö' | 'ó' => word.push('o'),
            'ù' | 'û' | 'ü' | 'ú' => word.push('u'),
            'œ' => word.push_str("oe"),
            c => word.push(c),
        }
    }
}

fn ascii_digit(c: char, zero: char) -> char {
    char::from_digit(c as u32 - zero as u32, 10).unwrap_or(c)
}

/// Traditional then simplified, for the characters that occur in what callers of a clinic say. A recogniser that knows only
/// "Chinese" writes either.
const VARIANTS: &str = "請请電电話话號号碼码時时間间開开門门關关診诊醫医們们個个嗎吗麼么點点鐘钟幾几週周來来說说講讲聽听見见謝谢對对錯错\
                        沒没這这裡里裏里員员職职車车場场停停轉转幫帮問问題题樓楼層层條条預预約约嘅嘅係係喺喺號号訊讯個个記记錄录頭头緊紧\
                        過过還还進进遠远近近運运動动體体壓压藥药險险費费錢钱買买賣卖復复後后從从為为會会應应該该當当發发現现報报檢检\
                        查查驗验護护歲岁國国語语廣广東东學学習习給给經经線线總总統统聯联絡络網网絲丝氣气溫温熱热燒烧傷伤死死殺杀斃毙\
                        腦脑臟脏風风癱瘫瘓痪難难喘喘呼呼暈晕窒窒毒毒劇剧嚴严禮礼節节聖圣誕诞單单雙双獨独與与誰谁幹干嚟嚟帶带爾尔飛飞\
                        觸触壞坏媽妈爺爷產产須须頁页願愿歡欢慶庆離离確确認认識识讓让請请無无異异勞劳駕驾麻麻煩烦稍稍等等兩两萬万億亿\
                        佢佢哋哋冇冇嘢嘢唔唔邊边啲啲\
                        機机銀银圖图書书館馆傳传傾倾價价優优兒儿凍冻別别劑剂務务勝胜匯汇嘗尝圍围塊块夠够夢梦婦妇嬰婴實实寫写寵宠將将導导師师幣币\
                        廁厕廚厨張张彈弹徑径戲戏戶户採采揀拣換换搖摇擺摆擇择據据數数斷断於于暫暂標标樣样樹树橋桥檔档櫃柜欄栏歷历歸归殘残決决沖冲\
                        涼凉淺浅測测滿满漢汉潔洁濕湿灣湾燈灯爐炉爭争狀状獲获環环療疗癢痒監监盤盘種种稅税筆笔範范篩筛簡简簽签籌筹粵粤紀纪紅红納纳\
                        純纯紙纸級级細细組组結结絕绝綠绿維维緩缓編编縣县縫缝織织續续纏缠罰罚羅罗義义聞闻聰聪脫脱腎肾腫肿膚肤膠胶膽胆臉脸舉举舊旧\
                        艱艰蓋盖藝艺蘋苹蘭兰處处虛虚術术裝装複复褲裤視视親亲觀观計计訂订討讨訓训訴诉註注評评詞词試试詩诗詳详課课調调談谈論论諮咨\
                        證证譯译譜谱讀读變变貓猫負负財财貨货責责貴贵貿贸賀贺資资賓宾賠赔賬账賺赚賽赛購购贏赢趕赶跡迹軍军軟软較较載载輔辅輕轻輪轮\
                        輸输辦办農农邁迈鄰邻醬酱釋释針针鈴铃鋪铺鍾钟鎖锁鏡镜鐵铁鑰钥閃闪閉闭閒闲閣阁闊阔隊队階阶際际隨随隱隐雜杂雖虽雞鸡靈灵靜静\
                        響响頂顶項项順顺領领頸颈顏颜額额顧顾飯饭飲饮飽饱餅饼馬马駁驳駐驻騎骑驚惊髮发鬆松鬧闹魚鱼鮮鲜鳥鸟鹽盐麥麦麵面黃黄齊齐齒齿\
                        龍龙鍵键隻只閂闩區区傑杰腸肠腳脚緣缘籃篮圓圆團团專专尋寻嶺岭悶闷憶忆戰战掛挂搵揾畀俾撥拨擔担曬晒曉晓棟栋楊杨極极槍枪檯台\
                        濟济瀏浏滅灭煉炼爛烂獎奖\
                        陳陈劉刘趙赵吳吴鄭郑馮冯鄧邓盧卢蔣蒋鄺邝譚谭蕭萧龔龚韓韩鄒邹";

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let (mut pairs, mut simplified) = (VARIANTS.chars(), HashMap::new());
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        simplified.entry(from).or_insert(to);
    }
    simplified
});

fn simplified(c: char) -> char {
    if c == '\u{3007}' { '零' } else { SIMPLIFIED.get(&c).copied().unwrap_or(c) }
}

/// A phrase as tokens, to be found in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase(Vec<String>);

impl Phrase {
    pub fn new(text: &str, language: Language) -> Self {
        Self(tokens(text, language))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// Where it begins in `text`.
    pub fn position(&self, text: &[String]) -> Option<usize> {
        if self.0.is_empty() || text.len() < self.0.len() {
            return None;
        }
        text.windows(self.0.len()).position(|w| w == self.0)
    }

    pub fn starts(&self, text: &[String]) -> bool {
        !self.0.is_empty() && text.starts_with(&self.0)
    }
}

/// Phrases that are alike: all the ways to say yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases(Vec<Phrase>);

impl Phrases {
    pub fn new<S: AsRef<str>>(texts: &[S], language: Language) -> Self {
        let mut phrases: Vec<_> =
            texts.iter().map(|t| Phrase::new(t.as_ref(), language)).filter(|p| !p.is_empty()).collect();
        // Longest first, so that "of course not" is found before "of course".
        phrases.sort_by_key(|p| std::cmp::Reverse(p.len()));
        Self(phrases)
    }

    /// The longest one that `text` begins with: its number of tokens.
    pub fn prefix(&self, text: &[String]) -> Option<usize> {
        self.0.iter().find(|p| p.starts(text)).map(Phrase::len)
    }

    pub fn found_in(&self, text: &[String]) -> bool {
        self.0.iter().any(|p| p.position(text).is_some())
    }

    /// Whether one of them begins with all of `text` and goes on after it.
    pub fn continue_from(&self, text: &[String]) -> bool {
        self.0.iter().any(|p| p.len() > text.len() && p.0.starts_with(text))
    }

    pub fn ends(&self, text: &[String]) -> bool {
        self.0.iter().any(|p| text.ends_with(&p.0))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Phrase> {
        self.0.iter()
    }
}

/// Whether the whole text is made of phrases of these sets; an empty text is not.
pub fn made_of(text: &[String], sets: &[&Phrases]) -> bool {
    made_without(text, sets, &Phrases::default())
}

/// The same, but never where a longer phrase of `except` begins: 唔係 is not 唔 and 係.
pub fn made_without(mut text: &[String], sets: &[&Phrases], except: &Phrases) -> bool {
    if text.is_empty() {
        return false;
    }
    while !text.is_empty() {
        match sets.iter().filter_map(|s| s.prefix(text)).max() {
            Some(n) if except.prefix(text).is_none_or(|e| e <= n) => text = &text[n..],
            Some(_) | None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_forget_case_punctuation_and_accents() {
        assert_eq!(tokens("What's your ADDRESS?", Language::English), ["whats", "your", "address"]);
        assert_eq!(tokens("Où est l'hôpital?", Language::French), ["ou", "est", "l", "hopital"]);
        assert_eq!(tokens("uh-huh.", Language::English), ["uh", "huh"]);
    }

    #[test]
    fn chinese_characters_stand_alone_in_simplified_form() {
        assert_eq!(tokens("請問幾點開門?", Language::Mandarin), ["请", "问", "几", "点", "开", "门"]);
        assert_eq!(tokens("MRI檢查", Language::Mandarin), ["mri", "检", "查"]);
    }

    #[test]
    fn gurmukhi_words_keep_their_signs_and_lose_their_nukta() {
        assert_eq!(tokens("ਹਾਂ ਜੀ, ਫ਼ੋਨ ੫", Language::Punjabi), ["ਹਾਂ", "ਜੀ", "ਫੋਨ", "5"]);
    }

    #[test]
    fn every_token_knows_what_it_is_made_from() {
        let text = "Élise's, 請 ੫";
        let made: Vec<_> = placed(text, Language::English).into_iter().map(|(token, at)| (token, &text[at])).collect();
        let of = |token: &str, from: &'static str| (token.to_owned(), from);
        assert_eq!(made, [of("elises", "Élise's"), of("请", "請"), of("5", "੫")]);
    }

    #[test]
    fn made_of_takes_the_longest_phrase_at_each_place() {
        let yes = Phrases::new(&["of course", "yes"], Language::English);
        let no = Phrases::new(&["of course not"], Language::English);
        let text = tokens("Yes. Of course not", Language::English);
        assert!(!made_of(&text, &[&yes]));
        assert!(made_of(&text, &[&yes, &no]));
        assert!(!made_of(&[], &[&yes]));
    }

    #[test]
    fn family_names_are_one_in_either_script() {
        assert_eq!(
            tokens("陳醫生 劉醫生 鄺小姐", Language::Mandarin),
            tokens("陈医生 刘医生 邝小姐", Language::Mandarin)
        );
    }

    #[test]
    fn every_variant_has_its_pair() {
        assert_eq!(VARIANTS.chars().filter(|c| !c.is_whitespace()).count() % 2, 0);
        assert!(!VARIANTS.contains(char::is_whitespace));
    }
}
