use super::*;

fn variables(language: Language) -> Variables<'static> {
    Variables { clinic: "Test Clinic", language, now: "Saturday, 2026-11-21, 10:05", notice: "" }
}

fn changed(agent: impl Fn(&str) -> String, prompt: impl Fn(&str) -> String) -> Result<Graph, GraphError> {
    let (mut agents, mut prompts) = built_in::sources();
    agents[0].text = agent(&agents[0].text);
    prompts[0].text = prompt(&prompts[0].text);
    Graph::new(&agents, &prompts)
}

#[test]
fn every_language_greets_with_the_clinics_name() {
    let graph = Graph::built_in();
    for language in Language::ALL {
        let entry = graph.entry(language);
        assert!(graph.greeting(entry, &variables(language)).contains("Test Clinic"), "{language}");
        assert!(graph.prompt(&entry.prompt, &variables(language)).contains("10:05"), "{language}");
    }
}

#[test]
fn only_the_last_line_of_a_prompt_changes_with_the_time_so_that_vendors_can_keep_what_stands_before_it() {
    let graph = Graph::built_in();
    for language in Language::ALL {
        let file = &graph.entry(language).prompt;
        let at = |now| graph.prompt(file, &Variables { now, ..variables(language) });
        let [earlier, later] = ["Saturday, 2026-11-21, 10:05", "Sunday, 2026-11-22, 09:47"].map(at);
        let [earlier, later] = [&earlier, &later].map(|prompt| prompt.trim_end().rsplit_once('\n').unwrap());
        assert_eq!(earlier.0, later.0, "{language}");
        assert_ne!(earlier.1, later.1, "{language}");
    }
}

#[test]
fn an_unknown_variable_is_found_at_start() {
    let error = changed(str::to_owned, |p| p.replace("{{ now }}", "{{ nwo }}")).unwrap_err().to_string();
    assert!(error.contains("prompts/en-CA/reception.md") && error.contains("clinic, language, now"), "{error}");
}

#[test]
fn an_unknown_tool_key_or_handoff_is_found_at_start() {
    let keep = str::to_owned;
    let error = changed(|a| a.replace("end_call", "end_cal"), keep).unwrap_err().to_string();
    assert!(error.contains("agents/en-CA/reception.toml") && error.contains("end_cal"), "{error}");
    let error = changed(|a| a.replace("handoffs = []", "handoffs = [\"booking\"]"), keep).unwrap_err().to_string();
    assert!(error.contains("no other agent `booking`"), "{error}");
    let error = changed(|a| a.replace("entry = true", ""), keep).unwrap_err().to_string();
    assert!(error.contains("entry = true"), "{error}");
    let error = changed(|a| a.replace("500", "150"), keep).unwrap_err().to_string();
    assert!(error.contains("max_tokens: 150"), "{error}");
}

#[test]
fn directions_come_with_the_program_in_every_language_and_know_no_patients() {
    let graph = Graph::built_in().with_directions(&["small".to_owned()]);
    for language in Language::ALL {
        let (entry, agent) = (graph.entry(language), graph.agent(language, "directions"));
        assert_eq!((&entry.name[..], &entry.handoffs[..]), ("reception", &["directions".to_owned()][..]), "{language}");
        assert_eq!((&agent.name[..], &agent.handoffs[..]), ("directions", &["reception".to_owned()][..]), "{language}");
        assert_eq!((agent.check(), &agent.models[..]), (Vec::new(), &["small".to_owned()][..]));
        assert_eq!(agent.tools, [ToolName::ClinicInfo, ToolName::TransferToPerson, ToolName::EndCall]);
        let prompt = graph.prompt(&agent.prompt, &variables(language));
        let (before, last) = prompt.trim_end().rsplit_once('\n').unwrap();
        assert!(last.contains("10:05") && !before.contains("10:05") && before.contains("Test Clinic"), "{prompt}");
    }
    assert!(graph.unknown_models(&["small"]).is_empty());
    let unknown = graph.unknown_models(&["large"]).join("\n");
    assert!(unknown.contains("directions: models: `small`"), "{unknown}");
}
