//! A fault of the server is never declared: it is logged and answered with an id.

patr_models::api_errors! {
    pub enum Error {
        DatabaseDown = 500 "database_down", "the database does not answer";
    }
}

fn main() {}
