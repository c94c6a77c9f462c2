//! Every endpoint, listed once.
//!
//! [`Route`] is a closed enum: the server dispatches with an exhaustive `match`, so that an endpoint which is
//! declared and listed but not handled does not compile. [`Route::ALL`] feeds the OpenAPI document and the
//! generated authorisation tests.

use http::Method;

use crate::{
    auth::{Auth, AuthKind, Permission},
    endpoint::{ApiEndpoint, path::PathTemplate},
};

/// What finding a route came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<R> {
    /// The route and the values of its path's parameters.
    Route(R, Vec<String>),
    /// The path exists with other methods.
    OtherMethods(Vec<Method>),
    Nothing,
}

macro_rules! routes {
    ($(#[$doc:meta])* $enum:ident { $($module:ident :: $file:ident :: $endpoint:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $enum { $($endpoint,)* }

        impl $enum {
            /// Every route, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$endpoint,)*];

            /// The operation's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$endpoint => <crate::$module::$file::$endpoint as ApiEndpoint>::NAME,)* }
            }
            pub fn method(self) -> Method {
                match self { $(Self::$endpoint => <crate::$module::$file::$endpoint as ApiEndpoint>::METHOD,)* }
            }
            pub fn path(self) -> PathTemplate {
                match self { $(Self::$endpoint => <crate::$module::$file::$endpoint as ApiEndpoint>::PATH,)* }
            }
            pub fn auth(self) -> AuthKind {
                match self {
                    $(Self::$endpoint =>
                        <<crate::$module::$file::$endpoint as ApiEndpoint>::Auth as Auth>::KIND,)*
                }
            }
            pub fn permission(self) -> Option<Permission> {
                match self {
                    $(Self::$endpoint => <crate::$module::$file::$endpoint as ApiEndpoint>::PERMISSION,)*
                }
            }
            /// Its part of the OpenAPI document.
            pub fn describe(self, into: &mut crate::openapi::Builder) {
                match self { $(Self::$endpoint => into.add::<crate::$module::$file::$endpoint>(stringify!($module)),)* }
            }

            /// The route of a request.
            pub fn find(method: &Method, path: &str) -> Found<Self> {
                let mut others = Vec::new();
                for &route in Self::ALL {
                    match route.path().matches(path) {
                        Some(params) if route.method() == *method => return Found::Route(route, params),
                        Some(_) => others.push(route.method()),
                        None => {}
                    }
                }
                if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
            }
        }
    };
}

routes! {
    /// The public API.
    Route {
        info::get::GetInfo,
        user::sign_up::SignUp,
        user::log_in::LogIn,
        user::log_out::LogOut,
        user::who_am_i::WhoAmI,
        token::create::CreateToken,
        token::list::ListTokens,
        token::revoke::RevokeToken,
        token::get::GetToken,
        token::rotate::RotateToken,
        device::authorize::AuthorizeDevice,
        device::exchange::ExchangeDeviceCode,
        federation::create::CreateFederation,
        federation::list::ListFederations,
        federation::get::GetFederation,
        federation::delete::DeleteFederation,
        oauth::create_client::CreateClient,
        oauth::list_clients::ListClients,
        oauth::delete_client::DeleteClient,
        oauth::list_authorizations::ListAuthorizations,
        oauth::revoke_authorization::RevokeAuthorization,
        workspace::create::CreateWorkspace,
        workspace::list::ListWorkspaces,
        workspace::get::GetWorkspace,
        workspace::rename::RenameWorkspace,
        workspace::delete::DeleteWorkspace,
        workspace::permissions::GetPermissions,
        workspace::leave::LeaveWorkspace,
        live::follow::FollowWorkspace,
        member::list::ListMembers,
        member::get::GetMember,
        member::set_roles::SetMemberRoles,
        member::remove::RemoveMember,
        role::create::CreateRole,
        role::list::ListRoles,
        role::get::GetRole,
        role::update::UpdateRole,
        role::delete::DeleteRole,
        invitation::create::CreateInvitation,
        invitation::list::ListInvitations,
        invitation::revoke::RevokeInvitation,
        invitation::accept::AcceptInvitation,
        invitation::sign_up::SignUpByInvitation,
        runner::create::CreateRunner,
        runner::list::ListRunners,
        runner::get::GetRunner,
        runner::rename::RenameRunner,
        runner::rotate_token::RotateRunnerToken,
        runner::delete::DeleteRunner,
        runner::connect::ConnectRunner,
        runner::tunnel::ConnectTunnel,
        deployment::create::CreateDeployment,
        deployment::list::ListDeployments,
        deployment::get::GetDeployment,
        deployment::update::UpdateDeployment,
        deployment::start::StartDeployment,
        deployment::stop::StopDeployment,
        deployment::restart::RestartDeployment,
        deployment::scale::ScaleDeployment,
        deployment::rollback::RollBackDeployment,
        deployment::cancel::CancelRollout,
        deployment::releases::ListReleases,
        deployment::watch::WatchDeployment,
        deployment::logs::ReadLogs,
        deployment::requests::ReadRequests,
        deployment::exec::ExecInDeployment,
        deployment::connect::ConnectToDeployment,
        deployment::metrics::GetMetrics,
        deployment::delete::DeleteDeployment,
        secret::set::SetSecret,
        secret::list::ListSecrets,
        secret::get::GetSecret,
        secret::delete::DeleteSecret,
        volume::create::CreateVolume,
        volume::list::ListVolumes,
        volume::get::GetVolume,
        volume::archive::ReadVolume,
        volume::copy::CopyVolume,
        volume::create_snapshot::CreateSnapshot,
        volume::list_snapshots::ListSnapshots,
        volume::restore::RestoreVolume,
        volume::delete_snapshot::DeleteSnapshot,
        volume::delete::DeleteVolume,
        site::create::CreateSite,
        site::list::ListSites,
        site::get::GetSite,
        site::start::StartSite,
        site::stop::StopSite,
        site::set_access::SetSiteAccess,
        site::stats::GetSiteStats,
        site::missing_packs::MissingPacks,
        site::put_pack::PutPack,
        site::create_version::CreateVersion,
        site::versions::ListVersions,
        site::manifest_get::GetManifest,
        site::rollback::RollBackSite,
        site::delete::DeleteSite,
        managed_url::create::CreateUrl,
        managed_url::list::ListUrls,
        managed_url::get::GetUrl,
        managed_url::update::UpdateUrl,
        managed_url::delete::DeleteUrl,
        managed_url::test::TestUrl,
        managed_url::stats::GetUrlStats,
        audit::list::ListAudit,
        audit::export::ExportAudit,
        audit::account::ListAccountAudit,
        audit::export_account::ExportAccountAudit,
        quota::usage::GetUsage,
        user::update::UpdateProfile,
        user::change_email::ChangeEmail,
        user::send_verification::SendVerification,
        user::verify_email::VerifyEmail,
        user::change_password::ChangePassword,
        user::request_password_reset::RequestPasswordReset,
        user::reset_password::ResetPassword,
        user::delete::DeleteAccount,
        user::prove::Prove,
        session::list::ListSessions,
        session::end::EndSession,
        session::end_others::EndOtherSessions,
        second_factor::get::GetSecondFactors,
        second_factor::begin_totp::BeginTotp,
        second_factor::enable_totp::EnableTotp,
        second_factor::remove_totp::RemoveTotp,
        second_factor::new_recovery_codes::NewRecoveryCodes,
        passkey::begin::BeginPasskey,
        passkey::add::AddPasskey,
        passkey::remove::RemovePasskey,
        passkey::begin_log_in::BeginPasskeyLogIn,
        passkey::log_in::LogInWithPasskey,
    }
}

