use super::*;

fn table(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[tokio::test]
async fn what_was_begun_and_what_is_unsettled_outlives_the_process_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let (done, running, unsettled) = (Key::tool_call("a"), Key::tool_call("b"), Key::unsettled("c"));
    let lock = Key::day("c", "101", jiff::civil::date(2026, 11, 23));
    let owner = Owner::new();
    let first = Local::open(folder.path()).unwrap();
    assert_eq!(first.begin(&done, owner).await, Ok(Begun::New));
    first.finish(&done, owner, "booked").await.unwrap();
    assert_eq!(first.begin(&running, owner).await, Ok(Begun::New));
    first.put(&unsettled, "x", "1").await.unwrap();
    first.put(&unsettled, "y", "2").await.unwrap();
    first.remove(&unsettled, "x").await.unwrap();
    first.lock(&lock, owner).await.unwrap();
    assert!(Local::open(folder.path()).unwrap_err().to_string().contains("another process"));
    drop(first);
    // The last line was being written.
    let path = folder.path().join("state.jsonl");
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().append(true).open(&path).unwrap(), b"{\"key\":")
        .unwrap();
    let second = Local::open(folder.path()).unwrap();
    assert_eq!(second.begin(&done, Owner::new()).await, Ok(Begun::Done("booked".into())));
    assert_eq!(second.begin(&running, Owner::new()).await, Ok(Begun::Running), "nobody knows what came of it");
    assert_eq!(second.table(&unsettled).await, Ok(table(&[("y", "2")])));
    assert!(matches!(second.lock(&lock, Owner::new()).await, Ok(Locked::Held { .. })), "its holder is gone");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(start_paused = true)]
