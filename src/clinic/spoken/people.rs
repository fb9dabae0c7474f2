//! Who works at a clinic, said in the caller's language.
//!
//! Pure. What somebody is stands in the clinic's file in English, and is said in English alone.

use super::list;
use crate::clinic::NewPatients;
use crate::language::Language;

/// Somebody as they are told of.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub name: &'a str,
    pub role: Option<&'a str>,
    /// `None`: the clinic does not say.
    pub new_patients: Option<NewPatients>,
}

impl Told<'_> {
    fn words(&self, language: Language) -> String {
        let name = match (language, self.role) {
            (Language::English, Some(role)) => format!("{}, {role}", self.name),
            (Language::English, None)
            | (Language::French | Language::Mandarin | Language::Cantonese | Language::Punjabi, _) => {
                self.name.to_owned()
            }
        };
        let takes = self.new_patients.map_or("", |new| new.words(language));
        format!("{name}{takes}")
    }
}

impl NewPatients {
    /// After a name.
    const fn words(self, language: Language) -> &'static str {
        let [english, french, mandarin, cantonese, punjabi] = match self {
            Self::Accepted => [
                ", who takes new patients",
                ", qui prend de nouveaux patients",
                ",接收新病人",
                ",收新病人",
                ", ਨਵੇਂ ਮਰੀਜ਼ ਲੈਂਦੇ ਹਨ",
            ],
            Self::NotNow => [
                ", who takes no new patients now",
                ", qui ne prend pas de nouveaux patients pour le moment",
                ",目前不接收新病人",
                ",暫時唔收新病人",
                ", ਇਸ ਵੇਲੇ ਨਵੇਂ ਮਰੀਜ਼ ਨਹੀਂ ਲੈਂਦੇ",
            ],
        };
        match language {
            Language::English => english,
            Language::French => french,
            Language::Mandarin => mandarin,
            Language::Cantonese => cantonese,
            Language::Punjabi => punjabi,
        }
    }
}

pub fn work_here(told: &[Told<'_>], language: Language) -> String {
    let each: Vec<String> = told.iter().map(|one| one.words(language)).collect();
    match language {
        Language::English => {
            let are = if told.len() == 1 { "is" } else { "are" };
            format!("At our clinic there {are} {}.", list(&each, "; ", "; and "))
        }
        Language::French => format!("À notre clinique, il y a {}.", list(&each, "; ", "; et ")),
        Language::Mandarin => format!("我们诊所有:{}。", each.join(";")),
        Language::Cantonese => format!("我哋診所有:{}。", each.join(";")),
        Language::Punjabi => format!("ਸਾਡੇ ਕਲੀਨਿਕ ਵਿੱਚ ਹਨ: {}।", list(&each, "; ", "; ਅਤੇ ")),
    }
}

/// Of those sought.
pub const fn nobody(language: Language) -> &'static str {
    match language {
        Language::English => "Nobody like that works here.",
        Language::French => "Personne de ce genre ne travaille ici.",
        Language::Mandarin => "我们诊所没有这样的医护人员。",
        Language::Cantonese => "我哋診所冇咁樣嘅醫護人員。",
        Language::Punjabi => "ਇੱਥੇ ਇਹੋ ਜਿਹਾ ਕੋਈ ਕੰਮ ਨਹੀਂ ਕਰਦਾ।",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_new_patients_is_said_and_what_is_not_known_is_not() {
        let told = [
            Told { name: "Dr. Wei Chen", role: Some("family doctor"), new_patients: Some(NewPatients::Accepted) },
            Told { name: "Dr. Priya Singh", role: Some("family doctor"), new_patients: Some(NewPatients::NotNow) },
            Told { name: "Sarah MacDonald", role: None, new_patients: None },
        ];
        assert_eq!(
            work_here(&told, Language::English),
            "At our clinic there are Dr. Wei Chen, family doctor, who takes new patients; Dr. Priya Singh, family doctor, \
             who takes no new patients now; and Sarah MacDonald."
        );
        assert_eq!(
            work_here(&told[..1], Language::French),
            "À notre clinique, il y a Dr. Wei Chen, qui prend de nouveaux patients."
        );
        assert_eq!(
            work_here(&told[1..], Language::Mandarin),
            "我们诊所有:Dr. Priya Singh,目前不接收新病人;Sarah MacDonald。"
        );
        for language in Language::ALL {
            let said = work_here(&told, language);
            assert!(told.iter().all(|one| said.contains(one.name)), "{said}");
        }
    }
}