routes! {
    /// What the objects ask of `worker`.
    ControlRoute {
        internal::desired::GetDesired,
        internal::record::RecordFacts,
    }
}

routes! {
    /// What `worker` asks of the objects.
    SessionRoute {
        internal::wake::Wake,
        internal::revoke::Revoke,
        internal::observe::Observe,
        internal::metrics::ReadMetrics,
    }
}

routes! {
    /// What is asked of the feed of a workspace.
    FeedRoute {
        internal::announce::Announce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_finds_itself() {
        for &route in Route::ALL {
            let values = route.path().as_str().matches('{').map(|_| "1".to_owned()).collect::<Vec<_>>();
            let path = route.path().fill(&values);
            assert_eq!(Route::find(&route.method(), &path), Found::Route(route, values), "{path}");
        }
    }

    #[test]
    fn a_known_path_with_another_method_names_those_it_has() {
        let found = Route::find(&Method::DELETE, "/api/v1/info");
        assert_eq!(found, Found::OtherMethods(vec![Method::GET]));
    }

    #[test]
    fn the_api_is_under_one_prefix_and_internal_routes_are_not() {
        assert!(Route::ALL.iter().all(|route| route.path().as_str().starts_with("/api/v1/")));
        assert!(ControlRoute::ALL.iter().all(|route| route.path().as_str().starts_with("/internal/v1/")));
        assert!(Route::ALL.iter().all(|route| route.auth() != AuthKind::Internal));
        assert!(ControlRoute::ALL.iter().all(|route| route.auth() == AuthKind::Internal));
    }

    /// The server finds the resource to check by this name. What names none is a list, which shows what is in the scope.
    #[test]
    fn a_path_names_what_its_permission_is_about_as_the_permission_does() {
        for route in Route::ALL {
            let Some(permission) = route.permission().filter(|permission| permission.is_per_resource())
            else {
                continue;
            };
            let kind = permission.resource_type();
            let names = route.path().as_str().contains(&format!("{{{}}}", kind.as_str()));
            assert!(names || permission == kind.view(), "{}", route.name());
        }
    }

    #[test]
    fn only_what_must_be_is_open_to_anyone() {
        let open: Vec<_> = Route::ALL
            .iter()
            .filter(|route| route.auth() == AuthKind::NoAuth)
            .map(|route| route.name())
            .collect();
        assert_eq!(
            open,
            [
                "GetInfo",
                "SignUp",
                "LogIn",
                "AuthorizeDevice",
                "ExchangeDeviceCode",
                "SignUpByInvitation",
                "VerifyEmail",
                "RequestPasswordReset",
                "ResetPassword",
                "BeginPasskeyLogIn",
                "LogInWithPasskey"
            ]
        );
    }
}
