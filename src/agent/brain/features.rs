//! English text as features: what words stand for, which words they are, which stand together, and how they are spelt.
//!
//! Pure. Words that mean the same to a clinic's callers share a concept; a word never met before counts as one that is rare, which
//! speaks for a foreign question. Spelling (letter triples) carries words a recogniser got almost right.

use crate::language::Language;
use crate::tokens::tokens;

/// A feature and its weight.
pub(super) type Feature = (String, f32);

/// Words that carry nothing.
const FILLERS: &[&str] = &[
    "um",
    "uh",
    "umm",
    "uhh",
    "er",
    "erm",
    "so",
    "well",
    "please",
    "just",
    "actually",
    "basically",
    "ok",
    "okay",
    "guys",
    "there",
    "then",
    "also",
    "and",
    "the",
    "a",
    "an",
    "maybe",
    "wondering",
    "kindly",
    "quickly",
    "quick",
    "hey",
    "hi",
    "hello",
    "yeah",
    "yes",
    "oh",
    "ah",
];

/// Words too common to be rare.
const PLAIN: &[&str] = &[
    "i", "im", "id", "ill", "ive", "me", "my", "mine", "we", "us", "our", "you", "your", "youre", "yours", "he", "she",
    "it", "its", "they", "them", "their", "this", "that", "thats", "these", "those", "is", "are", "was", "were", "be",
    "been", "am", "do", "does", "did", "dont", "have", "has", "had", "can", "could", "would", "will", "should", "may",
    "might", "must", "to", "of", "for", "from", "with", "at", "in", "on", "by", "up", "out", "about", "or", "but",
    "if", "not", "no", "what", "whats", "when", "whens", "where", "wheres", "who", "whos", "how", "which", "why",
    "want", "need", "know", "tell", "say", "get", "got", "give", "go", "come", "let", "any", "some", "someone",
    "anyone", "one", "more", "there", "here", "now", "good", "great", "right", "sure", "able", "wanna", "gonna",
    "lets", "find", "see", "look", "looking", "ask", "question", "hello", "hi", "hey", "yes", "yeah", "thanks",
    "thank", "please", "sorry", "really", "very", "much", "again", "too", "as", "than", "into", "only", "still", "all",
    "doing", "calling", "call", "today", "possible", "wanted", "leave", "front", "place", "change", "service",
    "called", "alot", "lot", "put", "take", "part", "side", "coming", "use", "help", "else", "bit", "moment", "thing",
    "things", "okay", "free", "long", "near",
];

