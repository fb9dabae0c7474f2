use super::*;

fn folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let models = set("ATTENDANT_MODELS_DIR").or_else(|| Some(cache()?.join("attendant/models")));
    models.unwrap_or_default().join("sentence-encoder")
}

fn encoder() -> SentenceEncoder {
    SentenceEncoder::open(&folder()).expect("`make models` has fetched the sentence encoder")
}

/// Numbers of the Python package (0.2.1): pieces, and the first eight numbers of the vector.
const GOLDEN: &[(&str, &[u32], [f32; 8])] = &[
    (
        "what time do you close on friday",
        &[252, 294, 61, 37, 2341, 54, 13077, 3777],
        [0.028067, 0.004669, 0.042253, 0.033929, 0.063336, 0.061436, 0.000966, 0.044772],
    ),
    (
        "hi um i was wondering if there's parking",
        &[3859, 168, 88, 64, 4135, 57, 172, 258, 11, 9, 18315],
        [0.010679, 0.010344, -0.041127, -0.003077, -0.105557, 0.063156, -0.074644, -0.038674],
    ),
    (
        "Êtes-vous ouverts demain ?",
        &[6, 17634, 2975, 18, 6617, 35534, 9, 13, 6009, 483],
        [0.006875, 0.003478, -0.044023, -0.011844, 0.075081, 0.046644, 0.022108, 0.016878],
    ),
    (
        "请问你们明天几点开门",
        &[6, 1707, 1877, 91, 5923, 740, 405, 2538, 685, 1327, 3508],
        [0.022762, 0.007339, 0.003330, -0.026180, 0.041296, 0.058178, 0.057811, 0.056619],
    ),
    (
        "Ｆｕｌｌ　ｗｉｄｔｈ １２３ \u{fb01}ne",
        &[17004, 16050, 26690, 1668],
        [0.067857, -0.022624, 0.025789, 0.012922, -0.073224, 0.057268, 0.072348, 0.059384],
    ),
    ("", &[0], [0.152055, 0.031352, 0.039585, 0.035511, 0.006740, -0.004945, 0.053716, 0.025842]),
    (
        "ਸਤ ਸ੍ਰੀ ਅਕਾਲ",
        &[6, 0, 0, 6, 0, 0, 0, 0, 6, 0, 0, 0, 0],
        [0.103649, 0.006225, 0.025218, 0.031327, -0.051345, 0.059596, 0.068181, -0.024938],
    ),
];

#[test]
fn vectors_are_those_of_the_python_package() {
    let encoder = encoder();
    let texts: Vec<&str> = GOLDEN.iter().map(|(text, ..)| *text).collect();
    let together = encoder.encode(&texts);
    for ((text, pieces, numbers), vector) in GOLDEN.iter().zip(&together) {
        let found = encoder.pieces.of(text);
        assert_eq!(found[1..found.len() - 1], **pieces, "{text}");
        assert!(numbers.iter().zip(vector).all(|(wanted, got)| (wanted - got).abs() < 1e-3), "{text}: {vector:?}");
        let alone = encoder.encode(&[text])[0];
        assert!(alone.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-3), "{text}: alone it is another");
    }
    // All 512: the cosines between the first four.
    let cosine = |a: usize, b: usize| together[a].iter().zip(&together[b]).map(|(a, b)| a * b).sum::<f32>();
    for (a, b, wanted) in [(0, 0, 1.0), (0, 1, 0.218), (0, 2, 0.514), (0, 3, 0.622), (1, 2, 0.173), (2, 3, 0.635)] {
        assert!((cosine(a, b) - wanted).abs() < 1e-3, "{a} and {b}: {}", cosine(a, b));
    }
}

#[test]
fn a_model_that_is_missing_or_broken_is_said_to_be() {
    let folder = std::env::temp_dir().join(format!("attendant-sentence-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(SentenceEncoder::open(&folder).unwrap_err().to_string().contains("sp.model cannot be read"));
    std::fs::write(folder.join(FILES[0]), b"\x0a\xff").unwrap();
    std::fs::write(folder.join(FILES[1]), b"no arrays").unwrap();
    assert!(SentenceEncoder::open(&folder).unwrap_err().to_string().contains("make models"));
    assert!(weights::parse(b"no arrays").is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

/// Two bundles of vectors, each about a direction of its own.
fn bundles() -> Vec<(Vector, usize)> {
    let towards = |class: usize, n: usize| {
        let mut vector = [0.0; WIDTH];
        vector[class * 7] = 1.0;
        vector[100 + n] = 0.5;
        let length = 1.25_f32.sqrt();
        (vector.map(|number| number / length), class)
    };
    (0..40).map(|n| towards(n % 2, n)).collect()
}

fn learnt(landmarks: &Landmarks, examples: &[(Vector, usize)]) -> Lessons {
    let lesson = |(vector, class)| Lesson { vector, class, weight: 1.0 };
    landmarks.learn(&examples.iter().map(|(vector, class)| lesson((vector, *class))).collect::<Vec<_>>(), 2)
}

fn trained(examples: &[(Vector, usize)]) -> Ridge {
    let landmarks = Landmarks::new(&examples.iter().map(|(vector, _)| vector).collect::<Vec<_>>());
    let all: Vec<usize> = (0..examples.len()).collect();
    landmarks.solve(&learnt(&landmarks, examples), &all).unwrap()
}

#[test]
fn what_is_near_the_examples_of_a_class_scores_for_it_and_what_is_near_none_for_none() {
    let examples = bundles();
    let ridge = trained(&examples);
    let mut fresh = [0.0; WIDTH];
    (fresh[7], fresh[300]) = (0.9, 0.436);
    let scores = ridge.scores(&fresh);
    assert!(scores[1] > 0.8 && scores[0] < 0.2, "{scores:?}");
    let mut far = [0.0; WIDTH];
    far[400] = -1.0;
    let scores = ridge.scores(&far);
    assert!((scores[0] - scores[1]).abs() < 0.1, "{scores:?}");
    let landmarks = Landmarks::new(&[&examples[0].0]);
    assert!(landmarks.solve(&learnt(&landmarks, &[]), &[0]).is_none());
    let together = ridge.scores_of(&[&fresh, &far]);
    assert!(together[1].iter().zip(&scores).all(|(a, b)| (a - b).abs() < 1e-5), "{together:?}");
}

#[test]
fn what_was_learnt_of_two_parts_is_learnt_of_the_whole_and_can_be_taken_away() {
    let examples = bundles();
    let landmarks = Landmarks::new(&examples[..10].iter().map(|(vector, _)| vector).collect::<Vec<_>>());
    let scores = |lessons: &Lessons| landmarks.solve(lessons, &[0, 1, 5, 6]).unwrap().scores(&examples[30].0);
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    let mut sums = learnt(&landmarks, &examples[..25]);
    let part = scores(&sums);
    let rest = learnt(&landmarks, &examples[25..]);
    sums += &rest;
    assert!(near(&scores(&sums), &scores(&learnt(&landmarks, &examples))));
    sums -= &rest;
    assert!(near(&scores(&sums), &part));
}

#[test]
fn what_was_learnt_can_be_kept() {
    let examples = bundles();
    let ridge = trained(&examples);
    let bytes = ridge.to_bytes();
    let again = Ridge::from_bytes(&bytes).unwrap();
    assert_eq!(again.scores(&examples[3].0), ridge.scores(&examples[3].0));
    assert!(Ridge::from_bytes(&bytes[..bytes.len() - 4]).is_none());
    assert!(Ridge::from_bytes(b"something else").is_none());
}
