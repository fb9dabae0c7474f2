use super::*;

fn config(text: &str) -> ExperimentsConfig {
    toml::from_str(text).unwrap()
}

fn call(n: u128) -> CallId {
    // As ids of one second are: alike but for their last bits.
    CallId(uuid::Uuid::from_u128(0x019a_a9b2_c3d4_7000_8000_0000_0000_0000 + n))
}

const TWO: &str = "[model.arms.usual]\nshare = 80\n[model.arms.small]\nshare = 20\nmodels = [\"rules\"]\n\
                   [prompt.arms.a]\nshare = 50\n[prompt.arms.b]\nshare = 30\nprompts = { \"reception.md\" = \"brief.md\" }\n\
                   [prompt.arms.c]\nshare = 20\n";

#[test]
fn ten_thousand_calls_are_shared_as_the_shares_say_and_experiments_do_not_depend_on_each_other() {
    let config = config(TWO);
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for n in 0..10_000 {
        let arms = config.arms(call(n));
        assert_eq!(arms, config.arms(call(n)), "the same call is in the same arms");
        *counts.entry((arms["model"].clone(), arms["prompt"].clone())).or_default() += 1;
    }
    for (model, of_model) in [("usual", 0.8), ("small", 0.2)] {
        for (prompt, of_prompt) in [("a", 0.5), ("b", 0.3), ("c", 0.2)] {
            let count = f64::from(counts[&(model.to_owned(), prompt.to_owned())]);
            let share: f64 = of_model * of_prompt;
            let deviation = (10_000.0 * share * (1.0 - share)).sqrt();
            assert!((count - 10_000.0 * share).abs() < 4.0 * deviation, "{model} {prompt}: {count}");
        }
    }
}

#[test]
fn an_arm_of_a_known_call_is_the_same_in_every_release() {
    let arms: Vec<String> =
        (0..8).map(|n| config(TWO).arms(call(n)).into_values().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(arms.join("\n"));
}

#[test]
fn mistakes_are_named_with_their_place_and_mend() {
    let text = "[Big.arms.a]\nshare = 100\n\
                [model.arms.a]\nshare = 60\nmodels = [\"gpt\"]\n[model.arms.b]\nshare = 60\n\
                [voice.arms.a]\nshare = 0\nspeaking = []\n[voice.arms.b]\nshare = 100\nvoices = { azure = { en-CA = \"x\" } }\n\
                [wait.arms.a]\nshare = 50\nmodels = [\"rules\"]\n[wait.arms.b]\nshare = 50\n\
                [same.arms.a]\nshare = 50\n[same.arms.b]\nshare = 50\n";
    let known = Known { models: vec!["rules"], voices: vec!["embedded"], named_voices: Vec::new() };
    insta::assert_snapshot!(config(text).check(&known).join("\n"));
    assert_eq!(config(TWO).check(&known), [""; 0]);
}
