//! Probes as the operator declares them, beside those that a cockpit infers.
//!
//! Pure data, like [`super::site`]: whoever builds it from text checks the text. It refuses to know what is probed when;
//! that is `app`'s. Anybody may import it.

use super::site::SiteProbe;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The protocol of a database server's first words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL: an SSLRequest is answered with `S` or `N`.
    Postgres,
    /// MySQL: the server speaks first.
    Mysql,
}

impl Dialect {
    /// What a DB engine speaks, for the engines whose greeting is known.
    #[must_use]
    pub fn of_engine(engine: &str) -> Option<Self> {
        match engine {
            "postgres" | "aurora-postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" | "aurora-mysql" | "aurora" => Some(Self::Mysql),
            _ => None,
        }
    }

    /// The word in the config and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a declared probe is evidence on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeTarget {
    /// Something that AWS says nothing about, by a name of the operator's.
    Endpoint(String),
    /// An instance, by its id or its `Name`.
    Instance(String),
    /// A balancer, by its name.
    Balancer(String),
    /// A DB instance, by its identifier.
    Database(String),
}

/// What a declared probe asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeQuestion {
    /// A URL.
    Http(SiteProbe),
    /// Whether a TCP connection is taken.
    Tcp {
        /// Where, if not on the port that the resource names itself.
        port: Option<u16>,
    },
    /// Whether a database server greets.
    Greeting {
        /// In which words.
        dialect: Dialect,
        /// Where, likewise.
        port: Option<u16>,
    },
}

/// A `[[probe]]` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredProbe {
    /// On what.
    pub on: ProbeTarget,
    /// Only in this region, where a name is in several.
    pub region: Option<String>,
    /// What.
    pub question: ProbeQuestion,
    /// Where to connect instead of to the resource's own address: `HOST` or `HOST:PORT`.
    pub connect: Option<String>,
}

/// What the operator chose about probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeChoices {
    /// The declared ones, beside those of sites.
    pub declared: Vec<DeclaredProbe>,
    /// Whether balancers, databases and registered instances are probed without being declared.
    pub inferred: bool,
    /// Probes under way at once, at most.
    pub at_once: usize,
}

impl ProbeChoices {
    /// Probes under way at once unless said otherwise.
    pub const AT_ONCE: usize = 16;
}

impl Default for ProbeChoices {
    fn default() -> Self {
        Self { declared: Vec::new(), inferred: true, at_once: Self::AT_ONCE }
    }
}

/// Takes `HOST`, `HOST:PORT`, `ADDRESS` or `[V6-ADDRESS]:PORT` apart; `None` if it is none of these.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':')?),
            };
            (host, port)
        }
        // More than one colon without brackets: an address, and no port.
        None if text.parse::<std::net::Ipv6Addr>().is_ok() => (text, None),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port != 0)?),
        None => None,
    };
    let is_host = !host.is_empty()
        && (host.contains(':') || host.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
    is_host.then(|| (host.to_owned(), port))
}

/// A host and a port as one text; a v6 address stands in brackets.
#[must_use]
pub fn join_host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_taken_apart_and_nothing_else_is() {
        let some = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(host_and_port("db.example.com"), some("db.example.com", None));
        assert_eq!(host_and_port("db.example.com:5432"), some("db.example.com", Some(5432)));
        assert_eq!(host_and_port("10.0.0.5:80"), some("10.0.0.5", Some(80)));
        assert_eq!(host_and_port("2001:db8::1"), some("2001:db8::1", None));
        assert_eq!(host_and_port("[2001:db8::1]:443"), some("2001:db8::1", Some(443)));
        for wrong in ["", ":80", "db:0", "db:65536", "db:x", "a b", "[db]:1", "[::1]x", "u@h", "http://h"] {
            assert_eq!(host_and_port(wrong), None, "{wrong:?}");
        }
        assert_eq!(join_host_port("2001:db8::1", 443), "[2001:db8::1]:443");
        assert_eq!(join_host_port("db", 1), "db:1");
    }

    #[test]
    fn engines_speak_their_dialect_or_none_we_know() {
        assert_eq!(Dialect::of_engine("aurora-postgresql"), Some(Dialect::Postgres));
        assert_eq!(Dialect::of_engine("mariadb"), Some(Dialect::Mysql));
        assert_eq!(Dialect::of_engine("sqlserver-ex"), None);
        assert_eq!(Dialect::of_engine("oracle-ee"), None);
    }
}
