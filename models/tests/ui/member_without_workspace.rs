//! A member of which workspace?

use patr_models::{endpoint::body::NoContent, ids::{Ref, RunnerId}};

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/runners/{runner}" {
        auth: Member(RunnerDelete),
        path: { runner: Ref<RunnerId> },
        response: NoContent,
    }
}

fn main() {}
