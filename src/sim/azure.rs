//! A stand-in for Azure's speech service behind `/cognitiveservices/v1`, on this machine only: it speaks the words of the SSML as the
//! tones of [`super::code`], after the scripted delay, and is strict about headers and markup. Beside it is its recogniser ([`ears`]).

pub(super) mod ears;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::fault::Trouble;
use super::pace::Pace;
use super::posted::Settings;
use super::vendor::Vendor;
use super::xml::{self, Element};

/// Namespaces of markup, and of `xml:lang`.
const SSML: &str = "http://www.w3.org/2001/10/synthesis";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

const LOCALES: [&str; 5] = ["en-CA", "fr-CA", "zh-CN", "zh-HK", "pa-IN"];

/// Its part of the simulated vendors.
pub(super) fn router(pace: Pace, trouble: Trouble) -> Router {
    Router::new().route("/cognitiveservices/v1", post(synthesise)).with_state(Settings::new(pace, trouble))
}

async fn synthesise(State(settings): State<Settings>, headers: HeaderMap, body: String) -> Response {
    let strike = match settings.trouble.strike(Vendor::Azure) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if header("ocp-apim-subscription-key").is_empty() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if header("content-type") != "application/ssml+xml" {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    if header("x-microsoft-outputformat") != "raw-16khz-16bit-mono-pcm" || header("user-agent").is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Some(text) = spoken(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    settings.answer(&text, strike, "audio/basic", <[i16]>::to_vec).await
}

/// The text of one `speak` with one `voice`; `None` if it is anything else. Microsoft's own examples leave the namespace out.
fn spoken(ssml: &str) -> Option<String> {
    let root = xml::parse(ssml).ok()?;
    let is_ssml = |element: &Element, name| element.is(SSML, name) || element.is("", name);
    let locale = root.attribute(XML, "lang")?;
    let [voice] = &root.children[..] else { return None };
    let name = voice.attribute("", "name")?;
    let is_known = LOCALES.contains(&locale) && name.starts_with(locale) && name.ends_with("Neural");
    let is_good = is_ssml(&root, "speak") && root.attribute("", "version") == Some("1.0") && is_ssml(voice, "voice");
    let is_text = voice.children.is_empty() && !voice.text.chars().any(char::is_control);
    (is_known && is_good && is_text).then(|| voice.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssml(text: &str) -> String {
        format!(
            "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"en-CA\"><voice \
             name=\"en-CA-ClaraNeural\">{text}</voice></speak>"
        )
    }

    #[test]
    fn only_escaped_text_is_spoken() {
        assert_eq!(spoken(&ssml("Wong &amp; Sons &lt;3")).as_deref(), Some("Wong & Sons <3"));
        for wrong in ["Wong & Sons", "<break/>", "a &nbsp; b", "a &amp b"] {
            assert_eq!(spoken(&ssml(wrong)), None, "{wrong}");
        }
        assert_eq!(spoken(&ssml("hello").replace("en-CA-Clara", "fr-FR-Clara")), None);
    }
}
