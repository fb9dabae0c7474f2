//! Mandarin and Cantonese, in both scripts: a "no" a few characters before 录音, or an end to it after.

/// Hold the character and are no recording of a voice; or ask whether, and refuse nothing.
const NOT_MEANT: [&str; 27] = [
    "登录",
    "登錄",
    "登录",
    "目录",
    "目錄",
    "收录",
    "录入",
    "錄入",
    "录取",
    "錄取",
    "是不是",
    "系唔系",
    "係唔係",
    "有没有",
    "有沒有",
    "有冇",
    "录不录",
    "錄唔錄",
    "会不会",
    "會唔會",
    "特别",
    "特別",
    "分别",
    "不要紧",
    "不要緊",
    "唔緊要",
    "没关系",
];
/// A written record.
const WRITTEN: [&str; 6] = ["记录", "記錄", "紀錄", "病历", "病歷", "纪录"];
/// Nothing is against it.
const CONSENTS: [&str; 8] = ["不介意", "唔介意", "不反对", "不反對", "唔反對", "同意录", "同意錄", "可以录"];
/// A voice one listens to or talks with.
const A_VOICE: [&str; 14] = [
    "跟录音",
    "跟錄音",
    "和录音",
    "和錄音",
    "同錄音",
    "同录音",
    "同个录音",
    "同個錄音",
    "听录音",
    "聽錄音",
    "听到录音",
    "聽到錄音",
    "聽唔到錄音",
    "听不到录音",
];
const NO: [&str; 44] = [
    "不要",
    "不想",
    "不愿",
    "不願",
    "不同意",
    "不可以",
    "不能",
    "不许",
    "不許",
    "不准",
    "不接受",
    "不允许",
    "不允許",
    "不喜欢",
    "不喜歡",
    "不希望",
    "不得",
    "不必",
    "不用",
    "不需要",
    "别",
    "別",
    "勿",
    "拒绝",
    "拒絕",
    "反对",
    "反對",
    "停",
    "关",
    "關",
    "取消",
    "删",
    "刪",
    "唔好",
    "唔想",
    "唔同意",
    "唔准",
    "唔可以",
    "唔要",
    "唔畀",
    "唔俾",
    "唔接受",
    "咪",
    "介意",
];
const NO_MORE: [&str; 3] = ["唔鍾意", "唔希望", "唔需要"];
const ENDED: [&str; 10] = ["停", "关", "關", "删", "刪", "取消", "熄", "销毁", "洗咗", "抹"];
/// Characters that a "no" reaches over: 我不希望这个电话被录音.
const REACH: usize = 9;

pub(super) fn refuses(clause: &str) -> bool {
    let mut clause: String = clause.split_whitespace().collect();
    if CONSENTS.iter().any(|words| {
        clause.contains(words) && !clause.contains(&format!("不{words}")) && !clause.contains(&format!("唔{words}"))
    }) || A_VOICE.iter().any(|words| clause.contains(words))
    {
        return false;
    }
    for words in NOT_MEANT {
        clause = clause.replace(words, "　");
    }
    // "Don't keep a record" may be meant for the voice too; that none is found is not.
    let asks = ["不要记录", "别记录", "唔好記錄", "不要記錄"].iter().any(|words| clause.contains(words));
    if asks {
        return true;
    }
    for words in WRITTEN {
        clause = clause.replace(words, "　");
    }
    let Some(at) = clause.find(['录', '錄']) else { return false };
    let (before, after) = clause.split_at(at);
    let near: String = before.chars().rev().take(REACH).collect::<Vec<_>>().into_iter().rev().collect();
    let soon: String = after.chars().take(6).collect();
    NO.iter().chain(&NO_MORE).any(|no| near.contains(no)) || ENDED.iter().any(|end| soon.contains(end))
}
