//! `waymark billing`: whether accounts have what the payment provider says they bought.

use super::{Outcome, output, session};
use crate::settings::Settings;
use waymark_services::Services;
use waymark_services::billing::{Difference, Reconciled, State};

/// What to do with money.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compare every account with the payment provider and print each difference; exit with 1 when there is one.
    Reconcile {
        /// Make accounts what the payment provider says; exit with 1 only when something is left.
        #[arg(long)]
        apply: bool,
    },
}

/// Compares; fails when there are differences and they stay.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    let Command::Reconcile { apply } = args.command;
    session::once(&settings, "interrupted; what was mended stays mended", async |services| {
        reconcile(services, apply).await
    })
    .await
}

async fn reconcile(services: &Services, apply: bool) -> Outcome {
    let billing = services.billing().ok_or("billing is off: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS")?;
    let outcome = billing
        .reconcile(apply, ("operator", "waymark billing reconcile"), |difference| output::say(&line(difference)))
        .await?;
    output::say(&summary(outcome));
    match outcome.differences - outcome.mended {
        0 => Ok(()),
        left => Err(format!("accounts and payments differ in {}", output::counted(left, "place")).into()),
    }
}

fn line(difference: &Difference) -> String {
    match difference {
        Difference::Account { user, customer, stored, actual, mended } => {
            let done = if *mended { "mended" } else { "differs" };
            format!("{done}: account {user}, customer {customer}: has {}, paid for {}", words(stored), words(actual))
        }
        Difference::Orphan { customer } => {
            format!("orphan: customer {customer} has a subscription that lives, and no account is this customer")
        }
        Difference::PaidTwice { customer } => {
            format!("paid twice: customer {customer} has more than one subscription that lives")
        }
        Difference::Unclear { customer } => {
            format!("unclear: customer {customer} is not understood; the log says why")
        }
    }
}

fn words(state: &State) -> String {
    let status = state.status.map_or("no subscription", |status| status.as_str());
    match &state.subscription {
        Some(subscription) => format!("{} ({status}, {subscription})", state.tier),
        None => format!("{} ({status})", state.tier),
    }
}

fn summary(outcome: Reconciled) -> String {
    let (accounts, differences) =
        (output::counted(outcome.accounts, "customer"), output::counted(outcome.differences, "difference"));
    format!("{accounts} compared: {differences}, {} mended", outcome.mended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use waymark_domain::billing::{ProviderStatus, SubscriptionTier};
    use waymark_domain::ids::UserId;

    #[test]
    fn a_difference_says_who_has_what_and_what_was_paid() {
        let free = State { tier: SubscriptionTier::Free, status: None, subscription: None };
        let pro = State {
            tier: SubscriptionTier::Pro,
            status: Some(ProviderStatus::Active),
            subscription: Some("sub_1".to_owned()),
        };
        let difference = Difference::Account {
            user: UserId(Uuid::nil()),
            customer: "cus_1".to_owned(),
            stored: free,
            actual: pro,
            mended: false,
        };
        assert_eq!(
            line(&difference),
            "differs: account 00000000-0000-0000-0000-000000000000, customer cus_1: has free (no subscription), \
             paid for pro (active, sub_1)"
        );
        assert_eq!(
            summary(Reconciled { accounts: 1, differences: 2, mended: 1 }),
            "1 customer compared: 2 differences, 1 mended"
        );
    }
}
