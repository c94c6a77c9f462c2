//! What people are written. Plain and short, each with the one thing to do, and what it means if they did not ask for it.

use patr_models::name::Email;

use super::Mail;
use crate::env::Settings;

/// Proves an address.
pub(crate) fn verify(settings: &Settings, to: Email, secret: &str) -> Mail {
    let host = &settings.control_host;
    Mail {
        to,
        subject: format!("Is this your address? ({host})"),
        text: format!(
            "Somebody has an account with this address at {host}. If that is you, open this within a day:\n\n{}\n\n\
             If it is not, do nothing: the account cannot use your address then.\n",
            link(settings, "/verify-email", secret),
        ),
    }
}

/// Proves the address that an account is to have from now on.
pub(crate) fn change(settings: &Settings, to: Email, secret: &str) -> Mail {
    let host = &settings.control_host;
    Mail {
        to,
        subject: format!("Is this your new address? ({host})"),
        text: format!(
            "Somebody wants this address for an account at {host}. If that is you, open this within a day:\n\n{}\n\n\
             If it is not, do nothing: the account keeps its address then.\n",
            link(settings, "/verify-email", secret),
        ),
    }
}

/// Tells the address that an account had.
pub(crate) fn changed(settings: &Settings, to: Email, new: &Email) -> Mail {
    let host = &settings.control_host;
    Mail {
        to,
        subject: format!("Your address was changed ({host})"),
        text: format!(
            "Your account at {host} has another address now: {new}. Mail about it goes there.\n\n\
             If it was not you, somebody else has your account: tell whoever runs {host} at once.\n"
        ),
    }
}

/// Lets somebody choose a new password.
pub(crate) fn reset(settings: &Settings, to: Email, secret: &str) -> Mail {
    let host = &settings.control_host;
    Mail {
        to,
        subject: format!("Choose a new password ({host})"),
        text: format!(
            "Somebody has asked for a new password for your account at {host}. If that is you, open this within an \
             hour:\n\n{}\n\nIf it is not, do nothing: your password stays as it is.\n",
            link(settings, "/reset-password", secret),
        ),
    }
}

/// Tells that a password is another.
pub(crate) fn password_changed(settings: &Settings, to: Email) -> Mail {
    let host = &settings.control_host;
    Mail {
        to,
        subject: format!("Your password was changed ({host})"),
        text: format!(
            "The password of your account at {host} is another now, and your other logins have ended.\n\n\
             If it was not you, choose a new one at once: {}/reset-password\n",
            settings.control_url(),
        ),
    }
}

/// The secret is in the fragment: no browser sends that on, and no log of a server has it.
fn link(settings: &Settings, path: &str, secret: &str) -> String {
    format!("{}{path}#{secret}", settings.control_url())
}
