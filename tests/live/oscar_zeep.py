#!/usr/bin/env python3
"""Uses every service of a simulated OSCAR with zeep, a SOAP client that knows only what the WSDLs say.

Usage: oscar_zeep.py BASE_URL USER PASSWORD DIALECT PROVIDER DAY PATIENT
"""

import datetime
import sys

import zeep
import zeep.exceptions
from zeep.wsse.username import UsernameToken

NAMES = ["LoginService", "SystemInfoService", "ScheduleService", "BookingService", "ProviderService", "DemographicService"]


def expect(what, wanted, got):
    if wanted != got:
        raise SystemExit(f"{what}: wanted {wanted!r}, got {got!r}")


def fault(what, code, call):
    try:
        call()
    except zeep.exceptions.Fault as error:
        if not error.code.endswith(code):
            raise SystemExit(f"{what}: wanted a fault {code}, got {error.code}: {error.message}") from error
        return error.message
    raise SystemExit(f"{what}: no fault")


def main(base_url, user, password, dialect, provider, day, patient):
    strict = zeep.Settings(strict=True, xml_huge_tree=False)

    def client(name, wsse=None):
        return zeep.Client(f"{base_url}/{name}?wsdl", wsse=wsse, settings=strict).service

    login = client("LoginService").login2(user, password)
    expect("the login's provider", "900", login.provider.providerNo)
    token = UsernameToken(str(login.securityId), login.securityTokenKey)
    fault("a wrong password", "Server", lambda: client("LoginService").login(user, "wrong"))

    info = client("SystemInfoService")
    expect("isAlive", "alive", info.isAlive())
    expect("the longest list", 5000, info.getMaxListReturnSize())
    expect("the time's offset", info.getServerTimeGmtOffset() // 1000, int(info.getServerTime().utcoffset().total_seconds()))

    providers = client("ProviderService", token)
    expect("who logged in", "900", providers.getLoggedInProviderTransfer().providerNo)
    numbers = [one.providerNo for one in providers.getProviders2(True)]
    if not {"-1", "900", provider} <= set(numbers) or "105" in numbers:
        raise SystemExit(f"active providers: {numbers}")

    people = client("DemographicService", token)
    jane = people.getDemographic(patient)
    expect("a chart", patient, jane.demographicNo)
    found = people.searchDemographicByName(f"{jane.lastName},{jane.firstName[:2]}", 0, 50)
    if patient not in [one.demographicNo for one in found]:
        raise SystemExit("a chart is not found by its name")
    found = people.searchDemographicsByAttributes(None, None, "roe", "F", datetime.datetime(1984, 3, 9), None, None, "555-0177", None, None, 0, 50)
    expect("charts by attributes", [patient], [one.demographicNo for one in found])
    expect("several charts", 2, len(people.getDemographics([patient, 1002])))
    if dialect == "openo":
        expect("a cell number", "604-555-0189", people.getDemographic2(patient).cellPhone)
    if dialect == "juno":
        number = people.addDemographic({"activeCount": 0, "hsAlertCount": 0, "firstName": "New", "lastName": "PATIENT", "sex": "F", "yearOfBirth": "1990", "monthOfBirth": "01", "dateOfBirth": "02"})
        expect("a new chart", "PATIENT, New", people.getDemographic(number).displayName)

    schedule = client("ScheduleService", token)
    codes = [chr(code.code) for code in schedule.getScheduleTemplateCodes()]
    if "P" not in codes or len(set(codes)) == len(codes):
        raise SystemExit(f"template codes: {codes}")
    day = datetime.datetime.fromisoformat(day)
    slots = schedule.getDayWorkSchedule(provider, day)
    expect("a holiday", False, slots.holiday)
    start = next(slot.date for slot in slots.timeSlots if chr(slot.scheduleCode) == "s").replace(tzinfo=None)
    end = start + datetime.timedelta(minutes=slots.timeSlotDurationMin)
    new = {"appointmentStartDateTime": start, "appointmentEndDateTime": end, "demographicNo": patient, "programId": 0, "providerNo": provider, "status": "t", "name": "ROE, Jane", "reason": "R&D <é>"}
    number = schedule.addAppointment(new)
    row = schedule.getAppointment2(number, False)
    expect("the reason", "R&D <é>", row.reason)
    expect("the end", end - datetime.timedelta(seconds=1), row.appointmentEndDateTime.replace(tzinfo=None))
    of_day = schedule.getAppointmentsForDateRangeAndProvider2(day, day + datetime.timedelta(days=1), provider, False)
    if number not in [one.id for one in of_day]:
        raise SystemExit("the booking is not in its day")
    schedule.updateAppointment({**new, "id": number, "status": "C"})
    expect("the status", "C", schedule.getAppointment2(number, False).status)
    expect("no such appointment", None, schedule.getAppointment2(999_999, False))
    fault("an update of nothing", "Server", lambda: schedule.updateAppointment({**new, "id": 999_999}))
    if dialect == "juno":
        schedule.cancelAppointment(number)

    booking = client("BookingService", token)
    expect("a booking without configuration", "ERROR", booking.bookAppointment("x", "y").bookingError.code)
    fault("a search without configuration", "Server", lambda: booking.findAppointment(patient, "x", day))

    code = "SecurityError" if dialect == "openo" else "FailedAuthentication"
    wrong = client("ScheduleService", UsernameToken(str(login.securityId), "wrong"))
    fault("a wrong token", code, wrong.getScheduleTemplateCodes)
    print("all services answered")


if __name__ == "__main__":
    base_url, user, password, dialect, provider, day, patient = sys.argv[1:]
    main(base_url, user, password, dialect, provider, day, int(patient))
