//! Counts calls to DynamoDB, and the capacity units that it says they used.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use mixtape_telemetry::{Metric, add};

/// Asks each call what it used, and counts it for the invocation that is going on.
#[derive(Debug)]
pub(crate) struct Meter;

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let wanted = if let Some(input) = input.downcast_mut::<GetItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<BatchGetItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<QueryInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<PutItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<UpdateItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<DeleteItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<BatchWriteItemInput>() {
            &mut input.return_consumed_capacity
        } else if let Some(input) = input.downcast_mut::<TransactWriteItemsInput>() {
            &mut input.return_consumed_capacity
        } else {
            return Ok(());
        };
        *wanted = Some(ReturnConsumedCapacity::Total);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        add(Metric::DynamoDbCalls, 1.0);
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let (metric, used) = if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            (Metric::DynamoDbReadUnits, output.consumed_capacity().map(std::slice::from_ref))
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            (Metric::DynamoDbReadUnits, Some(output.consumed_capacity()))
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            (Metric::DynamoDbReadUnits, output.consumed_capacity().map(std::slice::from_ref))
        } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            (Metric::DynamoDbWriteUnits, output.consumed_capacity().map(std::slice::from_ref))
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            (Metric::DynamoDbWriteUnits, output.consumed_capacity().map(std::slice::from_ref))
        } else if let Some(output) = output.downcast_ref::<DeleteItemOutput>() {
            (Metric::DynamoDbWriteUnits, output.consumed_capacity().map(std::slice::from_ref))
        } else if let Some(output) = output.downcast_ref::<BatchWriteItemOutput>() {
            (Metric::DynamoDbWriteUnits, Some(output.consumed_capacity()))
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            (Metric::DynamoDbWriteUnits, Some(output.consumed_capacity()))
        } else {
            return Ok(());
        };
        add(metric, units(used.unwrap_or_default()));
        Ok(())
    }
}

fn units(used: &[ConsumedCapacity]) -> f64 {
    used.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}