/// Words that stand for one together; the longest are found first.
const TOGETHER: &[(&str, &str)] = &[
    ("uh huh", "uhhuh"),
    ("mm hmm", "uhhuh"),
    ("how are you today", "greetyou"),
    ("how are you", "greetyou"),
    ("hows it going", "greetyou"),
    ("get in", "getto"),
    ("get into", "getto"),
    ("are you human", "areyoua"),
    ("are you real", "areyoua"),
    ("leave word", "tellthem"),
    ("schedule a", "book"),
    ("schedule an", "book"),
    ("schedule my", "book"),
    ("to schedule", "book"),
    ("walk in", "walkin"),
    ("good night", "goodnight"),
    ("bye bye", "bye"),
    ("hang up", "bye"),
    ("take care", "bye"),
    ("see you", "bye"),
    ("talk to you later", "bye"),
    ("have a good", "bye"),
    ("have a great", "bye"),
    ("have a nice", "bye"),
    ("good morning", "hello"),
    ("good afternoon", "hello"),
    ("good evening", "hello"),
    ("a lot", "alot"),
    ("call back", "callback"),
    ("call me back", "callback"),
    ("phone me back", "callback"),
    ("ring me back", "callback"),
    ("get back to me", "callback"),
    ("return my call", "callback"),
    ("call me", "callback"),
    ("phone me", "callback"),
    ("give me a call", "callback"),
    ("give me a ring", "callback"),
    ("doctors note", "sicknote"),
    ("sick note", "sicknote"),
    ("email address", "email"),
    ("e mail", "email"),
    ("phone number", "phonenumber"),
    ("telephone number", "phonenumber"),
    ("fax number", "fax"),
    ("number for the", "phonenumber"),
    ("reach you", "phonenumber"),
    ("what time", "when"),
    ("front desk", "receptionist"),
    ("put me through", "connect"),
    ("put through", "connect"),
    ("real person", "human"),
    ("live person", "human"),
    ("actual person", "human"),
    ("human being", "human"),
    ("close to", "nearby"),
    ("next to", "nearby"),
    ("close by", "nearby"),
    ("near by", "nearby"),
    ("next door", "nextdoor"),
    ("get to", "getto"),
    ("get there", "getto"),
    ("come to", "getto"),
    ("come there", "getto"),
    ("go there", "getto"),
    ("make it there", "getto"),
    ("head over", "getto"),
    ("cant find", "lost"),
    ("can not find", "lost"),
    ("cannot find", "lost"),
    ("dont see", "lost"),
    ("come in", "visitus"),
    ("come by", "visitus"),
    ("drop in", "visitus"),
    ("drop by", "visitus"),
    ("stop by", "visitus"),
    ("swing by", "visitus"),
    ("come over", "visitus"),
    ("let them know", "tellthem"),
    ("let him know", "tellthem"),
    ("let her know", "tellthem"),
    ("let the doctor know", "tellthem"),
    ("let dr", "tellthem"),
    ("tell the doctor", "tellthem"),
    ("tell the nurse", "tellthem"),
    ("tell doctor", "tellthem"),
    ("tell dr", "tellthem"),
    ("tell them", "tellthem"),
    ("tell him", "tellthem"),
    ("tell her", "tellthem"),
    ("ask them to", "tellthem"),
    ("have them", "tellthem"),
    ("have the nurse", "tellthem"),
    ("have the doctor", "tellthem"),
    ("have the office", "tellthem"),
    ("have someone", "tellthem"),
    ("have somebody", "tellthem"),
    ("pass on", "tellthem"),
    ("pass along", "tellthem"),
    ("what can you", "whatcanyou"),
    ("how can you", "whatcanyou"),
    ("what are you able", "whatcanyou"),
    ("whats your name", "whoareyou"),
    ("what is your name", "whoareyou"),
    ("who is this", "whoareyou"),
    ("whos this", "whoareyou"),
    ("who are you", "whoareyou"),
    ("who am i", "whoareyou"),
    ("am i talking to a", "areyoua"),
    ("am i speaking to a", "areyoua"),
    ("am i speaking with a", "areyoua"),
    ("are you a", "areyoua"),
    ("are you an", "areyoua"),
    ("you say", "yousay"),
    ("you said", "yousay"),
    ("you just said", "yousay"),
    ("say that", "yousay"),
    ("say it", "yousay"),
    ("was that", "yousay"),
    ("one more time", "again"),
    ("how many", "howmany"),
    ("how old", "howold"),
    ("update my", "updatemy"),
    ("change my", "updatemy"),
    ("changed my", "updatemy"),
    ("new year", "christmas"),
    ("new years", "christmas"),
    ("boxing day", "christmas"),
    ("canada day", "christmas"),
    ("family day", "christmas"),
    ("labour day", "christmas"),
    ("labor day", "christmas"),
    ("victoria day", "christmas"),
    ("remembrance day", "christmas"),
    ("good friday", "christmas"),
    ("long weekend", "christmas"),
    ("x ray", "xray"),
    ("blood work", "bloodwork"),
    ("health card", "healthcard"),
    ("care card", "healthcard"),
    ("video visit", "virtual"),
];

