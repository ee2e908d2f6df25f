//! Route 53 as AWS has it: a batch is all or nothing, DELETE compares with what is there, CREATE refuses what exists, a
//! change has an id of its own and is PENDING first.
//!
//! The truth stays in moto: a batch is checked against the record sets read from it, and what survives is written there
//! as UPSERT and DELETE, so that any client reads it back.

use std::collections::BTreeMap;

use hyper::body::Bytes;

use super::balancers::zone_of_balancer;
use super::request::Request;
use super::{Reply, Shared, aws_error, unique};
use crate::support::xml::Element;

const NAMESPACE: &str = " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";

/// What makes a record set one: name, type, set identifier.
pub(super) type RecordKey = (String, String, String);

impl Shared {
    pub(super) async fn route53(&self, request: &Request) -> Reply {
        match request.action.as_str() {
            "ChangeResourceRecordSets" => self.change(request).await,
            "GetChange" => self.get_change(request),
            "ListResourceRecordSets" => self.list(request).await,
            "GetHostedZone" => self.get_zone(request).await,
            "CreateHostedZone" | "DeleteHostedZone" => {
                let reply = self.forward(request).await;
                match reply.document() {
                    Some(mut document) if reply.status < 300 => {
                        let info = self.begin_change();
                        document.each_mut("ChangeInfo", &mut |element| *element = info.clone());
                        reply.with(&document)
                    }
                    _ => reply,
                }
            }
            _ => self.forward(request).await,
        }
    }

    /// A zone, delegated to the servers that this stand-in runs.
    async fn get_zone(&self, request: &Request) -> Reply {
        let reply = self.forward(request).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        let mut state = self.state();
        state.dns.seen(&zone_id(request), request);
        let servers: Vec<Element> =
            state.dns.name_servers().into_iter().map(|name| Element::leaf("NameServer", name)).collect();
        document.each_mut("NameServers", &mut |element| {
            *element = Element::new("NameServers", servers.clone());
        });
        reply.with(&document)
    }

    async fn list(&self, request: &Request) -> Reply {
        let reply = self.forward(request).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        document.each_mut("ResourceRecordSet", &mut |set| *set = as_listed(set));
        reply.with(&document)
    }

    async fn change(&self, request: &Request) -> Reply {
        let _one_at_a_time = self.batch.lock().await;
        let zone = zone_id(request);
        let (name, mut sets) = match self.read_zone(request, &zone).await {
            Ok(read) => read,
            Err(reply) => return *reply,
        };
        let body = String::from_utf8_lossy(&request.body);
        let changes: Option<Vec<Element>> = Element::parse(&body)
            .and_then(|document| document.at(&["ChangeBatch", "Changes"]).cloned())
            .map(|changes| changes.children);
        let Some(changes) = changes.filter(|changes| !changes.is_empty()) else {
            return aws_error(request, 400, "MalformedInput", "Unexpected or missing Changes");
        };
        let before = sets.clone();
        let mut complaints = Vec::new();
        for change in &changes {
            let action = change.text_of("Action");
            let Some(set) = change.child("ResourceRecordSet") else {
                return aws_error(request, 400, "MalformedInput", "A Change without a ResourceRecordSet");
            };
            if let Some(why) = invalid_input(action, set) {
                return aws_error(request, 400, "InvalidInput", &why);
            }
            if let Err(why) = one_change(&name, &mut sets, action, set) {
                complaints.push(why);
            }
        }
        if !complaints.is_empty() {
            return aws_error(request, 400, "InvalidChangeBatch", &format!("[{}]", complaints.join(", ")));
        }
        self.state().dns.changed(&zone, before.clone());
        if let Err(reply) = self.write_zone(request, &before, &sets).await {
            return *reply;
        }
        let mut document = Element::new("ChangeResourceRecordSetsResponse", vec![self.begin_change()]);
        NAMESPACE.clone_into(&mut document.attributes);
        Reply::xml(200, &document)
    }

    /// A zone's name and record sets, to the last page.
    pub(super) async fn read_zone(
        &self,
        request: &Request,
        zone: &str,
    ) -> Result<(String, BTreeMap<RecordKey, Element>), Box<Reply>> {
        let mut get = request.clone();
        "GET".clone_into(&mut get.method);
        get.body = Bytes::new();
        get.target = format!("/2013-04-01/hostedzone/{zone}");
        let reply = self.forward(&get).await;
        let name = match reply.document().filter(|_| reply.status == 200) {
            Some(document) => {
                document.at(&["HostedZone"]).map(|z| z.text_of("Name").to_owned()).unwrap_or_default()
            }
            None => return Err(Box::new(reply)),
        };
        let mut sets = BTreeMap::new();
        let mut query = String::new();
        loop {
            get.target = format!("/2013-04-01/hostedzone/{zone}/rrset{query}");
            let reply = self.forward(&get).await;
            let Some(document) = reply.document().filter(|_| reply.status == 200) else {
                return Err(Box::new(reply));
            };
            let known = sets.len();
            for set in document.all("ResourceRecordSet") {
                let set = normal(set);
                sets.insert(key(&set), set);
            }
            if document.text_of("IsTruncated") != "true" || sets.len() == known {
                return Ok((normal_name(&name), sets));
            }
            let (next, kind) = (document.text_of("NextRecordName"), document.text_of("NextRecordType"));
            query = format!("?name={}&type={kind}", next.replace('*', "%2A"));
        }
    }

