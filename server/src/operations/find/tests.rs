//! What `$find` offers: who is free together, within which time, for whom, and what it refuses.

use fhir::json::Value;
use fhir::resource::Resource;
use jiff::civil::Weekday;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::auth::{Access, Reason};
use crate::operations::testing::World;

const STAFF: &str = "https://vesta.example/fhir/CodeSystem/staff-role";
const VISITS: &str = "https://vesta.example/fhir/CodeSystem/visit-type";

/// A clinic that scans on Mondays from nine to eleven: two physicians, two rooms, a machine in each.
pub(in crate::operations) async fn clinic() -> Option<World> {
    let world = World::new().await?;
    let service = format!(
        r#"{{"resourceType":"HealthcareService","id":"scan","active":true,"type":[{{"coding":[{{"system":"{VISITS}","code":"scan"}}]}}],
        "extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
        {{"url":"duration","valuePositiveInt":30}},{{"url":"align-minutes","valuePositiveInt":30}},
        {{"url":"horizon-days","valuePositiveInt":60}},{{"url":"overbook-limit","valueUnsignedInt":1}},
        {{"url":"requirement","extension":[{{"url":"role","valueCode":"physician"}},{{"url":"type","valueCode":"PractitionerRole"}}]}},
        {{"url":"requirement","extension":[{{"url":"role","valueCode":"room"}},{{"url":"type","valueCode":"Location"}},
          {{"url":"pool","valueReference":{{"reference":"Location/site"}}}},{{"url":"buffer-after","valueUnsignedInt":30}}]}},
        {{"url":"requirement","extension":[{{"url":"role","valueCode":"ultrasound"}},{{"url":"type","valueCode":"Device"}}]}}]}}]}}"#
    );
    let mut resources = vec![
        service,
        r#"{"resourceType":"Patient","id":"anna"}"#.to_owned(),
    ];
    resources.push(r#"{"resourceType":"Location","id":"site","status":"active"}"#.to_owned());
    let mut actors = Vec::new();
    for (doctor, code) in [("a", "physician"), ("b", "physician"), ("nurse", "nurse")] {
        resources.push(format!(
            r#"{{"resourceType":"Practitioner","id":"{doctor}"}}"#
        ));
        resources.push(format!(
            r#"{{"resourceType":"PractitionerRole","id":"role-{doctor}","active":true,"practitioner":{{"reference":"Practitioner/{doctor}"}},
            "code":[{{"coding":[{{"system":"{STAFF}","code":"{code}"}}]}}]}}"#
        ));
        actors.push(format!("PractitionerRole/role-{doctor}"));
    }
    for room in ["1", "2"] {
        resources.push(format!(
            r#"{{"resourceType":"Location","id":"room-{room}","status":"active","partOf":{{"reference":"Location/site"}}}}"#
        ));
        resources.push(format!(
            r#"{{"resourceType":"Device","id":"scanner-{room}","status":"active","location":{{"reference":"Location/room-{room}"}}}}"#
        ));
        actors.extend([
            format!("Location/room-{room}"),
            format!("Device/scanner-{room}"),
        ]);
    }
    // A room elsewhere.
    resources.push(r#"{"resourceType":"Location","id":"cellar","status":"active"}"#.to_owned());
    actors.push("Location/cellar".to_owned());
    for (place, actor) in actors.iter().enumerate() {
        resources.push(format!(
            r#"{{"resourceType":"Schedule","id":"s{place}","actor":[{{"reference":"{actor}"}}],"extension":[
            {{"url":"https://vesta.example/fhir/StructureDefinition/availability","extension":[
            {{"url":"mode","valueCode":"rules"}},{{"url":"timezone","valueCode":"Europe/Berlin"}},
            {{"url":"rule","extension":[{{"url":"days","valueCode":"mon"}},{{"url":"from","valueTime":"09:00:00"}},
            {{"url":"to","valueTime":"11:00:00"}}]}}]}}]}}"#
        ));
    }
    for resource in &resources {
        world.put(resource).await;
    }
    Some(world)
}

/// The Monday after next in Berlin, at a time.
pub(in crate::operations) fn monday(world: &World, hour: i8, minute: i8) -> Zoned {
    let zone = fhir::scheduling::zone("Europe/Berlin").unwrap();
    let today = world.cx.now.to_zoned(zone).date();
    let mut day = today.checked_add(7.days()).unwrap();
    while day.weekday() != Weekday::Monday {
        day = day.tomorrow().unwrap();
    }
    day.at(hour, minute, 0, 0)
        .to_zoned(fhir::scheduling::zone("Europe/Berlin").unwrap())
        .unwrap()
}