/// Words that mean the same here. A concept is a feature of its own, and so is each pair of them.
const CONCEPTS: &[(&str, &[&str])] = &[
    (
        "OPEN",
        &["open", "opens", "opening", "opened", "close", "closes", "closed", "closing", "shut", "shuts", "operating"],
    ),
    ("HOURS", &["hours", "hour", "ours", "times", "timing", "timings", "timetable", "schedules"]),
    ("TIME", &["time", "when", "whens", "late", "latest", "early", "earliest", "until", "till", "til"]),
    (
        "DAY",
        &[
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "mondays",
            "tuesdays",
            "wednesdays",
            "thursdays",
            "fridays",
            "saturdays",
            "sundays",
            "weekend",
            "weekends",
            "weekday",
            "weekdays",
            "today",
            "tomorrow",
            "tonight",
            "morning",
            "evening",
            "evenings",
            "afternoon",
            "days",
            "day",
            "lunch",
            "noon",
        ],
    ),
    (
        "HOLIDAY",
        &[
            "holiday",
            "holidays",
            "christmas",
            "xmas",
            "easter",
            "thanksgiving",
            "boxing",
            "stat",
            "statutory",
            "halloween",
            "remembrance",
            "labour",
            "labor",
            "victoria",
            "canada",
            "years",
            "eve",
        ],
    ),
    (
        "ADDRESS",
        &[
            "address",
            "adress",
            "addresses",
            "located",
            "location",
            "situated",
            "postal",
            "zip",
            "street",
            "avenue",
            "suite",
            "unit",
            "floor",
            "building",
            "city",
            "town",
            "gps",
            "map",
            "maps",
            "corner",
        ],
    ),
    ("WHERE", &["where", "wheres", "whereabouts"]),
    (
        "PARK",
        &[
            "park", "parking", "parked", "parkin", "parks", "garage", "meter", "meters", "metered", "stall", "stalls",
            "spot", "spots", "parkade", "valet", "carpark",
        ],
    ),
    ("CAR", &["car", "cars", "vehicle", "van", "truck", "drive", "driving", "drove", "suv"]),
    (
        "WAY",
        &[
            "directions",
            "direction",
            "way",
            "route",
            "direct",
            "entrance",
            "door",
            "doors",
            "elevator",
            "landmark",
            "intersection",
            "lost",
            "highway",
            "exit",
            "walking",
            "crossroads",
            "getto",
            "outside",
            "inside",
            "entry",
            "elevators",
            "stairs",
        ],
    ),
    (
        "TRANSIT",
        &[
            "bus",
            "buses",
            "skytrain",
            "train",
            "trains",
            "station",
            "transit",
            "subway",
            "metro",
            "stop",
            "streetcar",
            "seabus",
        ],
    ),
    ("MESSAGE", &["message", "messages", "voicemail", "note", "memo", "msg"]),
    ("TELL", &["tellthem"]),
    ("NEAR", &["near", "nearby", "nearest", "closest", "beside", "around", "landmark", "neighbourhood"]),
    ("VISIT", &["visitus"]),
    ("WANT", &["want", "wanted", "need", "rather", "prefer"]),
    ("NEG", &["dont", "not", "never"]),
    ("WORK", &["work", "works", "working"]),
    ("HOWMANY", &["howmany"]),
    ("UHHUH", &["uhhuh"]),
    ("YOUARE", &["areyoua", "whoareyou", "whatcanyou"]),
    ("UPDATE", &["updatemy", "howold"]),
    ("CALLBACK", &["callback", "callbacks"]),
    (
        "PERSON",
        &[
            "person",
            "human",
            "humans",
            "somebody",
            "someone",
            "anybody",
            "people",
            "representative",
            "rep",
            "operator",
            "agent",
            "receptionist",
            "reception",
            "staff",
            "manager",
            "secretary",
            "attendant",
            "nurse",
            "assistant",
            "supervisor",
            "live",
        ],
    ),
    ("SPEAK", &["speak", "talk", "speaking", "talking", "chat", "transfer", "connect", "transferred", "connected"]),
    ("BYE", &["bye", "goodbye", "byebye", "cya", "farewell", "cheers", "goodnight"]),
    ("THANKS", &["thanks", "thank", "thankyou", "appreciate", "appreciated", "grateful", "ty"]),
    (
        "REPEAT",
        &[
            "repeat", "pardon", "again", "catch", "slower", "louder", "hear", "heard", "missed", "huh", "sorry",
            "rephrase", "yousay", "excuse",
        ],
    ),
    ("GREET", &["greetyou", "hello", "hi", "hey", "morning", "afternoon", "evening", "greetings", "howdy"]),
    ("FAX", &["fax", "email", "mail", "telephone", "phonenumber", "number", "website"]),
    (
        "LANGUAGE",
        &[
            "language",
            "languages",
            "chinese",
            "mandarin",
            "cantonese",
            "punjabi",
            "french",
            "hindi",
            "spanish",
            "english",
            "tagalog",
            "korean",
            "farsi",
            "arabic",
            "vietnamese",
            "japanese",
            "urdu",
            "interpreter",
            "translator",
        ],
    ),
    (
        "DOCTOR",
        &["doctor", "doctors", "dr", "physician", "physicians", "practitioner", "practitioners", "gp", "docs", "doc"],
    ),
    ("ROBOT", &["robot", "machine", "bot", "ai", "computer", "recording", "automated", "artificial"]),
    ("CLINIC", &["clinic", "clinics", "office", "place", "practice", "centre", "center"]),
    (
        "BOOK",
        &[
            "appointment",
            "appointments",
            "book",
            "booking",
            "booked",
            "scheduled",
            "reschedule",
            "rescheduled",
            "cancel",
            "cancellation",
            "cancelled",
            "checkup",
            "availability",
            "available",
            "slot",
            "slots",
        ],
    ),
    (
        "MEDICINE",
        &[
            "prescription",
            "prescriptions",
            "prescribe",
            "refill",
            "refills",
            "renew",
            "renewal",
            "medication",
            "medications",
            "medicine",
            "medicines",
            "pill",
            "pills",
            "drug",
            "drugs",
            "dose",
            "dosage",
            "tylenol",
            "advil",
            "ibuprofen",
            "aspirin",
            "antibiotic",
            "antibiotics",
            "amoxicillin",
            "pharmacy",
            "pharmacist",
            "vitamin",
            "vitamins",
            "insulin",
            "inhaler",
            "cream",
        ],
    ),
    (
        "MONEY",
        &[
            "cost",
            "costs",
            "price",
            "prices",
            "charge",
            "charges",
            "fee",
            "fees",
            "bill",
            "bills",
            "invoice",
            "pay",
            "paid",
            "payment",
            "refund",
            "expensive",
            "money",
            "dollars",
            "dollar",
            "receipt",
        ],
    ),
    (
        "INSURANCE",
        &[
            "insurance",
            "coverage",
            "cover",
            "claim",
            "claims",
            "msp",
            "ohip",
            "benefits",
            "deductible",
            "blue",
            "plan",
            "insured",
        ],
    ),
    (
        "ILL",
        &[
            "fever",
            "pain",
            "hurts",
            "hurt",
            "rash",
            "cough",
            "cold",
            "flu",
            "sick",
            "headache",
            "stomach",
            "knee",
            "ankle",
            "swollen",
            "infection",
            "infected",
            "contagious",
            "symptom",
            "symptoms",
            "pregnant",
            "pregnancy",
            "blood",
            "pressure",
            "diabetes",
            "allergy",
            "allergic",
            "allergies",
            "sore",
            "throat",
            "ear",
            "dizzy",
            "vomiting",
            "bleeding",
            "injury",
            "injured",
            "baby",
            "covid",
            "diagnosis",
            "disease",
            "treat",
            "treatment",
            "effects",
            "reaction",
        ],
    ),
    (
        "TEST",
        &[
            "test",
            "tests",
            "testing",
            "result",
            "results",
            "lab",
            "labs",
            "xray",
            "ray",
            "ultrasound",
            "scan",
            "mri",
            "mammogram",
            "biopsy",
            "exam",
            "physical",
            "pap",
            "urine",
            "bloodwork",
        ],
    ),
    (
        "REFER",
        &[
            "referral",
            "referrals",
            "referred",
            "specialist",
            "dermatologist",
            "cardiologist",
            "records",
            "record",
            "files",
            "file",
            "chart",
            "form",
            "forms",
            "certificate",
            "paperwork",
            "sicknote",
            "healthcard",
        ],
    ),
    (
        "VACCINE",
        &[
            "vaccine",
            "vaccines",
            "vaccination",
            "vaccinations",
            "shot",
            "shots",
            "booster",
            "immunization",
            "immunizations",
            "injection",
            "jab",
        ],
    ),
    (
        "PATIENT",
        &[
            "patient",
            "patients",
            "register",
            "registration",
            "registering",
            "accepting",
            "enroll",
            "accept",
            "insurance",
        ],
    ),
    ("WAIT", &["wait", "waiting", "waits", "busy", "queue", "lineup", "walkin", "virtual"]),
    (
        "OFFTOPIC",
        &[
            "weather",
            "rain",
            "snow",
            "temperature",
            "forecast",
            "joke",
            "song",
            "music",
            "pizza",
            "restaurant",
            "hockey",
            "game",
            "news",
            "president",
            "minister",
            "stock",
            "movie",
            "taxi",
            "uber",
            "hotel",
            "flight",
            "internet",
            "password",
            "job",
            "jobs",
            "hiring",
            "resume",
            "dog",
            "cat",
            "pet",
            "recipe",
        ],
    ),
];

