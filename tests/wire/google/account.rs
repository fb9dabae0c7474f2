//! A service account's key file as Google gives it out, with a key made for this run.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

/// Its text; the same in the whole of a process.
pub fn key_file() -> &'static str {
    static MADE: OnceLock<String> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = Command::new("openssl")
            .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            .output()
            .expect("openssl is installed: run `make deps`");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        json!({
            "type": "service_account",
            "project_id": "clinic-1",
            "private_key_id": "0123456789abcdef",
            "private_key": String::from_utf8(made.stdout).expect("PEM"),
            "client_email": "ears@clinic-1.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        })
        .to_string()
    })
}
