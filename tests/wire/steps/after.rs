//! What must be so afterwards, whatever broke off and wherever.

use attendant::sim::hold::Held;

use super::scene::{Scene, Verb};
use crate::desk::{comes, in_time};

/// Another process has started. `held`: what the one before sent, and the EMR has not done yet or not answered.
pub async fn killed(scene: Scene, held: Option<Held>, what: &str) {
    let left = scene.process.delivers().await;
    let standing = scene.standing().await;
    let is_done = standing == scene.after;
    assert!(is_done || standing == scene.before, "{what}: {standing:?}");
    assert!(left.len() <= 1, "{what}: {left:?}");
    assert!(left.iter().all(|one| one.contains("Not certain: ") && one.contains("+16045550177")), "{what}: {left:?}");
    match scene.process.ended(scene.verb.tool()) {
        Some(ended) => assert_eq!((ended.as_str(), is_done), ("done", true), "{what}: nothing false is recorded"),
        None if is_done || scene.written() > 0 => assert_eq!(left.len(), 1, "{what}: the staff look what became of it"),
        None => {}
    }

    let may_be_done = is_done || scene.written() > 0;
    let another = scene.another_books(scene.contested()).await;
    match (scene.verb, is_done, may_be_done) {
        (Verb::Book | Verb::Move, _, true) => assert_eq!(another, "refused", "{what}"),
        // It may have been sent, and is done meanwhile.
        (Verb::Cancel, false, _) if another == "ok" => assert_eq!(scene.standing().await, scene.after, "{what}"),
        (Verb::Cancel, false, _) => assert_eq!(another, "refused", "{what}"),
        (Verb::Cancel, true, _) => assert_eq!(another, "ok", "{what}"),
        (Verb::Book | Verb::Move, _, false) => assert!(["ok", "refused"].contains(&another), "{what}: {another}"),
    }
    let has_gone = another == "ok" && scene.verb != Verb::Cancel;
    let again = scene.again().await;
    match (is_done, has_gone) {
        (true, _) => assert_eq!(again, "ok", "{what}"),
        (false, true) => assert_eq!(again, "refused", "{what}"),
        (false, false) => assert!(["ok", "unknown"].contains(&again), "{what}: {again}"),
    }
    // What was on its way is done after all, minutes later.
    if let Some(held) = held {
        in_time(held.let_go()).await;
    }
    let standing = scene.standing().await;
    let may_be = if again == "ok" { vec![&scene.after] } else { vec![&scene.before, &scene.after] };
    assert!(may_be.contains(&&standing), "{what}, asked again ({again}): {standing:?}");
    assert!(!scene.emrs.has_doubles(), "{what}");
    assert!(scene.written() <= 2, "{what}: sent, and taken by another at most");
}

/// It was done to its end, by whoever was not there to hear it.
async fn is_done_once(scene: &Scene, what: &str) {
    assert_eq!(scene.standing().await, scene.after, "{what}");
    assert_eq!(scene.process.ended(scene.verb.tool()).as_deref(), Some("done"), "{what}");
    let written = scene.written();
    assert!(written <= 1, "{what}: sent {written} times");
    assert_eq!(scene.again().await, "ok", "{what}");
    assert_eq!(scene.written(), written, "{what}: what was done is not sent again");
    assert_eq!(scene.another_books_a_spare_time().await, "ok", "{what}: the day is let go");
    assert_eq!(scene.standing().await, scene.after, "{what}");
    assert!(!scene.emrs.has_doubles(), "{what}");
}

pub async fn hung_up(scene: Scene, what: &str) {
    is_done_once(&scene, what).await;
    let left = comes(|| Some(scene.process.left()).filter(|left| !left.is_empty())).await;
    assert_eq!(left.len(), 1, "{what}: {left:?}");
    for part in ["Done, and the caller hung up before hearing it: ", " with Dr. Wei Chen, chart 1001", "+16045550177"] {
        assert!(left[0].contains(part), "{what}: {part}: {left:?}");
    }
}

/// `heard`: what the caller was told at last.
pub async fn interrupted(scene: Scene, heard: &serde_json::Value, what: &str) {
    assert_eq!(heard["ok"], true, "{what}: {heard}");
    is_done_once(&scene, what).await;
    assert_eq!(scene.process.left(), Vec::<String>::new(), "{what}: the caller was told");
}
