//! `Source` and `Connector`: what an application holds, and what makes it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    catalog::Catalog,
    change::ChangeFeed,
    context::Context,
    descriptor::{Descriptor, Facet},
    error::Result,
    health::Health,
    layer::{Layer, Redact},
    query::DirectQuery,
    secret::Secret,
    sync::SyncStream,
};

/// A data source, with up to three ways to move its data.
///
/// Each way is a facet: an accessor that is `Some` where there is code behind
/// it. Nothing else is declared, so nothing can be declared that is not there.
///
/// # Contract
///
#[doc = include_str!("contract/source.md")]
///
/// # Example
///
/// ```
/// use datamiind_core::{Context, Source, memory::MemorySource};
///
/// # futures::executor::block_on(async {
/// let source = MemorySource::sample();
/// let cx = Context::offline();
/// assert!(source.check(&cx).await?.is_ok());
/// let catalog = source.discover(&cx).await?;
/// assert_eq!(catalog.stream("customers")?.primary_key, ["id"]);
/// # datamiind_core::Result::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// Tells which connector this is.
    fn descriptor(&self) -> &Descriptor;

    /// Looks at the source as a sync would, and reports all that is amiss.
    ///
    /// # Errors
    ///
    /// Only where the check itself cannot run; what it finds stands in [`Health`].
    async fn check(&self, cx: &Context) -> Result<Health>;

    /// Lists the streams.
    async fn discover(&self, cx: &Context) -> Result<Catalog>;

    /// Runs queries in the source's engine, where it has one.
    fn direct_query(&self) -> Option<&dyn DirectQuery> {
        None
    }

    /// Pulls streams into a store.
    fn sync_stream(&self) -> Option<&dyn SyncStream> {
        None
    }

    /// Follows row-level changes.
    fn change_feed(&self) -> Option<&dyn ChangeFeed> {
        None
    }
}

/// What every source can do by way of the trait; not for implementers.
pub trait SourceExt: Source {
    /// Lists the facets that are there.
    fn facets(&self) -> Vec<Facet> {
        let present = [
            (Facet::DirectQuery, self.direct_query().is_some()),
            (Facet::SyncStream, self.sync_stream().is_some()),
            (Facet::ChangeFeed, self.change_feed().is_some()),
        ];
        present.into_iter().filter_map(|(facet, there)| there.then_some(facet)).collect()
    }

    /// Wraps the source in a layer, which keeps its facets.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use datamiind_core::{Source, SourceExt, layer::Timeout, memory::MemorySource};
    ///
    /// let source: Arc<dyn Source> = Arc::new(MemorySource::sample());
    /// let facets = source.facets();
    /// let source = source.layer(&Timeout::new(Duration::from_secs(30)));
    /// assert_eq!(source.facets(), facets);
    /// ```
    fn layer(self: Arc<Self>, layer: &dyn Layer) -> Arc<dyn Source>;
}

impl<S: Source> SourceExt for S {
    fn layer(self: Arc<Self>, layer: &dyn Layer) -> Arc<dyn Source> {
        layer.layer(self)
    }
}

impl SourceExt for dyn Source {
    fn layer(self: Arc<Self>, layer: &dyn Layer) -> Arc<dyn Source> {
        layer.layer(self)
    }
}

/// Makes sources from configurations.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// Describes the connector: its id, what it connects to, its configuration.
    fn descriptor(&self) -> &Descriptor;

    /// Validates a configuration and makes a source from it. Does no I/O.
    ///
    /// Applications call [`connect`](crate::connect), which adds the scrubber.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) with the `field` that is wrong.
    fn connect(&self, config: Value) -> Result<Arc<dyn Source>>;
}

/// Makes a source whose errors are scrubbed of every secret its configuration held.
///
/// ```
/// use datamiind_core::{connect, memory::MemoryConnector};
///
/// let source = connect(&MemoryConnector, serde_json::json!({ "sample": true })).unwrap();
/// assert_eq!(source.descriptor().id(), "memory");
/// let error = connect(&MemoryConnector, serde_json::json!({ "smaple": true })).unwrap_err();
/// assert_eq!(error.hint(), "did you mean `sample`?");
/// ```
///
/// # Errors
///
/// Those of [`Connector::connect`], scrubbed.
pub fn connect(connector: &dyn Connector, config: Value) -> Result<Arc<dyn Source>> {
    let (made, scrubber) = Secret::collect(|| connector.connect(config));
    match made {
        Ok(source) => Ok(Redact::new(scrubber).layer(source)),
        Err(error) => Err(error.scrubbed(&scrubber).with("connector", connector.descriptor().id())),
    }
}
