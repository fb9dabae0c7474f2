//! One table of what every state must do, within the process, on a Redis and on a cluster: whoever passes it can stand for the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use attendant::clock::elapse;
use attendant::state::local::Local;
use attendant::state::{Begun, Key, Locked, Owner, State};
use jiff::civil::date;

use super::redis::Redis;

/// So short that a test can wait for its end, and so long that a slow machine is done before.
const SHORT: Duration = Duration::from_millis(400);

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3_600);

fn fence(locked: Locked) -> u64 {
    match locked {
        Locked::Held { fence } => fence,
        Locked::Taken => panic!("it is free"),
    }
}

async fn contract(state: &dyn State) {
    locks(state).await;
    once(state).await;
    tables(state, [Key::unsettled("c"), Key::unsettled("d")]).await;
    tables(state, [Key::left_behind("c"), Key::left_behind("d")]).await;
    // What ends by itself, waited for once for all of them.
    let (one, other) = (Owner::new(), Owner::new());
    let lock = Key::day("c", "short", date(2026, 11, 23)).living(SHORT);
    let [run, mark, count, text, members] =
        ["run", "mark", "count", "text", "members"].map(|n| Key::tool_call(n).living(SHORT));
    let first = fence(state.lock(&lock, one).await.expect("it answers"));
    assert_eq!(state.begin(&run, one).await, Ok(Begun::New));
    assert_eq!((state.mark(&mark).await, state.mark(&mark).await), (Ok(true), Ok(false)));
    assert_eq!(state.count(&count, 0).await, Ok(0));
    assert_eq!((state.count(&count, 3).await, state.count(&count, 2).await), (Ok(3), Ok(5)));
    assert_eq!(state.count(&count, 0).await, Ok(5));
    state.set(&text, "a").await.expect("it answers");
    state.set(&text, "b").await.expect("it answers");
    assert_eq!(state.get(&text).await, Ok(Some("b".into())));
    assert_eq!(state.beat(&members, "x").await, Ok(BTreeSet::from(["x".into()])));
    assert_eq!(state.beat(&members, "y").await, Ok(BTreeSet::from(["x".into(), "y".into()])));
    let living_on = LivingOn::begin(state).await;
    elapse(SHORT * 3 / 2).await;
    living_on.check(state).await;
    assert!(fence(state.lock(&lock, other).await.expect("it answers")) > first, "its holder is gone");
    assert_eq!((state.renew(&lock, one).await, state.unlock(&lock, one).await), (Ok(false), Ok(false)));
    assert_eq!(state.begin(&run, other).await, Ok(Begun::New));
    assert_eq!(state.mark(&mark).await, Ok(true));
    assert_eq!(state.count(&count, 1).await, Ok(1));
    assert_eq!(state.get(&text).await, Ok(None));
    assert_eq!(state.beat(&members, "z").await, Ok(BTreeSet::from(["z".into()])));
}

/// What lives on from its last change, and what ends when it would have all the same.
struct LivingOn {
    renewed: Key,
    told: Key,
    table: Key,
    window: Key,
    holder: Owner,
}

impl LivingOn {
    /// A short life, and then a long one.
    async fn begin(state: &dyn State) -> Self {
        let renewed = Key::day("c", "renewed", date(2026, 11, 23));
        let [told, window] = ["told", "window"].map(Key::tool_call);
        let (table, holder) = (Key::unsettled("renewed"), Owner::new());
        let [short, long] =
            [SHORT, LONG].map(|life| [&renewed, &told, &table, &window].map(|key| key.clone().living(life)));
        fence(state.lock(&short[0], holder).await.expect("it answers"));
        assert_eq!(state.renew(&long[0], holder).await, Ok(true));
        assert_eq!(state.begin(&short[1], holder).await, Ok(Begun::New));
        state.finish(&long[1], holder, "done").await.expect("it answers");
        state.put(&short[2], "a", "1").await.expect("it answers");
        state.put(&long[2], "b", "2").await.expect("it answers");
        assert_eq!(state.count(&short[3], 1).await, Ok(1));
        assert_eq!(state.count(&long[3], 1).await, Ok(2));
        Self { renewed, told, table, window, holder }
    }

    async fn check(self, state: &dyn State) {
        let Self { renewed, told, table, window, holder } = self;
        let other = Owner::new();
        assert_eq!(state.lock(&renewed, other).await, Ok(Locked::Taken), "a lock that is renewed is held for longer");
        assert_eq!(state.unlock(&renewed, holder).await, Ok(true));
        assert_eq!(state.begin(&told, other).await, Ok(Begun::Done("done".into())), "from when it was done");
        let notes = state.table(&table).await.expect("it answers");
        assert_eq!(notes.into_keys().collect::<Vec<_>>(), ["a", "b"], "a table lives from its last change");
        assert_eq!(state.count(&window, 0).await, Ok(0), "who counts on makes a limit's window no longer");
    }
}

