//! The table of routes, all under `/api`. An address that exists answers 405 with `Allow` to other methods, every other
//! address 404, and all of it is problem JSON.

pub mod accounts;
mod addresses;
pub mod billing;
pub mod docs;
pub mod generation;
pub mod health;
pub mod models;
pub mod page;
pub mod plans;
pub mod schedules;
pub mod usage;

use crate::auth::signed_in;
use crate::rate_limits::RateClass;
use accounts::preferences;
use actix_web::web::{self, ServiceConfig, to};
use addresses::{address, delete, get, get_stream, limited, limited_misses, nowhere, patch, post, put};
use billing::webhooks;
use generation::regeneration;
use plans::{editing, explanation, export, feed, progress, revisions};

/// Adds every route. The order counts: a fixed word stands before a parameter in the same place.
pub fn register(config: &mut ServiceConfig) {
    let api = web::scope("/api")
        .service(address("/v1/plans/stream", [post(signed_in(to(generation::create_and_stream)))]))
        .service(address("/v1/plans", [get(signed_in(to(plans::list))), post(signed_in(to(generation::create)))]))
        .service(address(
            "/v1/plans/{planId}",
            [
                get(signed_in(to(plans::read))),
                patch(signed_in(to(editing::change))),
                delete(signed_in(to(plans::remove))),
            ],
        ))
        .service(address("/v1/plans/{planId}/modules", [post(signed_in(to(editing::add_module)))]))
        .service(address("/v1/plans/{planId}/progress", [put(signed_in(to(progress::many)))]))
        .service(address(
            "/v1/plans/{planId}/schedule",
            [get(signed_in(to(schedules::read))), put(signed_in(to(schedules::set)))],
        ))
        .service(address("/v1/plans/{planId}/reschedule", [post(signed_in(to(schedules::reschedule)))]))
        .service(address("/v1/plans/{planId}/status", [get(signed_in(to(generation::status)))]))
        .service(address("/v1/plans/{planId}/attempts", [get(signed_in(to(generation::attempts)))]))
        .service(address("/v1/plans/{planId}/events", [get_stream(signed_in(to(generation::events)))]))
        .service(address("/v1/plans/{planId}/cancel", [post(signed_in(to(generation::cancel)))]))
        .service(address("/v1/plans/{planId}/retry", [post(signed_in(to(regeneration::retry)))]))
        .service(address("/v1/plans/{planId}/regenerate", [post(signed_in(to(regeneration::regenerate)))]))
        .service(address("/v1/plans/{planId}/generations", [get(signed_in(to(regeneration::generations)))]))
        .service(address("/v1/plans/{planId}/revisions", [get(signed_in(to(revisions::list)))]))
        .service(address("/v1/plans/{planId}/revisions/{number}", [get(signed_in(to(revisions::read)))]))
        .service(address("/v1/plans/{planId}/revisions/{number}/compare", [get(signed_in(to(revisions::compare)))]))
        .service(address("/v1/plans/{planId}/revisions/{number}/restore", [post(signed_in(to(revisions::restore)))]))
        .service(address("/v1/plans/{planId}/export", [get(signed_in(to(export::read)))]))
        .service(address(
            "/v1/plans/{planId}/calendar-feed",
            [post(signed_in(to(feed::make))), delete(signed_in(to(feed::revoke)))],
        ))
        .service(address("/calendar/{token}.ics", [get(limited_misses(RateClass::Others, to(feed::read)))]))
        .service(address("/v1/tasks/{taskId}/explanation", [post(signed_in(to(explanation::explain)))]))
        .service(address(
            "/v1/modules/{moduleId}",
            [patch(signed_in(to(editing::change_module))), delete(signed_in(to(editing::remove_module)))],
        ))
        .service(address("/v1/modules/{moduleId}/move", [post(signed_in(to(editing::move_module)))]))
        .service(address("/v1/modules/{moduleId}/tasks", [post(signed_in(to(editing::add_task)))]))
        .service(address(
            "/v1/tasks/{taskId}",
            [patch(signed_in(to(editing::change_task))), delete(signed_in(to(editing::remove_task)))],
        ))
        .service(address("/v1/tasks/{taskId}/move", [post(signed_in(to(editing::move_task)))]))
        .service(address("/v1/tasks/{taskId}/progress", [put(signed_in(to(progress::one)))]))
        .service(address("/v1/models", [get(signed_in(to(models::list)))]))
        .service(address(
            "/v1/user/profile",
            [get(signed_in(to(accounts::profile))), patch(signed_in(to(preferences::rename)))],
        ))
        .service(address(
            "/v1/user/preferences",
            [get(signed_in(to(preferences::read))), patch(signed_in(to(preferences::change)))],
        ))
        .service(address("/v1/user/usage", [get(signed_in(to(usage::read)))]))
        .service(address("/v1/user/subscription", [get(signed_in(to(billing::subscription)))]))
        .service(address("/v1/stripe/create-checkout", [post(signed_in(to(billing::checkout)))]))
        .service(address("/v1/stripe/create-portal", [post(signed_in(to(billing::portal)))]))
        .service(address("/v1/stripe/webhook", [post(limited(RateClass::Webhooks, to(webhooks::stripe)))]))
        .service(address("/webhooks/clerk", [post(limited(RateClass::Webhooks, to(webhooks::clerk)))]))
        .service(address("/health/live", [get(limited(RateClass::Health, to(health::live)))]))
        .service(address("/health/ready", [get(limited(RateClass::Health, to(health::ready)))]))
        .service(address("/health/worker", [get(limited(RateClass::Health, to(health::worker)))]))
        .service(address("/docs/openapi.json", [get(limited(RateClass::Docs, to(docs::openapi)))]))
        .service(address("/docs/errors", [get(limited(RateClass::Docs, to(docs::errors)))]));
    config.service(api).default_service(limited(RateClass::Others, to(nowhere)));
}
