//! The envelopes of live servers: what they answer is read right, and what we send is what they take.

use attendant::emr::oscar::Oscar;
use attendant::emr::{Emr, EmrError, NewAppointment, PatientRef, Place, ProviderRef, Sought, VisitKind};
use attendant::privacy::Pii;
use jiff::civil::{date, datetime};
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::clinic::Settings;
use crate::wire::emr_contract as contract;

const LOGIN: &str = "<return><provider><firstName>Voice</firstName><lastName>Agent</lastName><providerNo>900</providerNo></provider>\
    <securityId>134</securityId><securityTokenKey>1700000123456</securityTokenKey></return>";

const DAY: &str = "<return><holiday>false</holiday><timeSlotDurationMin>15</timeSlotDurationMin>\
    <timeSlots><date>2026-03-03T09:00:00-05:00</date><scheduleCode>49</scheduleCode></timeSlots>\
    <timeSlots><date>2026-03-03T09:15:00-05:00</date><scheduleCode>80</scheduleCode></timeSlots></return>";

pub const CHART: &str = "<return><activeCount>1</activeCount><dateOfBirth>09</dateOfBirth><demographicNo>42</demographicNo>\
    <displayName>Test, Anne</displayName><familyDoctor>&lt;rd&gt;&lt;/rd&gt;</familyDoctor><firstName>ANNE</firstName><hin>1234567897</hin>\
    <lastName>TEST</lastName><monthOfBirth>03</monthOfBirth><patientStatus>AC</patientStatus><phone>905-555-1234</phone>\
    <postal>L1C 1A1</postal><sex>F</sex><yearOfBirth>1984</yearOfBirth></return>";

const BOOKED: &str = "<return><appointmentEndDateTime>2026-03-03T09:14:59-05:00</appointmentEndDateTime>\
    <appointmentStartDateTime>2026-03-03T09:00:00-05:00</appointmentStartDateTime><creator>attendant</creator>\
    <demographicNo>42</demographicNo><id>18</id><name>TEST, ANNE</name><programId>0</programId><providerNo>101</providerNo>\
    <status>t</status></return>";

pub fn answer(namespace: &str, operation: &str, inner: &str) -> ResponseTemplate {
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><ns2:{operation}Response \
         xmlns:ns2=\"{namespace}\">{inner}</ns2:{operation}Response></soap:Body></soap:Envelope>"
    );
    ResponseTemplate::new(200).set_body_raw(body, "text/xml;charset=UTF-8")
}

const MCMASTER: &str = "http://ws.oscarehr.org/";

/// A server that answers each operation always alike.
pub async fn server(namespace: &str, answers: &[(&str, &str, &str)]) -> MockServer {
    let server = MockServer::start().await;
    for (service, operation, inner) in answers {
        Mock::given(method("POST"))
            .and(path(format!("/oscar/ws/{service}")))
            .and(header("content-type", "text/xml; charset=utf-8"))
            .and(header("SOAPAction", "\"\""))
            .and(body_string_contains(format!("<w:{operation}>")))
            .respond_with(answer(namespace, operation, inner))
            .mount(&server)
            .await;
    }
    server
}

fn oscar(server: &MockServer, dialect: &str) -> Oscar {
    let base_url = format!("{}/oscar/ws", server.uri());
    Settings { base_url: &base_url, dialect, ..Settings::default() }.oscar().1
}

/// The bodies that were sent to this operation.
async fn sent(server: &MockServer, operation: &str) -> Vec<String> {
    let requests = server.received_requests().await.expect("as the test has it");
    let bodies = requests.into_iter().map(|request| String::from_utf8(request.body).expect("as the test has it"));
    bodies.filter(|body| body.contains(&format!("<w:{operation}>"))).collect()
}

fn wanted() -> NewAppointment {
    NewAppointment {
        patient: PatientRef(Pii::new("42".into())),
        place: Place {
            provider: ProviderRef("101".into()),
            start: datetime(2026, 3, 3, 9, 0, 0, 0),
            end: datetime(2026, 3, 3, 9, 15, 0, 0),
        },
        kind: VisitKind::FollowUp,
        reason: None,
        key: "key".into(),
    }
}

#[tokio::test]
async fn a_day_is_read_with_its_codes_and_without_its_offset() {
    let answers = [("LoginService", "login2", LOGIN), ("ScheduleService", "getDayWorkSchedule", DAY)];
    for (namespace, dialect) in
        [(MCMASTER, "mcmaster"), (MCMASTER, "openo"), ("http://v1.soap.external.ws.oscarehr.org/", "juno")]
    {
        let server = server(namespace, &answers).await;
        let oscar = oscar(&server, dialect);
        let day = oscar.day_schedule(&ProviderRef("101".into()), date(2026, 3, 3)).await.unwrap().unwrap();
        assert_eq!((day.slot_minutes, day.holiday), (15, false));
        let slots: Vec<_> = day.slots.iter().map(|slot| (slot.start, slot.code)).collect();
        assert_eq!(slots, [(datetime(2026, 3, 3, 9, 0, 0, 0), '1'), (datetime(2026, 3, 3, 9, 15, 0, 0), 'P')]);
        let asked = sent(&server, "getDayWorkSchedule").await;
        assert!(asked[0].contains(&format!("xmlns:w=\"{namespace}\"")), "{}", asked[0]);
        assert!(asked[0].contains("<arg0>101</arg0><arg1>2026-03-03T00:00:00</arg1>"), "{}", asked[0]);
        assert!(asked[0].contains("<wsse:Username>134</wsse:Username>"), "{}", asked[0]);
        // Kept: nobody is asked again.
        oscar.day_schedule(&ProviderRef("101".into()), date(2026, 3, 3)).await.unwrap();
        assert_eq!(sent(&server, "getDayWorkSchedule").await.len(), 1);
        assert_eq!(sent(&server, "login2").await.len(), 1);
    }
}

