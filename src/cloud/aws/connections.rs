//! One pool of connections, and one set of trusted certificates, for all clients.
//!
//! Left to itself the SDK makes both for each client, twice, and there are four clients for each region: parsing the
//! system's certificates that often takes more time and memory than the rest of a start. Made when the first call needs
//! it. Only `session` uses it.

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long to connect, and to read.
type Limits = (Option<Duration>, Option<Duration>);

/// Connections as the SDK would make them, by how long they may take.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<HashMap<Limits, SharedHttpConnector>>);

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limits = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = made.entry(limits).or_insert_with(|| {
            let mut builder = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            builder
                .set_connector_settings(Some(settings.clone()))
                .set_sleep_impl(components.sleep_impl())
                .set_proxy_config(Some(ProxyConfig::from_env()));
            SharedHttpConnector::new(builder.build())
        });
        connector.clone()
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some(Cow::Borrowed("1.x"))))
    }
}
