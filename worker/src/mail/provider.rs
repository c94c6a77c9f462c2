//! Who carries mail: a mail as the request that each provider wants.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, header};

use super::Mail;
use crate::answer::Fault;

/// Who carries mail, with the key of an account there.
#[derive(Clone)]
pub(crate) enum Provider {
    /// A file for each mail, in the state folder of the local edge.
    Outbox,
    /// <https://resend.com/docs/api-reference/emails/send-email>
    Resend { key: String },
    /// <https://postmarkapp.com/developer/api/email-api>
    Postmark { key: String },
    /// <https://documentation.mailgun.com/docs/mailgun/api-reference>; the address ends with the domain.
    Mailgun { key: String, url: String },
}

impl Provider {
    /// The provider of this name. `None` sends nothing; an error says what is missing.
    pub(crate) fn named(
        name: &str,
        key: Option<String>,
        url: Option<String>,
    ) -> Result<Option<Self>, &'static str> {
        let key = || key.clone().filter(|key| !key.is_empty()).ok_or("the Worker secret MAIL_KEY is missing");
        Ok(Some(match name {
            "off" | "" => return Ok(None),
            "outbox" => Self::Outbox,
            "resend" => Self::Resend { key: key()? },
            "postmark" => Self::Postmark { key: key()? },
            "mailgun" => {
                let url = url.filter(|url| url.starts_with("https://"));
                let url = url.ok_or("MAIL_URL is missing: for Mailgun it ends with your domain")?;
                Self::Mailgun { key: key()?, url: url.trim_end_matches('/').to_owned() }
            }
            _ => return Err("MAIL is none of off, resend, postmark and mailgun"),
        }))
    }

    /// What is asked of it for one mail. `name` is a new one for each.
    pub(crate) fn request(&self, from: &str, mail: &Mail, name: &str) -> Result<Request<Bytes>, Fault> {
        let Mail { to, subject, text } = mail;
        let json = |url: &str| Request::post(url).header(header::CONTENT_TYPE, "application/json");
        let (request, body) = match self {
            Self::Outbox => {
                let message = format!("From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}");
                (Request::put(format!("http://outbox/{name}.eml")), message)
            }
            Self::Resend { key } => (
                json("https://api.resend.com/emails").header(header::AUTHORIZATION, format!("Bearer {key}")),
                serde_json::json!({ "from": from, "to": [to], "subject": subject, "text": text }).to_string(),
            ),
            Self::Postmark { key } => (
                json("https://api.postmarkapp.com/email").header("x-postmark-server-token", key),
                serde_json::json!({ "From": from, "To": to, "Subject": subject, "TextBody": text })
                    .to_string(),
            ),
            Self::Mailgun { key, url } => (
                Request::post(format!("{url}/messages"))
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(
                        header::AUTHORIZATION,
                        format!("Basic {}", STANDARD.encode(format!("api:{key}"))),
                    ),
                url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("from", from)
                    .append_pair("to", to.as_str())
                    .append_pair("subject", subject)
                    .append_pair("text", text)
                    .finish(),
            ),
        };
        request.header(header::ACCEPT, "application/json").body(body.into()).map_err(Fault::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            to: "ada@example.com".parse().unwrap(),
            subject: "Your address".to_owned(),
            text: "Open https://x & be \"proved\"\n".to_owned(),
        }
    }

    fn asked(provider: &Provider) -> (String, String, String) {
        let request =
            provider.request("Patr <patr@example.com>", &mail(), "one").map_err(|it| it.to_string()).unwrap();
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let to = format!("{} {}", request.method(), request.uri());
        (to, headers.join("\n"), String::from_utf8(request.body().to_vec()).unwrap())
    }

    #[test]
    fn resend_is_asked_as_its_documentation_says() {
        let (to, headers, body) = asked(&Provider::Resend { key: "re_1".to_owned() });
        assert_eq!(to, "POST https://api.resend.com/emails");
        assert!(
            headers.contains("authorization: Bearer re_1")
                && headers.contains("content-type: application/json")
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&body).unwrap(),
            serde_json::json!({
                "from": "Patr <patr@example.com>", "to": ["ada@example.com"], "subject": "Your address",
                "text": "Open https://x & be \"proved\"\n",
            })
        );
    }

    #[test]
    fn postmark_is_asked_as_its_documentation_says() {
        let (to, headers, body) = asked(&Provider::Postmark { key: "pm_1".to_owned() });
        assert_eq!(to, "POST https://api.postmarkapp.com/email");
        assert!(headers.contains("x-postmark-server-token: pm_1"));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["To"], &body["TextBody"]), (&"ada@example.com".into(), &mail().text.into()));
    }

    #[test]
    fn mailgun_is_asked_as_its_documentation_says() {
        let url = "https://api.eu.mailgun.net/v3/example.com/".to_owned();
        let provider = Provider::named("mailgun", Some("mg_1".to_owned()), Some(url)).unwrap().unwrap();
        let (to, headers, body) = asked(&provider);
        assert_eq!(to, "POST https://api.eu.mailgun.net/v3/example.com/messages");
        assert!(headers.contains(&format!("authorization: Basic {}", STANDARD.encode("api:mg_1"))));
        assert!(body.contains("&to=ada%40example.com&") && body.contains("text=Open+https%3A%2F%2Fx+%26+be"));
    }

    #[test]
    fn the_outbox_gets_a_file_for_each_mail() {
        let (to, _, body) = asked(&Provider::Outbox);
        assert_eq!(to, "PUT http://outbox/one.eml");
        assert!(body.contains("To: ada@example.com\r\nSubject: Your address\r\n\r\nOpen https://x"));
    }

    #[test]
    fn what_is_not_configured_as_it_has_to_be_says_what_is_missing() {
        let problem = |name, key: Option<&str>, url: Option<&str>| {
            Provider::named(name, key.map(str::to_owned), url.map(str::to_owned)).err()
        };
        assert_eq!(problem("off", None, None), None);
        assert!(Provider::named("off", None, None).unwrap().is_none());
        assert!(problem("resend", None, None).unwrap().contains("MAIL_KEY"));
        assert!(problem("postmark", Some(""), None).unwrap().contains("MAIL_KEY"));
        assert!(problem("mailgun", Some("x"), Some("http://x")).unwrap().contains("MAIL_URL"));
        assert!(problem("smtp", Some("x"), None).unwrap().contains("none of"));
    }
}