    /// Writes the difference to moto.
    async fn write_zone(
        &self,
        request: &Request,
        before: &BTreeMap<RecordKey, Element>,
        after: &BTreeMap<RecordKey, Element>,
    ) -> Result<(), Box<Reply>> {
        let gone: Vec<&Element> =
            before.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(_, set)| set).collect();
        // moto looks a DELETE up in its journal of changes, and deletes a set identifier under every name: so what
        // goes is written once more first, and what shares an identifier with it is written again after.
        self.write_batch(request, "UPSERT", &gone).await?;
        self.write_batch(request, "DELETE", &gone).await?;
        let new: Vec<&Element> = after
            .iter()
            .filter(|(key, set)| {
                let shared =
                    !key.2.is_empty() && gone.iter().any(|gone| gone.text_of("SetIdentifier") == key.2);
                shared || before.get(*key) != Some(*set)
            })
            .map(|(_, set)| set)
            .collect();
        self.write_batch(request, "UPSERT", &new).await
    }

    async fn write_batch(
        &self,
        request: &Request,
        action: &str,
        sets: &[&Element],
    ) -> Result<(), Box<Reply>> {
        if sets.is_empty() {
            return Ok(());
        }
        let changes = sets
            .iter()
            .map(|set| Element::new("Change", vec![Element::leaf("Action", action), (*set).clone()]))
            .collect();
        let batch = Element::new("ChangeBatch", vec![Element::new("Changes", changes)]);
        let mut document = Element::new("ChangeResourceRecordSetsRequest", vec![batch]);
        NAMESPACE.clone_into(&mut document.attributes);
        let mut post = request.clone();
        post.body = Bytes::from(document.document());
        let reply = self.forward(&post).await;
        if reply.status == 200 { Ok(()) } else { Err(Box::new(reply)) }
    }

    /// A new change, PENDING for as many polls as the pace says.
    fn begin_change(&self) -> Element {
        let mut state = self.state();
        let id = format!("C{:013}", 1_000_000_000_000 + unique());
        let submitted = format!("{:.3}", jiff::Timestamp::now());
        let left = state.pace.change;
        state.changes.insert(id.clone(), (left, submitted.clone()));
        change_info(&id, left > 0, &submitted)
    }

    fn get_change(&self, request: &Request) -> Reply {
        let path = request.target.split('?').next().unwrap_or_default();
        let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let mut state = self.state();
        let Some((left, submitted)) = state.changes.get_mut(id) else {
            drop(state);
            return aws_error(
                request,
                404,
                "NoSuchChange",
                &format!("Could not find resource with ID: {id}"),
            );
        };
        let mut document = Element::new("GetChangeResponse", vec![change_info(id, *left > 0, submitted)]);
        *left = left.saturating_sub(1);
        NAMESPACE.clone_into(&mut document.attributes);
        Reply::xml(200, &document)
    }
}

fn change_info(id: &str, pending: bool, submitted: &str) -> Element {
    Element::new(
        "ChangeInfo",
        vec![
            Element::leaf("Id", format!("/change/{id}")),
            Element::leaf("Status", if pending { "PENDING" } else { "INSYNC" }),
            Element::leaf("SubmittedAt", submitted),
        ],
    )
}

fn zone_id(request: &Request) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    let mut parts = path.split('/').skip_while(|part| *part != "hostedzone");
    parts.nth(1).unwrap_or_default().to_owned()
}