/// Concepts that are none of the brain's business.
const FOREIGN: &[&str] = &[
    "BOOK",
    "MEDICINE",
    "MONEY",
    "INSURANCE",
    "ILL",
    "TEST",
    "REFER",
    "VACCINE",
    "PATIENT",
    "WAIT",
    "OFFTOPIC",
    "UPDATE",
];

/// Of these, the ones that no question about a fact of the clinic holds.
const FORBIDDEN: &[&str] = &["BOOK", "MEDICINE", "INSURANCE", "ILL", "TEST", "REFER", "VACCINE", "OFFTOPIC", "UPDATE"];

/// What is asked of the people at the desk.
const DESK: &[&str] = &["MESSAGE", "TELL", "CALLBACK", "PERSON", "SPEAK"];

pub(super) struct Features {
    pub all: Vec<Feature>,
    /// It speaks of something that is none of the brain's business.
    pub foreign: bool,
    /// So plainly that no fact can be meant.
    pub forbidden: bool,
    /// It speaks of messages or people: then it may be about anything.
    pub asks_desk: bool,
    /// What it speaks of.
    pub concepts: Vec<&'static str>,
    /// Stems that are neither plain nor part of a concept: rare if not met before.
    pub unusual: Vec<String>,
}

/// The features of a sentence, without the ones for rare words, which depend on what was met in training.
pub(super) fn of(text: &str) -> Features {
    let words = together(tokens(text, Language::English));
    let mut kept: Vec<&str> = words.iter().map(String::as_str).filter(|w| !FILLERS.contains(w)).collect();
    if kept.is_empty() {
        kept = words.iter().map(String::as_str).collect();
    }
    let mut all = Vec::new();
    let mut add = |name: String, weight: f32| all.push((name, weight));
    let mut concepts: Vec<&'static str> = Vec::new();
    let mut unusual = Vec::new();
    let mut shape: Vec<String> = vec!["^".to_owned()];
    for (at, word) in kept.iter().enumerate() {
        let stem = stem(word);
        add(format!("w:{stem}"), 1.0);
        let mut means = CONCEPTS.iter().filter(|(_, members)| members.contains(word)).map(|(c, _)| *c).peekable();
        match means.peek() {
            Some(first) => shape.push((*first).to_owned()),
            None => {
                shape.push(stem.clone());
                // The name after "doctor" is rare by nature.
                let is_name = at > 0 && ["doctor", "dr"].contains(&kept[at - 1]);
                if !is_name && !PLAIN.contains(word) && !word.bytes().all(|b| b.is_ascii_digit()) {
                    unusual.push(stem.clone());
                }
            }
        }
        concepts.extend(means);
        if word.len() >= 5 {
            let letters: Vec<char> = format!("<{word}>").chars().collect();
            for triple in letters.windows(3) {
                add(format!("t:{}", triple.iter().collect::<String>()), 0.2);
            }
        }
    }
    shape.push("$".to_owned());
    let speaks_of = |set: &[&str]| concepts.iter().any(|c| set.contains(c));
    let foreign = speaks_of(FOREIGN);
    let asks_desk = speaks_of(DESK);
    // "Holiday schedule" and the like are no bookings.
    let schedule =
        kept.iter().any(|w| ["schedule", "hours"].contains(w)) && !kept.iter().any(|w| w.starts_with("appointment"));
    let forbidden = speaks_of(FORBIDDEN) && !schedule;
    concepts.sort_unstable();
    concepts.dedup();
    for (i, one) in concepts.iter().enumerate() {
        add(format!("c:{one}"), 2.0);
        for other in &concepts[i + 1..] {
            add(format!("p:{one}+{other}"), 1.0);
        }
    }
    for pair in shape.windows(2) {
        add(format!("b:{}_{}", pair[0], pair[1]), 0.8);
    }
    for triple in shape.windows(3) {
        add(format!("s:{}_{}_{}", triple[0], triple[1], triple[2]), 0.5);
    }
    for manners in
        words.iter().filter(|w| ["hello", "hi", "hey", "yes", "yeah", "okay", "ok"].contains(&w.as_str())).take(1)
    {
        add(format!("m:{manners}"), if kept.len() <= 2 { 1.0 } else { 0.2 });
    }
    add(format!("n:{}", kept.len().min(5)), 0.5);
    if let [first, second, ..] = kept.as_slice() {
        add(format!("f:{first}_{second}"), 0.7);
    }
    Features { all, foreign, forbidden, asks_desk, concepts, unusual }
}

/// Words that belong together, as one.
fn together(words: Vec<String>) -> Vec<String> {
    let mut joined = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some(first) = rest.first() {
        let matches = |(phrase, _): &&(&str, &str)| {
            let mut parts = phrase.split(' ');
            rest.len() >= phrase.split(' ').count()
                && rest.iter().map_while(|w| parts.next().map(|p| p == w)).all(|same| same)
        };
        match TOGETHER.iter().filter(matches).max_by_key(|(phrase, _)| phrase.len()) {
            Some((phrase, one)) => {
                joined.push((*one).to_owned());
                rest = &rest[phrase.split(' ').count()..];
            }
            None => {
                joined.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    joined
}

/// The word without its usual endings.
fn stem(word: &str) -> String {
    for (ending, least) in [("ing", 6), ("ed", 5), ("es", 6), ("s", 4)] {
        if word.len() >= least
            && let Some(stem) = word.strip_suffix(ending)
            && !stem.ends_with('s')
        {
            return stem.to_owned();
        }
    }
    word.to_owned()
}
