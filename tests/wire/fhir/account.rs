//! As whom the server is asked: tokens for a secret or a signature, kept while they hold, and asked for anew once.

use attendant::emr::Emr;
use attendant::sim::fhir::{Conduct, Fault};

use super::house::House;
use crate::wire::oscar::house::{CHEN, JANE, MONDAY, code, wanted};

const TIMES: [u64; 3] = [2_000, 4_000, 2_000];

/// What the section says besides where tokens are given out.
fn section(house: &House, proof: &str) -> String {
    format!("[emr.fhir.client]\nid = \"{}\"\ntoken_url = \"{}\"\n{proof}", house.sim.client().0, house.token_url)
}

async fn with_proof(house: &House, file: &str, proof: &str) -> std::sync::Arc<dyn Emr> {
    let folder = tempfile::tempdir().expect("as the test has it");
    let path = folder.path().join("proof");
    std::fs::write(&path, file).expect("as the test has it");
    let proof = proof.replace("FILE", &format!("{{ file = \"{}\" }}", path.display()));
    house.as_whom(folder.path(), &section(house, &proof), TIMES).1
}

#[tokio::test]
async fn a_client_books_with_tokens_for_its_secret_or_its_signature() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    for (file, proof) in
        [(pair.serialize_pem(), "key = FILE\nkey_id = \"k1\""), ("client-secret-2026".to_owned(), "secret = FILE")]
    {
        let house = House::open(Conduct::Strict).await;
        house.sim.register_key("k1", pair.public_key_raw().to_vec());
        let emr = with_proof(&house, &file, proof).await;
        emr.book(wanted(CHEN, MONDAY.at(9, 0, 0, 0), JANE)).await.unwrap();
        assert_eq!(house.asked("token"), 1, "{proof}: it is kept");
        // Taken back by the server: asked for anew once, and nothing is done twice.
        house.sim.expire_tokens();
        emr.book(wanted(CHEN, MONDAY.at(9, 15, 0, 0), JANE)).await.unwrap();
        assert_eq!(house.asked("token"), 2, "{proof}");
        house.turn("Appointment.create", Fault::Expired, 1);
        emr.book(wanted(CHEN, MONDAY.at(9, 30, 0, 0), JANE)).await.unwrap();
        assert_eq!((house.asked("Appointment.create"), house.active(CHEN, MONDAY.at(9, 30, 0, 0), JANE)), (4, 1));
        assert_eq!(house.sim.overlaps(), []);
    }
}

#[tokio::test]
async fn a_wrong_secret_is_tried_once_and_then_not_for_a_while() {
    let house = House::open(Conduct::Strict).await;
    let emr = with_proof(&house, "mK3-vq09-Zp-xx71", "secret = FILE").await;
    let wish = || wanted(CHEN, MONDAY.at(9, 0, 0, 0), JANE);
    let refused = emr.book(wish()).await;
    assert_eq!(code(&refused), "auth", "{refused:?}");
    assert!(!format!("{refused:?}").contains("mK3"), "{refused:?}");
    assert_eq!(code(&emr.book(wish()).await), "unavailable");
    assert_eq!((house.asked("token"), house.asked("Appointment.create")), (1, 0));
}
