//! What needs no judgement is answered by the small model, and everything else goes back to the large one.

use super::failing_over::{Able, STOP, Script, able, said};
use super::*;

fn calls(name: &str, arguments: &str) -> Script {
    vec![Ok(tool(name, arguments)), Ok(Delta::Finish(Finish::ToolCalls))]
}

fn hand_off(to: &str) -> Script {
    calls("hand_off", &format!("{{\"to\":\"{to}\"}}"))
}

fn tools(model: &Able, request: usize) -> Vec<&'static str> {
    model.requests.lock()[request].tools.iter().map(|tool| tool.name).collect()
}

#[tokio::test]
async fn the_small_model_gives_directions_and_hands_back_whatever_else_is_asked() {
    let large = able("large", vec![hand_off("directions"), vec![said("Which day suits you?"), STOP]]);
    let small = able(
        "small",
        vec![
            calls("clinic_info", "{\"topic\":\"parking\"}"),
            vec![said("Behind the building."), STOP],
            hand_off("reception"),
        ],
    );
    let members = [&large, &small].map(|model| Arc::new(model.clone()) as Arc<dyn Model>).to_vec();
    let graph = Graph::built_in().with_directions(&["small".to_owned()]);
    let mut world = world_in(graph, Thinkers::new(members, Order::new()), Scripted::default());
    world.think(1, &[(Who::Caller, "where do I park")], false);
    let events = world.answer().await;
    assert_eq!(words(&events), "Behind the building.");
    assert!(events.contains(&Event::ToolDone { name: "clinic_info", ok: true }), "{events:?}");
    assert_eq!((large.requests.lock().len(), small.requests.lock().len()), (1, 2));
    assert_eq!(tools(&small, 0), ["clinic_info", "transfer_to_person", "end_call", "hand_off"]);
    assert!(tools(&large, 0).contains(&"search_patient") && tools(&large, 0).contains(&"hand_off"));
    let asked =
        [(Who::Caller, "where do I park"), (Who::Agent, "Behind the building."), (Who::Caller, "and book me in")];
    world.think(2, &asked, false);
    assert_eq!(words(&world.answer().await), "Which day suits you?");
    assert_eq!((large.requests.lock().len(), small.requests.lock().len()), (2, 3));
}
