//! What to try next, as lines that can be run as they stand.

use crate::cli::serve::try_it;
use crate::settings::Settings;
use std::path::Path;
use waymark_domain::ids::PlanId;

/// The lines. The token is the demo's, so the plan is there.
pub fn text(settings: &Settings, token: &str, plan: PlanId) -> String {
    let serve = format!("{} serve", program());
    let base = format!("http://{}", settings.http_addr);
    if !settings.is_local() {
        return format!("\nWhat to try next:\n\n  {serve}\n\nIt believes the tokens of CLERK_ISSUER, not the demo's.");
    }
    format!(
        "\nWhat to try next. In one terminal:\n\n  {serve}\n\nand in another:\n\n{}\n  \
         curl {base}/api/v1/plans/{plan} -H \"Authorization: Bearer $TOKEN\"\n",
        try_it(&base, token)
    )
}

/// How this program was probably started.
fn program() -> &'static str {
    let path = std::env::current_exe().unwrap_or_default();
    let within = |folder: &str| path.parent().is_some_and(|parent| parent.ends_with(Path::new("target").join(folder)));
    if within("release") {
        "cargo run --release --"
    } else if within("debug") {
        "cargo run --"
    } else {
        "waymark"
    }
}