/// Somebody is busy on that Monday.
pub(in crate::operations) async fn busy(
    world: &World,
    actor: &str,
    from: (i8, i8),
    to: (i8, i8),
    hold: Option<&str>,
) {
    let (from, to) = (
        monday(world, from.0, from.1).timestamp(),
        monday(world, to.0, to.1).timestamp(),
    );
    let (kind, expires) = match hold {
        Some(expires) => ("held", format!("now() + interval '{expires}'")),
        None => ("booked", "null".to_owned()),
    };
    let sql = format!(
        "insert into actor_busy (actor, lane, during, kind, source, expires_at) \
         values ('{actor}', 0, tstzrange('{from}', '{to}'), '{kind}', 'Appointment/x', {expires})"
    );
    assert_eq!(world.database().execute(sql.leak()).await.unwrap(), 1);
}

/// A call with more parameters than the window of that Monday and the service.
async fn find(world: &World, more: &str) -> Result<String, String> {
    let (start, end) = (
        monday(world, 0, 0).timestamp(),
        monday(world, 23, 0).timestamp(),
    );
    let service =
        r#"{"name":"healthcare-service","valueReference":{"reference":"HealthcareService/scan"}}"#;
    let body = format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"start","valueDateTime":"{start}"}},
        {{"name":"end","valueDateTime":"{end}"}},{service}{more}]}}"#
    );
    world.call("Appointment/$find", Some(&body)).await
}

/// Total and, for each visit, its local start and who takes part.
fn shown(bundle: &str) -> (String, Vec<String>) {
    let bundle = Resource::parse(bundle.to_owned()).unwrap();
    let total = bundle.get("total").map_or("", Value::raw).to_owned();
    let entries = bundle.get("entry").into_iter().flat_map(Value::items);
    let visit = |entry: Value<'_>| {
        let start = entry.at(&["resource", "start"])?.string()?[11..16].to_owned();
        let participants = entry.at(&["resource", "participant"])?;
        let actors = participants
            .items()
            .filter_map(|one| one.at(&["actor", "reference"])?.string());
        let names = actors.map(|one| one.rsplit('/').next().unwrap_or_default().to_owned());
        Some(format!("{start} {}", names.collect::<Vec<_>>().join(" ")))
    };
    (total, entries.filter_map(visit).collect())
}

/// What a call with more parameters answers.
async fn check(world: &World, more: &str, total: &str, expected: &[&str]) {
    let found = shown(&find(world, more).await.unwrap());
    let expected = expected.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!(found, (total.to_owned(), expected), "{more}");
}

/// What is offered of [`partly_taken`].
const LEFT: [&str; 6] = [
    "09:00 role-b room-1 scanner-1 scan",
    "09:30 role-b room-2 scanner-2 scan",
    "10:00 role-a room-2 scanner-2 scan",
    "10:00 role-b room-2 scanner-2 scan",
    "10:30 role-a room-1 scanner-1 scan",
    "10:30 role-b room-1 scanner-1 scan",
];

/// A Monday on which somebody is busy already.
async fn partly_taken(world: &World) {
    busy(world, "Practitioner/a", (9, 0), (10, 0), None).await;
    // A hold that has run out is in nobody's way; the buffer of the room reaches into its next visit.
    busy(world, "Practitioner/b", (9, 0), (11, 0), Some("-1 second")).await;
    busy(world, "Location/room-1", (10, 0), (10, 30), None).await;
}

#[tokio::test]
async fn what_is_open_and_free_together_is_offered() {
    let Some(world) = clinic().await else {
        return;
    };
    let first = [
        "09:00 role-a room-1 scanner-1 scan",
        "09:00 role-b room-1 scanner-1 scan",
    ];
    check(
        &world,
        r#",{"name":"_count","valueInteger":2}"#,
        "8",
        &first,
    )
    .await;
    partly_taken(&world).await;
    check(&world, "", "6", &LEFT).await;
    busy(&world, "Patient/anna", (9, 0), (10, 15), None).await;
    let anna = r#",{"name":"patient-reference","valueReference":{"reference":"Patient/anna"}}"#;
    let with_anna = [
        "10:30 anna role-a room-1 scanner-1 scan",
        "10:30 anna role-b room-1 scanner-1 scan",
    ];
    check(&world, anna, "2", &with_anna).await;
    let beyond =
        r#",{"name":"include-overbook","valueBoolean":true},{"name":"_count","valueInteger":1}"#;
    check(&world, beyond, "8", &first[..1]).await;
    world.close().await;
}