/// Applies one change to the sets in hand, or says what AWS would.
fn one_change(
    zone: &str,
    sets: &mut BTreeMap<RecordKey, Element>,
    action: &str,
    set: &Element,
) -> Result<(), String> {
    let set = normal(set);
    let key = key(&set);
    let (name, kind) = (key.0.as_str(), key.1.as_str());
    let called = if key.2.is_empty() {
        format!("[name='{name}', type='{kind}']")
    } else {
        format!("[name='{name}', type='{kind}', set-identifier='{}']", key.2)
    };
    if name != zone && !name.ends_with(&format!(".{zone}")) {
        return Err(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    match action {
        "DELETE" => {
            let there = sets.get(&key).ok_or_else(|| {
                format!("Tried to delete resource record set {called} but it was not found")
            })?;
            if value(there) != value(&set) {
                return Err(format!(
                    "Tried to delete resource record set {called} but the values provided do not match the current values"
                ));
            }
            if name == zone && matches!(kind, "NS" | "SOA") {
                return Err(format!(
                    "A HostedZone must contain at least one {kind} record for the zone itself."
                ));
            }
            sets.remove(&key);
        }
        "CREATE" | "UPSERT" => {
            if action == "CREATE" && sets.contains_key(&key) {
                return Err(format!("Tried to create resource record set {called} but it already exists"));
            }
            if kind == "CNAME" && name == zone {
                return Err(format!(
                    "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"
                ));
            }
            check_values(kind, &set)?;
            sets.insert(key, set);
        }
        other => return Err(format!("Unknown action {other}")),
    }
    Ok(())
}

/// Values that AWS would not take.
fn check_values(kind: &str, set: &Element) -> Result<(), String> {
    for record in set.all("Value") {
        let text = &record.text;
        let (good, fatal, what) = match kind {
            "A" => (text.parse::<std::net::Ipv4Addr>().is_ok(), "ARRDATAIllegalIPv4Address", "IPv4"),
            "AAAA" => (text.parse::<std::net::Ipv6Addr>().is_ok(), "AAAARRDATAIllegalIPv6Address", "IPv6"),
            _ => continue,
        };
        if !good {
            return Err(format!(
                "Invalid Resource Record: 'FATAL problem: {fatal} (Value is not a valid {what} address) encountered with '{text}''"
            ));
        }
    }
    if let Some(alias) = set.child("AliasTarget") {
        let target = alias.text_of("DNSName").trim_end_matches('.');
        let zone = alias.text_of("HostedZoneId");
        if zone_of_balancer(target).is_some_and(|right| right != zone) {
            return Err(format!(
                "Tried to create an alias that targets {target}., type {kind} in zone {zone}, but the alias target name does not lie within the target zone"
            ));
        }
    }
    Ok(())
}

/// What AWS refuses before it looks at the zone.
fn invalid_input(action: &str, set: &Element) -> Option<String> {
    let alias = set.child("AliasTarget").is_some();
    let (ttl, records) = (set.child("TTL").is_some(), set.child("ResourceRecords").is_some());
    let found = match (alias, ttl, records) {
        (true, false, false) | (false, true, true) => return None,
        (true, _, _) => "more than one",
        (false, _, _) => "none",
    };
    let identifier = match set.text_of("SetIdentifier") {
        "" => "null",
        identifier => identifier,
    };
    Some(format!(
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={}, Type={}, SetIdentifier={identifier}]",
        normal_name(set.text_of("Name")),
        set.text_of("Type")
    ))
}

fn key(set: &Element) -> RecordKey {
    (set.text_of("Name").to_owned(), set.text_of("Type").to_owned(), set.text_of("SetIdentifier").to_owned())
}

/// Lower case, a final dot, `\052` as the asterisk it stands for.
pub(super) fn normal_name(name: &str) -> String {
    let name = name.to_lowercase().replace("\\052", "*");
    if name.ends_with('.') { name } else { format!("{name}.") }
}

/// A set as it is kept: names normalised, an alias without a TTL, moto's odd SOA put right.
fn normal(set: &Element) -> Element {
    let mut set = set.clone();
    let name = normal_name(set.text_of("Name"));
    set.set("Name", &name);
    if let Some(alias) = set.child_mut("AliasTarget") {
        let target = normal_name(alias.text_of("DNSName"));
        alias.set("DNSName", &target);
        // TTL 0 on an alias is moto's; any other is the client's, and refused before.
        set.children.retain(|child| child.name != "TTL");
    }
    set.each_mut("Value", &mut |value| {
        if let Some(inside) = value.text.strip_prefix("{'Value': '").and_then(|rest| rest.strip_suffix("'}"))
        {
            value.text = inside.to_owned();
        }
    });
    set
}

/// A set as AWS lists it.
fn as_listed(set: &Element) -> Element {
    let mut set = normal(set);
    let name = set.text_of("Name").replace('*', "\\052");
    set.set("Name", &name);
    set
}

/// Everything that DELETE compares, in an order of its own.
fn value(set: &Element) -> Vec<String> {
    let mut parts = Vec::new();
    for child in &set.children {
        match child.name.as_str() {
            "ResourceRecords" => parts.extend(child.all("Value").iter().map(|v| format!("Value={}", v.text))),
            "AliasTarget" => {
                parts.extend(child.children.iter().map(|c| format!("Alias.{}={}", c.name, c.text)))
            }
            name => parts.push(format!("{name}={}", child.text)),
        }
    }
    parts.sort();
    parts
}
