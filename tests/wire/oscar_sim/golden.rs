//! Golden envelopes: every service's answers as they are written today.

use std::fmt::Write;

use attendant::sim::oscar::Dialect;

use super::Sim;

/// Questions and answers, an element a line.
async fn transcript(sim: &Sim, questions: &[(&str, &str, &str)]) -> String {
    let mut written = String::new();
    for (service, operation, arguments) in questions {
        let reply = sim.ask(service, operation, arguments).await;
        writeln!(written, "> {service} {operation} {arguments}\n{}", reply.status).expect("a string takes it");
        writeln!(written, "{}\n", reply.body.replace("><", ">\n<")).expect("a string takes it");
    }
    written
}

#[tokio::test]
async fn logins_and_the_system_answer_as_written() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let questions = [
        ("LoginService", "login2", "<arg0>attendant</arg0><arg1>voice-agent-2026</arg1>"),
        ("LoginService", "login", "<arg0>attendant</arg0><arg1>voice-agent-2026</arg1>"),
        ("LoginService", "login2", "<arg0>attendant</arg0><arg1>guess</arg1>"),
        ("SystemInfoService", "isAlive", ""),
        ("SystemInfoService", "getServerTime", ""),
        ("SystemInfoService", "getServerTimeGmtOffset", ""),
        ("SystemInfoService", "getMaxListReturnSize", ""),
    ];
    insta::assert_snapshot!(transcript(&sim, &questions).await);
}

#[tokio::test]
async fn the_schedule_answers_as_written() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let day = "<arg0>2026-11-23T00:00:00</arg0><arg1>2026-11-24T00:00:00</arg1><arg2>101</arg2><arg3>false</arg3>";
    let new = super::appointment("", "2026-11-23T16:00:00", "2026-11-23T16:15:00", 1001, "t");
    let questions = [
        ("ScheduleService", "getScheduleTemplateCodes", ""),
        ("ScheduleService", "getAppointmentTypes", ""),
        ("ScheduleService", "getDayWorkSchedule", "<arg0>106</arg0><arg1>2026-11-23T00:00:00</arg1>"),
        ("ScheduleService", "getDayWorkSchedule", "<arg0>101</arg0><arg1>2026-11-25T00:00:00</arg1>"),
        ("ScheduleService", "getDayWorkSchedule", "<arg0>102</arg0><arg1>2026-11-28T00:00:00</arg1>"),
        ("ScheduleService", "addAppointment", new.as_str()),
        ("ScheduleService", "getAppointmentsForDateRangeAndProvider2", day),
        ("ScheduleService", "getAppointment2", "<arg0>999999</arg0><arg1>false</arg1>"),
    ];
    insta::assert_snapshot!(transcript(&sim, &questions).await);
}

#[tokio::test]
async fn people_answer_as_written() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let questions = [
        ("ProviderService", "getLoggedInProviderTransfer", ""),
        ("ProviderService", "getProviders2", "<arg0>true</arg0>"),
        ("DemographicService", "getDemographic", "<arg0>1001</arg0>"),
        ("DemographicService", "getDemographic", "<arg0>4711</arg0>"),
        ("BookingService", "bookAppointment", "<arg0>x</arg0><arg1>y</arg1>"),
    ];
    insta::assert_snapshot!(transcript(&sim, &questions).await);
}

#[tokio::test]
async fn a_wsdl_is_as_written() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let url = format!("{}/LoginService?wsdl", sim.base_url);
    let wsdl = reqwest::get(&url).await.unwrap().text().await.unwrap();
    insta::assert_snapshot!(wsdl.replace(&sim.base_url, "BASE"));
}

#[tokio::test]
async fn every_operation_of_every_wsdl_is_answered() {
    for dialect in [Dialect::Mcmaster, Dialect::Openo, Dialect::Juno] {
        let sim = Sim::start(dialect).await;
        let list = reqwest::get(format!("{}/", sim.base_url)).await.unwrap().text().await.unwrap();
        let services: Vec<_> = list.split("?wsdl\">").skip(1).filter_map(|row| row.split("</a>").next()).collect();
        assert_eq!(services.len(), 6);
        for url in services {
            let service = url.rsplit('/').next().unwrap();
            let wsdl = reqwest::get(format!("{url}?wsdl")).await.unwrap().text().await.unwrap();
            let port_type = wsdl.split("<wsdl:portType").nth(1).and_then(|rest| rest.split("</wsdl:portType>").next());
            for operation in port_type.unwrap().split("<wsdl:operation name=\"").skip(1) {
                let operation = operation.split('"').next().unwrap();
                let reply = sim.ask(service, operation, "").await;
                assert!(!reply.body.contains("was not recognized"), "{dialect} {operation}: {}", reply.body);
            }
        }
    }
}

#[tokio::test]
async fn whoever_takes_gzip_gets_gzip() {
    use std::io::Read;

    let sim = Sim::start(Dialect::Mcmaster).await;
    let gzip = reqwest::header::HeaderValue::from_static("gzip");
    for (operation, status) in [("isAlive", 200), ("isNot", 500)] {
        let response = sim
            .http
            .post(format!("{}/SystemInfoService", sim.base_url))
            .header("content-type", "text/xml; charset=utf-8")
            .header("accept-encoding", "gzip, deflate")
            .body(sim.envelope("", &format!("<w:{operation}/>")))
            .send()
            .await
            .unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["content-encoding"]), (status, &gzip));
        let packed = response.bytes().await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        assert!(text.starts_with("<soap:Envelope"), "{text}");
    }
}