async fn locks(state: &dyn State) {
    let key = Key::day("c", "101", date(2026, 11, 23));
    let (one, other) = (Owner::new(), Owner::new());
    let first = fence(state.lock(&key, one).await.expect("it answers"));
    assert_eq!(state.lock(&key, other).await, Ok(Locked::Taken));
    assert!(matches!(state.lock(&key, one).await, Ok(Locked::Held { .. })), "asked twice, had once");
    assert_eq!((state.renew(&key, other).await, state.unlock(&key, other).await), (Ok(false), Ok(false)));
    assert_eq!(state.renew(&key, one).await, Ok(true));
    for elsewhere in [("c", "102", 23), ("c", "101", 24), ("d", "101", 23)] {
        let key = Key::day(elsewhere.0, elsewhere.1, date(2026, 11, elsewhere.2));
        assert!(matches!(state.lock(&key, other).await, Ok(Locked::Held { .. })), "{elsewhere:?}");
    }
    assert_eq!((state.unlock(&key, one).await, state.unlock(&key, one).await), (Ok(true), Ok(false)));
    assert!(fence(state.lock(&key, other).await.expect("it answers")) > first);
}

async fn once(state: &dyn State) {
    let (key, owner, other) = (Key::tool_call("once"), Owner::new(), Owner::new());
    assert_eq!(state.begin(&key, owner).await, Ok(Begun::New));
    assert_eq!(state.begin(&key, owner).await, Ok(Begun::New), "asked twice, begun once");
    assert_eq!(state.begin(&key, other).await, Ok(Begun::Running));
    state.finish(&key, other, "not theirs").await.expect("it answers");
    state.abandon(&key, other).await.expect("it answers");
    assert_eq!(state.begin(&key, other).await, Ok(Begun::Running));
    state.finish(&key, owner, "预约好了").await.expect("it answers");
    state.abandon(&key, owner).await.expect("it answers");
    assert_eq!(state.begin(&key, other).await, Ok(Begun::Done("预约好了".into())));
    let key = Key::tool_call("abandoned");
    assert_eq!(state.begin(&key, owner).await, Ok(Begun::New));
    state.abandon(&key, owner).await.expect("it answers");
    assert_eq!(state.begin(&key, other).await, Ok(Begun::New));
    // A state that forgot that it was begun is told all the same.
    let key = Key::tool_call("forgotten");
    state.finish(&key, owner, "done").await.expect("it answers");
    assert_eq!(state.begin(&key, other).await, Ok(Begun::Done("done".into())));
}

async fn tables(state: &dyn State, [key, other]: [Key; 2]) {
    assert_eq!(state.table(&key).await, Ok(BTreeMap::new()));
    state.put(&key, "a", "1").await.expect("it answers");
    state.put(&key, "b", "2").await.expect("it answers");
    state.put(&key, "a", "3").await.expect("it answers");
    let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    assert_eq!(state.table(&key).await, Ok(of(&[("a", "3"), ("b", "2")])));
    state.remove(&key, "a").await.expect("it answers");
    state.remove(&key, "x").await.expect("it answers");
    assert_eq!(state.table(&key).await, Ok(of(&[("b", "2")])));
    assert_eq!(state.table(&other).await, Ok(BTreeMap::new()));
    state.remove(&key, "b").await.expect("it answers");
    assert_eq!(state.table(&key).await, Ok(BTreeMap::new()));
}

#[tokio::test(start_paused = true)]
async fn within_the_process() {
    contract(&Local::default()).await;
}

#[tokio::test]
async fn on_a_redis_where_no_value_of_a_call_can_be_read_and_every_key_ends() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shared = redis.shared(folder.path());
    contract(&**shared.all()).await;
    let left = Key::left_behind("c");
    shared.all().put(&left, "a", "预约好了").await.expect("it answers");
    let kept = redis.say("HGETALL attendant:left:c").await;
    assert!(kept.contains('a') && !kept.contains("预约"), "{kept}");
    // One that was sealed elsewhere holds up no other.
    let sealed = redis.say("HGET attendant:left:c a").await;
    let sealed = sealed.lines().nth(1).expect("its value").trim().to_owned();
    redis.say(&format!("HSET attendant:left:c b {sealed}")).await;
    let told = BTreeMap::from([("a".to_owned(), "预约好了".to_owned())]);
    assert_eq!(shared.all().table(&left).await, Ok(told));
    let keys = redis.say("KEYS *").await;
    let names: Vec<&str> = keys.lines().filter(|line| line.starts_with("attendant:")).collect();
    assert!(names.len() > 5, "{keys}");
    for name in names {
        let left = redis.say(&format!("PTTL {name}")).await;
        assert!(!left.starts_with(":-1"), "{name} never ends");
    }
    let kept = redis.say("GET attendant:idempotent:once").await;
    assert!(kept.contains("d:") && !kept.contains("预约"), "{kept}");
}

#[tokio::test]
async fn on_a_cluster() {
    let redis = Redis::start_cluster().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shared = redis.shared(folder.path());
    contract(&**shared.all()).await;
    assert_eq!(
        shared.redis().expect("it is configured").about().await.expect("it answers").wrong,
        Vec::<String>::new()
    );
}
