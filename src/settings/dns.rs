//! The config's `[dns]`: which resolvers are asked, and which name servers instead of a zone's own.
//!
//! Servers are addresses, with a port where it is not 53: a name would have to be resolved by the machine, whose word
//! is not what is asked for here.

use super::complaint::nearest_names;
use super::sheet::Sheet;
use crate::incident::dns::DnsServers;
use crate::incident::site::Site;
use std::net::{IpAddr, SocketAddr};
use toml::Spanned;
use toml::de::DeTable;

/// Servers asked for one name at most: each is asked again and again.
const MOST: usize = 8;

/// Reads the table.
pub(super) fn dns(sheet: &mut Sheet<'_>, table: &DeTable<'_>, sites: &[Site]) -> DnsServers {
    let mut dns = DnsServers::default();
    let Some((table, _)) = sheet.table(table, "dns", "{ resolvers = [\"1.1.1.1\"] }") else {
        return dns;
    };
    sheet.only_keys(table, "[dns]", &["resolvers", "servers"]);
    if let Some(resolvers) = servers(sheet, table, "resolvers") {
        dns.resolvers = resolvers;
    }
    let Some((table, _)) = sheet.table(table, "servers", "{ www = [\"192.0.2.53\"] }") else {
        return dns;
    };
    for (site, value) in table {
        let name = site.get_ref().to_string();
        let Some(own) = servers(sheet, table, &name) else { continue };
        if !sites.iter().any(|site| site.name == name) {
            let known = sites.iter().map(|site| site.name.as_str());
            let complaint = sheet
                .at(site.span(), format!("there is no site called {name:?}"))
                .nearest(nearest_names(&name, known))
                .hint("[dns.servers] names a declared [[site]] and the servers to ask for its record");
            sheet.push(complaint);
        } else if own.is_empty() && value.get_ref().as_array().is_some_and(|items| items.is_empty()) {
            let complaint = sheet
                .at(value.span(), format!("no name server for site {name}"))
                .hint("leave the line out to ask the zone's own");
            sheet.push(complaint);
        }
        dns.servers.insert(name, own);
    }
    dns
}

/// A list of servers, as they are asked.
fn servers(sheet: &mut Sheet<'_>, table: &DeTable<'_>, key: &str) -> Option<Vec<String>> {
    let mut read: Vec<String> = Vec::new();
    for text in sheet.strings(table, key, "[\"1.1.1.1\", \"[2606:4700:4700::1111]:53\"]")? {
        let Some(server) = server(text.get_ref()) else {
            let complaint = sheet
                .at(text.span(), format!("{:?} is not the address of a DNS server", text.get_ref()))
                .hint("write an address like 1.1.1.1, or with a port like 127.0.0.1:5353; not a name");
            sheet.push(complaint);
            continue;
        };
        if read.contains(&server) {
            sheet.complain(text.span(), format!("server {server} is listed twice"));
        } else if read.len() == MOST {
            too_many(sheet, &text, key);
            break;
        } else {
            read.push(server);
        }
    }
    Some(read)
}

fn too_many(sheet: &mut Sheet<'_>, text: &Spanned<String>, key: &str) {
    let complaint = sheet
        .at(text.span(), format!("more than {MOST} servers in `{key}`"))
        .hint("two or three of different owners show what visitors get");
    sheet.push(complaint);
}

/// An address, with a port where it is not 53; in its one form.
fn server(text: &str) -> Option<String> {
    let address = match text.parse::<SocketAddr>() {
        Ok(address) => address,
        Err(_) => SocketAddr::new(text.parse::<IpAddr>().ok()?, 53),
    };
    let can_answer = !address.ip().is_unspecified() && !address.ip().is_multicast() && address.port() != 0;
    can_answer.then(|| if address.port() == 53 { address.ip().to_string() } else { address.to_string() })
}
