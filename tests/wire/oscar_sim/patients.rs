//! Searches for patients: beginnings and parts of columns, without cell numbers, with everyone who ever had a chart.

use attendant::sim::oscar::Dialect;

use super::Sim;

async fn found(sim: &Sim, operation: &str, arguments: &str) -> Vec<String> {
    let reply = sim.ask("DemographicService", operation, arguments).await;
    reply.all("demographicNo").into_iter().map(str::to_owned).collect()
}

async fn named(sim: &Sim, name: &str) -> Vec<String> {
    found(sim, "searchDemographicByName", &format!("<arg0>{name}</arg0><arg1>0</arg1><arg2>50</arg2>")).await
}

async fn with(sim: &Sim, attributes: &str) -> Vec<String> {
    found(sim, "searchDemographicsByAttributes", &format!("{attributes}<arg10>0</arg10><arg11>50</arg11>")).await
}

#[tokio::test]
async fn names_are_found_by_their_beginnings_in_any_case() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    assert_eq!(named(&sim, "roe,ja").await, ["1001", "1006", "1007"]);
    assert_eq!(named(&sim, "GAGNON,elise").await, ["1005"]);
    assert_eq!(named(&sim, "oe").await, [""; 0]);
    assert_eq!(named(&sim, "%oe").await, ["1001", "1006", "1007"], "a wildcard works as one");
}

#[tokio::test]
async fn searches_find_merged_inactive_and_deceased_charts_too() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    assert_eq!(named(&sim, "sandhu,gurpreet").await, ["1009", "1004"]);
    assert_eq!(named(&sim, "osgood").await, ["1010"]);
    let merged = sim.ask("DemographicService", "getDemographic", "<arg0>1009</arg0>").await;
    assert_eq!(merged.one("headRecord"), "1004");
}

#[tokio::test]
async fn numbers_are_found_as_they_were_typed_and_cells_never() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let phone = async |digits: &str| with(&sim, &format!("<arg7>{digits}</arg7>")).await;
    assert_eq!(phone("555-0177").await, ["1001"]);
    assert_eq!(phone("6045550177").await, [""; 0], "another way of typing it");
    assert_eq!(phone("7785550124").await, ["1002"], "the second number");
    assert_eq!(phone("555-0131").await, [""; 0], "a cell number");
}

#[tokio::test]
async fn attributes_narrow_each_other() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    assert_eq!(with(&sim, "<arg2>roe</arg2><arg4>1962-04-12T00:00:00</arg4>").await, ["1006", "1007"]);
    assert_eq!(
        with(&sim, "<arg2>roe</arg2><arg4>1962-04-12T00:00:00Z</arg4>").await,
        [""; 0],
        "in UTC that is the day before"
    );
    assert_eq!(with(&sim, "<arg3>O</arg3>").await, ["1012"]);
    assert_eq!(with(&sim, "<arg0>9698</arg0><arg6>BC</arg6>").await, ["1001"]);
    let none =
        sim.ask("DemographicService", "searchDemographicsByAttributes", "<arg10>0</arg10><arg11>50</arg11>").await;
    assert_eq!(none.fault(), "soap:Server: at least one parameter must be present");
    let gender = sim.ask(
        "DemographicService",
        "searchDemographicsByAttributes",
        "<arg3>X</arg3><arg10>0</arg10><arg11>9</arg11>",
    );
    assert!(gender.await.fault().starts_with("soap:Client: Unmarshalling Error"));
}

#[tokio::test]
async fn open_o_tells_cell_numbers_where_they_are_asked_for() {
    let sim = Sim::start(Dialect::Openo).await;
    let wide = sim.ask("DemographicService", "getDemographic2", "<arg0>1001</arg0>").await;
    assert_eq!(wide.one("cellPhone"), "604-555-0189");
    let narrow = sim.ask("DemographicService", "getDemographic", "<arg0>1001</arg0>").await;
    assert!(!narrow.body.contains("cellPhone"));
}

#[tokio::test]
async fn changed_charts_come_with_the_fields_that_were_asked_for() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let arguments = "<lastUpdate>2020-01-01T00:00:00</lastUpdate><fields>lastName,phone</fields>";
    let reply = sim.ask("DemographicService", "getActiveDemographicsAfter", arguments).await;
    assert!(reply.all("lastName").len() == 9 && !reply.body.contains("firstName"), "{}", reply.body);
}