#[tokio::test]
async fn what_is_wanted_narrows_what_is_offered() {
    let Some(world) = clinic().await else {
        return;
    };
    partly_taken(&world).await;
    let named = |name: &str, key: &str| {
        format!(r#",{{"name":"{name}","valueReference":{{"reference":"{key}"}}}}"#)
    };
    let with_a = [LEFT[2], LEFT[4]];
    check(
        &world,
        &named("practitioner", "Practitioner/a"),
        "2",
        &with_a,
    )
    .await;
    let in_room_2 = [
        "09:00 role-b room-2 scanner-2 scan",
        LEFT[1],
        LEFT[2],
        LEFT[3],
        "10:30 role-a room-2 scanner-2 scan",
        "10:30 role-b room-2 scanner-2 scan",
    ];
    check(
        &world,
        &named("location-reference", "Location/room-2"),
        "6",
        &in_room_2,
    )
    .await;
    check(
        &world,
        &named("location-reference", "Location/cellar"),
        "0",
        &[],
    )
    .await;
    let timing =
        |repeat: &str| format!(r#",{{"name":"timing","valueTiming":{{"repeat":{{{repeat}}}}}}}"#);
    check(
        &world,
        &timing(r#""timeOfDay":["10:30:00"]"#),
        "2",
        &LEFT[4..],
    )
    .await;
    check(&world, &timing(r#""dayOfWeek":["tue"]"#), "0", &[]).await;
    let long = r#",{"name":"duration","valueDuration":{"value":2,"system":"http://unitsofmeasure.org","code":"h"}}"#;
    check(&world, long, "1", &["09:00 role-b room-2 scanner-2 scan"]).await;
    world.close().await;
}

#[tokio::test]
async fn what_is_offered_is_shown_to_nobody_else() {
    let Some(world) = clinic().await else {
        return;
    };
    let found = find(&world, r#",{"name":"_count","valueInteger":1}"#)
        .await
        .unwrap();
    let found = Resource::parse(found).unwrap();
    let offered = found
        .get("entry")
        .unwrap()
        .items()
        .next()
        .unwrap()
        .get("resource")
        .unwrap();
    let id = offered.get("id").unwrap().string().unwrap().into_owned();
    assert_eq!(offered.get("status").unwrap().raw(), r#""proposed""#);
    assert_eq!(
        offered
            .at(&["_start", "extension"])
            .unwrap()
            .items()
            .next()
            .unwrap()
            .get("valueCode")
            .unwrap()
            .raw(),
        r#""Europe/Berlin""#
    );
    let key = format!("Appointment/{id}");
    assert_eq!(world.get(&key).await.unwrap(), offered.raw());
    let mut other = world.cx.clone();
    other.access = Access::system(Reason::Job);
    let absent = format!("404 there is no {key}");
    assert_eq!(world.get_with(&other, &key).await, Err(absent.clone()));
    let mut late = world.cx.clone();
    late.now = world.cx.now.checked_add(15.minutes()).unwrap();
    assert_eq!(world.get_with(&late, &key).await, Err(absent));
    world.close().await;
}

#[tokio::test]
async fn what_is_contradictory_or_not_understood_is_refused() {
    let Some(world) = clinic().await else {
        return;
    };
    let check = async |more: &str, says: &str| {
        let refused = find(&world, more).await.unwrap_err();
        assert!(refused.contains(says), "{more}: {refused}");
    };
    check(r#",{"name":"colour","valueString":"red"}"#, "colour").await;
    check(
        r#",{"name":"location-string","valueString":"Mitte"}"#,
        "400 'location-string' is not supported",
    )
    .await;
    check(
        r#",{"name":"visit-type","valueString":"a|b"}"#,
        "400 one of 'healthcare-service' and 'visit-type'",
    )
    .await;
    check(
        r#",{"name":"specialty","valueString":"b"}"#,
        "400 'specialty' is system|code",
    )
    .await;
    check(
        r#",{"name":"_count","valueInteger":201}"#,
        "400 '_count' is a number from 1 to 200",
    )
    .await;
    check(
        r#",{"name":"patient-reference","valueReference":{"reference":"Patient/nobody"}}"#,
        "404 there is no Patient/nobody",
    )
    .await;
    check(r#",{"name":"patient-reference","valueReference":{"reference":"http://else.example/Patient/1"}}"#, "400 'patient-reference' refers to Patient").await;
    check(
        r#",{"name":"timing","valueTiming":{"repeat":{"frequency":1}}}"#,
        "400 of a timing",
    )
    .await;
    check(r#",{"name":"duration","valueDuration":{"value":1.5,"system":"http://unitsofmeasure.org","code":"h"}}"#, "400 a duration is a whole number").await;
    check(
        r#",{"name":"referral-identifier","valueIdentifier":{"system":"urn:a","value":"b"}}"#,
        "400 a referral is that of a patient",
    )
    .await;
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let window = async |start: Timestamp, end: Timestamp, more: &str| {
        let url =
            format!("Appointment/$find?start={start}&end={end}&visit-type={VISITS}%7Cscan{more}");
        world.get(&url).await
    };
    let (now, week) = (world.cx.now, world.cx.now + 168.hours());
    assert_eq!(
        window(week, now, "").await.unwrap_err(),
        "400 the window ends before it begins"
    );
    assert_eq!(
        window(now, now + 2209.hours(), "").await.unwrap_err(),
        "400 a window is at most 92 days long"
    );
    let past = window(at("2020-01-01T00:00:00Z"), at("2020-01-02T00:00:00Z"), "")
        .await
        .unwrap();
    assert_eq!(shown(&past), ("0".to_owned(), Vec::new()));
    assert!(past.contains("can be booked any more"), "{past}");
    let late = window(now + 1500.hours(), now + 1600.hours(), "")
        .await
        .unwrap();
    assert!(late.contains("can be booked yet"), "{late}");
    world.close().await;
}
