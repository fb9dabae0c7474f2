//! What is refused, and in which words: security headers, arguments, namespaces, limits.

use attendant::sim::oscar::{Dialect, Knob};

use super::{Sim, token};

const SECURITY_ERROR: &str = "ns1:SecurityError: A security error was encountered when verifying the message";

async fn with_header(sim: &Sim, header: &str) -> String {
    let envelope = sim.envelope(header, "<w:getScheduleTemplateCodes/>");
    sim.post("ScheduleService", envelope).await.expect("an answer").fault()
}

#[tokio::test]
async fn each_mistake_in_a_security_header_has_its_fault() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let right = sim.header();
    let id = sim.oscar.login().security_id.to_string();
    let invalid = "ns1:InvalidSecurity: An error was discovered processing the &lt;wsse:Security&gt; header";
    let failed = "ns1:FailedAuthentication: The security token could not be authenticated or authorized";
    let token_against_profile = "ns1:InvalidSecurityToken: An invalid security token was provided";
    assert_eq!(with_header(&sim, "").await, invalid);
    let timestamp =
        "<u:Timestamp xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\"/>";
    assert_eq!(
        with_header(&sim, &right.replace("<o:UsernameToken>", &format!("{timestamp}<o:UsernameToken>"))).await,
        invalid
    );
    assert_eq!(with_header(&sim, &token(&id, "guess")).await, failed);
    assert_eq!(with_header(&sim, &token("9999", "voice-agent-2026")).await, failed);
    assert_eq!(with_header(&sim, &token("attendant", "voice-agent-2026")).await, failed);
    assert_eq!(with_header(&sim, &token("136", "former-2026")).await, failed, "an account that has expired");
    assert_eq!(with_header(&sim, &right.replace("wss-username-token", "wss-wssecurity-username-token")).await, failed);
    let without_type =
        right.split(" Type=").next().unwrap().to_owned() + ">" + right.split("#PasswordText\">").nth(1).unwrap();
    assert_eq!(with_header(&sim, &without_type).await, token_against_profile);
}

#[tokio::test]
async fn open_o_tells_nobody_what_is_wrong_with_a_header() {
    let sim = Sim::start(Dialect::Openo).await;
    assert_eq!(with_header(&sim, "").await, SECURITY_ERROR);
    assert_eq!(with_header(&sim, &token("134", "guess")).await, SECURITY_ERROR);
}

#[tokio::test]
async fn a_token_serves_until_java_starts_again() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let credentials = "<arg0>attendant</arg0><arg1>voice-agent-2026</arg1>";
    let login = sim.ask("LoginService", "login2", credentials).await;
    let (id, secret) = (login.one("securityId"), login.one("securityTokenKey"));
    let envelope = || sim.envelope(&token(id, secret), "<w:getScheduleTemplateCodes/>");
    assert_eq!(sim.post("ScheduleService", envelope()).await.unwrap().status, 200);
    sim.oscar.restart();
    let refused = sim.post("ScheduleService", envelope()).await.unwrap().fault();
    assert!(refused.starts_with("ns1:FailedAuthentication"), "{refused}");
    let again = sim.ask("LoginService", "login2", credentials).await;
    assert_ne!(again.one("securityTokenKey"), secret);
    assert_eq!(
        sim.post("ScheduleService", sim.envelope(&sim.header(), "<w:getScheduleTemplateCodes/>")).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn arguments_are_held_against_the_wsdl() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let refusal =
        async |operation: &str, arguments: &str| sim.ask("ScheduleService", operation, arguments).await.fault();
    let qualified = "<w:arg0>101</w:arg0><arg1>2026-11-23T00:00:00</arg1>";
    let words = refusal("getDayWorkSchedule", qualified).await;
    assert!(
        words.contains("unexpected element (uri:&quot;http://ws.oscarehr.org/&quot;, local:&quot;arg0&quot;)"),
        "{words}"
    );
    let words = refusal("getDayWorkSchedule", "<arg0>101</arg0><arg2>x</arg2>").await;
    assert!(words.contains("unexpected element (uri:&quot;&quot;, local:&quot;arg2&quot;)"), "{words}");
    let words = refusal("getAppointment2", "<arg0>one</arg0><arg1>false</arg1>").await;
    assert!(words.contains("soap:Client: Unmarshalling Error: For input string: &quot;one&quot;"), "{words}");
    let words = refusal("getAppointment2", "<arg0>1</arg0>").await;
    assert!(words.contains("&apos;{arg1}&apos; is expected"), "{words}");
    let words = refusal("getDayWorkSchedule", "<arg0>101</arg0><arg1>tomorrow</arg1>").await;
    assert!(words.contains("is not a valid value for"), "{words}");
    let words = refusal("addAppointment", "<arg0><providerNo>101</providerNo></arg0>").await;
    assert!(words.contains("&apos;{demographicNo}&apos; is expected"), "{words}");
}

