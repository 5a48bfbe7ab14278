//! Tells X-Ray of each call to a store, where the invocation that makes it is traced.

use std::time::SystemTime;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use mixtape_telemetry::{Call, called};

/// Measures a call with all its attempts.
#[derive(Debug)]
pub(crate) struct Traced;

/// When the call began.
#[derive(Debug)]
struct Began(SystemTime);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Traced {
    fn name(&self) -> &'static str {
        "Traced"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Began(SystemTime::now()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(call), Some(Began(began))) = (config.load::<Metadata>(), config.load::<Began>()) {
            called(&Call {
                service: call.service(),
                operation: call.name(),
                began: *began,
                status: context.response().map(|response| response.status().as_u16()),
            });
        }
        Ok(())
    }
}
