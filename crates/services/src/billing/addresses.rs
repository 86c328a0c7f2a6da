//! Addresses to come back to: relative ones, or of the web application's own origin. Anything else would let a link to our
//! checkout end at somebody else's site.

use super::BillingError;
use url::Url;

/// Longest address as it is given, in bytes.
const LONGEST: usize = 2_000;
/// Longest address as it is sent, in bytes, where other letters than ASCII's take three times as many. The payment provider takes
/// up to 5,000.
const LONGEST_WHOLE: usize = 5_000;

/// The whole address of `given` at the web application; `member` names it in the refusal.
///
/// # Errors
/// [`BillingError::ForeignAddress`], [`BillingError::NoAppUrl`]
pub(super) fn resolve(app: Option<&Url>, given: &str, member: &'static str) -> Result<String, BillingError> {
    let foreign = || BillingError::ForeignAddress(member);
    let app = app.ok_or(BillingError::NoAppUrl)?;
    // Readers of addresses drop tabs and line ends and take `\` for `/`: what they could read otherwise is refused here.
    let plain = given.chars().all(|c| !c.is_control() && !c.is_whitespace() && c != '\\');
    if given.is_empty() || given.len() > LONGEST || !plain {
        return Err(foreign());
    }
    let url = app.join(given).map_err(|_| foreign())?;
    if url.as_str().len() > LONGEST_WHOLE {
        return Err(foreign());
    }
    let own = url.origin() == app.origin() && url.username().is_empty() && url.password().is_none();
    // Back from the parser's escapes: the provider fills its placeholder in by its braces.
    if own { Ok(url.as_str().replace("%7BCHECKOUT_SESSION_ID%7D", "{CHECKOUT_SESSION_ID}")) } else { Err(foreign()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn app() -> Url {
        "https://app.example.com/".parse().unwrap()
    }

    #[test]
    fn relative_addresses_and_those_of_the_same_origin_are_taken() {
        for (given, whole) in [
            ("/billing/done", "https://app.example.com/billing/done"),
            ("billing?x=1#top", "https://app.example.com/billing?x=1#top"),
            ("https://app.example.com/a", "https://app.example.com/a"),
            ("HTTPS://APP.example.com:443/a", "https://app.example.com/a"),
            ("/done?s={CHECKOUT_SESSION_ID}", "https://app.example.com/done?s={CHECKOUT_SESSION_ID}"),
            // Whole afterwards, so nobody reads it otherwise.
            ("https:evil.example", "https://app.example.com/evil.example"),
            ("/d/{CHECKOUT_SESSION_ID}", "https://app.example.com/d/{CHECKOUT_SESSION_ID}"),
        ] {
            assert_eq!(resolve(Some(&app()), given, "successUrl").unwrap(), whole, "{given}");
        }
    }

    #[test]
    fn every_way_out_is_refused() {
        for given in [
            "",
            " ",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "http://app.example.com/",
            "https://app.example.com:8443/",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "https://user@app.example.com/",
            "https://user:pw@app.example.com/",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://app.example.com/",
            "/a\tb",
            "/\t/evil.example",
            "/a b",
            "/a\n",
            "mailto:a@app.example.com",
        ] {
            let refused = resolve(Some(&app()), given, "cancelUrl");
            assert!(matches!(refused, Err(BillingError::ForeignAddress("cancelUrl"))), "{given}: {refused:?}");
        }
        assert!(resolve(Some(&app()), &format!("/{}", "a".repeat(2_000)), "cancelUrl").is_err());
        assert!(resolve(Some(&app()), &format!("/{}", "ü".repeat(999)), "cancelUrl").is_err());
        assert!(matches!(resolve(None, "/a", "cancelUrl"), Err(BillingError::NoAppUrl)));
    }

    proptest! {
        #[test]
        fn whatever_is_given_the_address_is_ours_or_refused(given in "\\PC{0,40}") {
            if let Ok(whole) = resolve(Some(&app()), &given, "returnUrl") {
                prop_assert_eq!(Url::parse(&whole).unwrap().origin(), app().origin());
            }
        }
    }
}