#[tokio::test]
async fn an_operation_of_another_namespace_is_not_recognised() {
    let sim = Sim::start(Dialect::Juno).await;
    let envelope = sim.envelope(&sim.header(), "<x:getScheduleTemplateCodes xmlns:x=\"http://ws.oscarehr.org/\"/>");
    assert_eq!(
        sim.post("ScheduleService", envelope).await.unwrap().fault(),
        "soap:Client: Message part {http://ws.oscarehr.org/}getScheduleTemplateCodes was not recognized.  (Does it exist in \
         service WSDL?)"
    );
    let cancel = sim.ask("DemographicService", "cancelAppointment", "").await.fault();
    assert!(cancel.contains("was not recognized"), "{cancel}");
}

#[tokio::test]
async fn what_is_no_soap_1_1_is_refused() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let post = async |text: &str| sim.post("SystemInfoService", text.to_owned()).await.unwrap().fault();
    assert!(post("hello").await.starts_with("soap:Client: Error reading XMLStreamReader"));
    assert!(
        post("<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"/>")
            .await
            .starts_with("soap:VersionMismatch")
    );
    assert!(post("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").await.contains("DTD"));
    let request = sim.http.post(format!("{}/SystemInfoService", sim.base_url)).header("content-type", "text/xml");
    let response =
        request.header("soapaction", "\"isAlive\"").body(sim.envelope("", "<w:isAlive/>")).send().await.unwrap();
    assert!(response.text().await.unwrap().contains("The given SOAPAction isAlive does not match an operation."));
    let unknown =
        sim.http.post(format!("{}/FaxService", sim.base_url)).header("content-type", "text/xml").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let json =
        sim.http.post(format!("{}/LoginService", sim.base_url)).header("content-type", "application/json").send();
    assert_eq!(json.await.unwrap().status(), 415);
}

#[tokio::test]
async fn limits_are_those_of_the_columns_and_lists() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let new = super::appointment("", "2026-11-23T09:30:00", "2026-11-23T09:45:00", 1001, "t");
    let long = new.replace("cough", &"é".repeat(81));
    assert_eq!(
        sim.ask("ScheduleService", "addAppointment", &long).await.fault(),
        "soap:Server: Data truncation: Data too long for column &apos;reason&apos; at row 1"
    );
    let fits = new.replace("cough", &"é".repeat(80));
    assert_eq!(sim.ask("ScheduleService", "addAppointment", &fits).await.status, 200);
    let many =
        sim.ask("DemographicService", "searchDemographicByName", "<arg0>R</arg0><arg1>0</arg1><arg2>5001</arg2>").await;
    assert!(many.fault().starts_with("soap:Server"));
}

#[tokio::test]
async fn reading_patients_takes_a_right_and_booking_takes_none() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let header = token("135", "booking-only-2026");
    let read = sim.envelope(&header, "<w:getDemographic><arg0>1001</arg0></w:getDemographic>");
    assert_eq!(
        sim.post("DemographicService", read).await.unwrap().fault(),
        "soap:Server: missing required security object (_demographic)"
    );
    let book = sim.envelope(&header, "<w:getAppointment2><arg0>1</arg0><arg1>false</arg1></w:getAppointment2>");
    assert_eq!(sim.post("ScheduleService", book).await.unwrap().status, 200);
}

#[test]
fn a_knob_for_an_operation_that_there_is_not_is_refused() {
    let oscar = attendant::sim::oscar::Oscar::new(super::settings(Dialect::Mcmaster));
    let wrong = oscar.turn("cancelAppointment=hang".parse::<Knob>().unwrap()).unwrap_err().to_string();
    assert!(wrong.contains("there is no such operation"), "{wrong}");
}