#[tokio::test]
async fn an_appointment_is_added_as_a_live_server_takes_it_and_only_after_looking() {
    // Always the same day view: what was added stands in it already, but is another patient's until it is ours.
    let empty = "";
    let answers = [
        ("LoginService", "login2", LOGIN),
        ("ScheduleService", "getDayWorkSchedule", DAY),
        ("ScheduleService", "getAppointmentsForDateRangeAndProvider2", empty),
        ("ScheduleService", "addAppointment", "<return>18</return>"),
        ("ScheduleService", "getAppointment2", BOOKED),
        ("DemographicService", "getDemographic", CHART),
    ];
    let server = server(MCMASTER, &answers).await;
    let booked = oscar(&server, "mcmaster").book(wanted()).await.unwrap();
    assert_eq!(booked.id.0, "18");
    assert_eq!(booked.end, datetime(2026, 3, 3, 9, 15, 0, 0));
    let added = sent(&server, "addAppointment").await;
    assert_eq!(added.len(), 1);
    let object = added[0].split_once("<arg0>").unwrap().1.split_once("</arg0>").unwrap().0;
    assert_eq!(
        object,
        "<appointmentEndDateTime>2026-03-03T09:15:00</appointmentEndDateTime>\
         <appointmentStartDateTime>2026-03-03T09:00:00</appointmentStartDateTime><demographicNo>42</demographicNo>\
         <name>TEST, ANNE</name><notes>Booked by telephone (attendant)</notes><programId>0</programId>\
         <providerNo>101</providerNo><reason>Follow-up</reason><status>t</status><type>Follow-up</type>"
    );
    let looked = sent(&server, "getAppointmentsForDateRangeAndProvider2").await;
    assert_eq!(looked.len(), 2, "before and after");
    let args = "<arg0>2026-03-03T00:00:00</arg0><arg1>2026-03-04T00:00:00</arg1><arg2>101</arg2><arg3>false</arg3>";
    assert!(looked[0].contains(args), "{}", looked[0]);
    let order: Vec<bool> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .filter_map(|request| {
            let body = std::str::from_utf8(&request.body).unwrap();
            let range = body.contains("<w:getAppointmentsForDateRangeAndProvider2>");
            (range || body.contains("<w:addAppointment>")).then_some(range)
        })
        .collect();
    assert_eq!(order, [true, false, true]);
}

#[tokio::test]
async fn a_chart_is_found_by_birth_date_and_only_if_it_is_that_one() {
    let answers = [("LoginService", "login2", LOGIN), ("DemographicService", "searchDemographicsByAttributes", CHART)];
    let server = server(MCMASTER, &answers).await;
    let oscar = oscar(&server, "mcmaster");
    let sought = |day| Sought {
        birth_date: Pii::new(date(1984, 3, day)),
        first_name: Pii::new("Anne".into()),
        last_name: Pii::new("Test".into()),
        calling_from: None,
    };
    let found = oscar.find_patients(&sought(9)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(*found[0].last_name.reveal(), "TEST");
    assert_eq!(found[0].phones, [Pii::new("9055551234".to_owned())]);
    assert!(oscar.find_patients(&sought(10)).await.unwrap().is_empty());
    let asked = sent(&server, "searchDemographicsByAttributes").await;
    assert!(
        asked[0].contains(
            "<w:searchDemographicsByAttributes><arg4>1984-03-09T00:00:00</arg4><arg10>0</arg10><arg11>50</arg11></w:"
        ),
        "{}",
        asked[0]
    );
}

#[tokio::test]
async fn a_chart_and_an_appointment_that_are_listed_twice_are_one() {
    let (charts, rows) = (CHART.repeat(2), BOOKED.repeat(2));
    let answers = [
        ("LoginService", "login2", LOGIN),
        ("DemographicService", "searchDemographicsByAttributes", charts.as_str()),
        ("ScheduleService", "getAppointmentsForPatient2", rows.as_str()),
    ];
    let server = server(MCMASTER, &answers).await;
    contract::takes_what_is_listed_twice_for_one(&oscar(&server, "mcmaster")).await;
    let asked = sent(&server, "searchDemographicsByAttributes").await;
    for part in ["><arg0>1234567897</arg0><arg10>", "><arg7>1234</arg7><arg10>"] {
        assert!(asked.iter().any(|body| body.contains(part)), "{part}: {asked:?}");
    }
}

#[tokio::test]
async fn an_appointment_that_somebodys_update_left_without_a_provider_hides_no_other() {
    let lost = BOOKED.replace("<providerNo>101</providerNo>", "").replace("<id>18</id>", "<id>17</id>");
    let rows = format!("{lost}{BOOKED}");
    let answers = [
        ("LoginService", "login2", LOGIN),
        ("ScheduleService", "getAppointmentsForPatient2", rows.as_str()),
        ("ScheduleService", "getAppointmentsForDateRangeAndProvider2", lost.as_str()),
    ];
    let server = server(MCMASTER, &answers).await;
    let oscar = oscar(&server, "mcmaster");
    let told = oscar.appointments_for_patient(&wanted().patient, datetime(2026, 3, 1, 0, 0, 0, 0)).await.unwrap();
    assert_eq!(told.iter().map(|told| told.id.0.as_str()).collect::<Vec<_>>(), ["18"]);
    // In a provider's own day it could hold any time.
    let day = oscar.appointments_for_provider(&ProviderRef("101".into()), date(2026, 3, 3)).await;
    assert!(matches!(day, Err(EmrError::Invalid(_))), "{day:?}");
}
