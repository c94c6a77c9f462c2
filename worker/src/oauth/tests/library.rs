//! The whole of it with a client library of others: it writes the requests and reads the answers.

use std::convert::Infallible;

use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RefreshToken, RevocationUrl, Scope,
    StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType},
};

use super::*;

/// Carries a request to the installation.
fn carry(app: &App) -> impl Fn(HttpRequest) -> Result<HttpResponse, Infallible> {
    |request: HttpRequest| {
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let headers: Vec<_> = headers.collect();
        let body = std::str::from_utf8(request.body()).unwrap();
        let answered = app.oauth(request.method().clone(), request.uri().path(), &headers, body);
        let response =
            Response::builder().status(answered.status()).header("content-type", "application/json");
        Ok(response.body(answered.body().to_vec()).unwrap())
    }
}

#[test]
fn a_client_library_comes_through_every_step() {
    for confidential in [false, true] {
        let app = App::new();
        let owner = app.owner("acme");
        let registered = register(&owner, "tool", confidential, &[REDIRECT]);
        let at = |path: &str| format!("{ISSUER}{path}");
        let mut client = BasicClient::new(ClientId::new(registered.client.id.to_string()))
            .set_auth_uri(AuthUrl::new(at(authorize::PATH)).unwrap())
            .set_token_uri(TokenUrl::new(at(TOKEN)).unwrap())
            .set_introspection_url(IntrospectionUrl::new(at(INTROSPECT)).unwrap())
            .set_revocation_url(RevocationUrl::new(at(REVOKE)).unwrap())
            .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).unwrap());
        if let Some(secret) = registered.secret {
            client = client.set_client_secret(ClientSecret::new(secret));
        }
        let http = carry(&app);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("site:view".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let (to, said) = led(&decide(&owner, &url[url::Position::BeforePath..], "approve"));
        assert_eq!((to.as_str(), said["state"].as_str()), (REDIRECT, state.secret().as_str()));
        let code = AuthorizationCode::new(said["code"].clone());
        let tokens = client.exchange_code(code.clone()).set_pkce_verifier(verifier).request(&http).unwrap();
        assert_eq!(tokens.scopes().unwrap(), &vec![Scope::new("site:view".to_owned())]);
        assert_eq!(get(&app, tokens.access_token().secret(), SITES), 200);
        let refresh = tokens.refresh_token().unwrap();
        let tokens = client.exchange_refresh_token(refresh).request(&http).unwrap();
        let asked = client.introspect(tokens.access_token()).request(&http);
        assert_eq!(
            asked.is_ok_and(|said| said.active()),
            confidential,
            "who can name itself only learns nothing"
        );
        let refresh: RefreshToken = tokens.refresh_token().unwrap().clone();
        client.revoke_token(StandardRevocableToken::RefreshToken(refresh)).unwrap().request(&http).unwrap();
        assert_eq!(get(&app, tokens.access_token().secret(), SITES), 401);
        let again = client.exchange_code(code).request(&http).unwrap_err();
        let oauth2::RequestTokenError::ServerResponse(said) = again else { panic!("{again:?}") };
        assert_eq!(said.error(), &BasicErrorResponseType::InvalidGrant);
    }
}