async fn there_is_room_for_so_many_and_no_more_until_some_are_over() {
    let state = Local::default();
    let key = |n: usize| Key::tool_call(&n.to_string()).living(Duration::from_secs(60));
    for n in 0..MOST {
        assert_eq!(state.mark(&key(n)).await, Ok(true));
    }
    assert!(state.mark(&key(MOST)).await.unwrap_err().to_string().contains("at once"));
    assert_eq!(state.mark(&key(0)).await, Ok(false), "what is known stays known");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(state.mark(&key(MOST)).await, Ok(true));
    assert_eq!(state.0.held.lock().all.len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_anew_takes_what_comes_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let state = Local::open(folder.path()).unwrap();
    let (key, lines) = (Key::interrupted("c"), || std::fs::read_to_string(folder.path().join("state.jsonl")).unwrap());
    // As a disk that has room for lines and none for a second file.
    let in_its_way = folder.path().join("state.new");
    std::fs::create_dir(&in_its_way).unwrap();
    let most = 8_192;
    for n in 0..=most {
        state.put(&key, "x", &n.to_string()).await.unwrap();
    }
    assert_eq!(state.table(&key).await, Ok(table(&[("x", "8192")])));
    assert_eq!(lines().lines().count(), most + 1);
    std::fs::remove_dir(&in_its_way).unwrap();
    for n in 0..=most {
        state.put(&key, "y", &n.to_string()).await.unwrap();
    }
    assert!(lines().lines().count() <= most, "it is written anew when it can be");
    drop(state);
    let second = Local::open(folder.path()).unwrap();
    assert_eq!(second.table(&key).await, Ok(table(&[("x", "8192"), ("y", "8192")])));
}

#[tokio::test]
async fn what_is_settled_goes_from_the_disk_and_what_is_not_stays() {
    let folder = tempfile::tempdir().unwrap();
    let text = || std::fs::read_to_string(folder.path().join("state.jsonl")).unwrap();
    let key = Key::interrupted("c");
    let first = Local::open(folder.path()).unwrap();
    first.put(&key, "x", "+16045550137").await.unwrap();
    first.put(&key, "y", "+16045550188").await.unwrap();
    first.remove(&key, "x").await.unwrap();
    assert!(text().contains("5550137"), "lines are only added");
    assert!(!tidy(folder.path()).unwrap(), "it is the process's that has it");
    assert!(text().contains("5550137"));
    first.tidy().await.unwrap();
    assert!(!text().contains("5550137") && text().contains("5550188"));
    first.put(&key, "z", "1").await.unwrap();
    first.remove(&key, "y").await.unwrap();
    drop(first);
    assert!(tidy(folder.path()).unwrap());
    assert!(!text().contains("5550188"));
    assert_eq!(Local::open(folder.path()).unwrap().table(&key).await, Ok(table(&[("z", "1")])));
}

#[tokio::test]
async fn what_outlives_the_process_is_sealed_survives_half_a_line_and_a_new_key_and_one_in_clear_is_sealed_when_opened()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.jsonl");
    let text = || std::fs::read_to_string(&path).unwrap();
    let (done, table_of, owner) = (Key::tool_call("a"), Key::interrupted("c"), Owner::new());
    // As a release before wrote it.
    let plain = Local::open(folder.path()).unwrap();
    plain.put(&table_of, "x", "Jane Roe").await.unwrap();
    assert!(text().contains("Jane Roe"));
    drop(plain);
    let sealing = crate::store::at_rest::fresh(folder.path());
    let first = Local::sealed(folder.path(), sealing.clone()).unwrap();
    assert!(!text().contains("Jane Roe"));
    first.begin(&done, owner).await.unwrap();
    first.finish(&done, owner, "booked for Jane Roe").await.unwrap();
    first.put(&table_of, "y", "+16045550188").await.unwrap();
    drop(first);
    let half = text().lines().last().unwrap()[..40].to_owned();
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().append(true).open(&path).unwrap(), half.as_bytes())
        .unwrap();
    assert!(tidy(folder.path()).unwrap(), "without a key, for nothing is opened");
    assert!(Local::open(folder.path()).unwrap_err().to_string().contains("version 1 of the store's keys is missing"));
    crate::store::keys::add(&folder.path().join("keys.toml")).unwrap();
    let newer = Sealing::of_file(&folder.path().join("keys.toml")).unwrap();
    let second = Local::sealed(folder.path(), newer).unwrap();
    assert_eq!(second.begin(&done, Owner::new()).await, Ok(Begun::Done("booked for Jane Roe".into())));
    assert_eq!(second.table(&table_of).await, Ok(table(&[("x", "Jane Roe"), ("y", "+16045550188")])));
    assert!(!text().contains("Jane Roe") && !text().contains("5550188"));
    drop(second);
    let old = Local::sealed(folder.path(), sealing).unwrap_err().to_string();
    assert!(old.contains("version 2") && old.contains("put the key back"), "{old}");
}

/// So long ago, as the lines of this folder's state have it.
fn ago(folder: &Path, hours: u64) {
    let path = folder.join("state.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let earlier = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["until"] = (line["until"].as_u64().unwrap() - hours * 3_600_000).into();
        format!("{line}\n")
    };
    std::fs::write(&path, text.lines().map(earlier).collect::<String>()).unwrap();
}

#[tokio::test]
async fn what_was_done_is_known_for_a_day_however_often_the_process_starts_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (key, owner) = (Key::tool_call("a"), Owner::new());
    let first = Local::open(folder.path()).unwrap();
    assert_eq!(first.begin(&key, owner).await, Ok(Begun::New));
    first.finish(&key, owner, "booked").await.unwrap();
    drop(first);
    for _ in 0..2 {
        ago(folder.path(), 11);
        let later = Local::open(folder.path()).unwrap();
        assert_eq!(later.begin(&key, Owner::new()).await, Ok(Begun::Done("booked".into())));
    }
    ago(folder.path(), 2);
    let later = Local::open(folder.path()).unwrap();
    assert_eq!(later.begin(&key, Owner::new()).await, Ok(Begun::New), "after 24 h it is forgotten");
}
