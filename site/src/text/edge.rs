//! Sites, managed URLs and secrets.

pub mod sites {
    pub const COLUMNS: [&str; 5] = ["Name", "Status", "Live version", "Address", "Changed"];
    pub const EMPTY: &str = "No site yet";
    pub const EMPTY_SAYS: &str = "A site is a folder of files, served at the edge and needing no machine. Each upload is a version that never changes.";
    pub const SEARCH: &str = "Search sites";
    pub const LIVE: &str = "Live";
    pub const STOPPED: &str = "Stopped";
    pub const NEVER: &str = "Empty";
    pub const OPEN: &str = "Open";
    pub const STATUS: &str = "Status";
    pub const ACCESS: &str = "Who may see it";
    pub const PUBLIC: &str = "everybody";
    pub const PASSWORD: &str = "who knows its password";
    pub const MEMBERS: &str = "members of the workspace";
    pub const ADDRESS: &str = "Address";
    pub const CHANGED: &str = "Changed";
    pub const ID: &str = "Id";
    pub const VERSIONS: &str = "Versions";
    pub const VERSION_COLUMNS: [&str; 6] = ["Version", "Status", "Files", "Size", "Uploaded", ""];
    pub const VERSIONS_NONE: &str = "Nothing was uploaded yet.";
    pub const PREVIEW: &str = "Preview";
    pub const EARLIER: &str = "Not live";
    pub const ROLL_BACK: &str = "Make it live";
    pub const ROLL_BACK_SAYS: &str =
        "It is served from that moment on. Nothing is uploaded, and you can come back the same way.";
    pub const DONE: &str = "It is live.";
    pub const STOP: &str = "Stop";
    pub const START: &str = "Start";
    pub const DELETE: &str = "Delete";
    pub const DELETE_SAYS: &str = "All of its versions and its address go.";

    pub fn roll_back_title(version: u32) -> String {
        format!("Make version {version} live?")
    }

    pub fn delete_title(name: &str) -> String {
        format!("Delete the site {name}?")
    }
}

pub mod urls {
    pub const COLUMNS: [&str; 4] = ["Address", "Leads to", "Made", ""];
    pub const EMPTY: &str = "No managed URL yet";
    pub const EMPTY_SAYS: &str = "A managed URL is a host and a path, and what answers there: a deployment, a site, another server, or a redirect. Deployments and sites bring their own.";
    pub const SEARCH: &str = "Search by host";
    pub const NEW: &str = "Add a URL";
    pub const HOST: &str = "Host";
    pub const PATH: &str = "Path";
    pub const PATH_HINT: &str = "Also everything below it. / is the whole host.";
    pub const KIND: &str = "What answers";
    pub const DEPLOYMENT: &str = "A deployment";
    pub const SITE: &str = "A site";
    pub const PROXY: &str = "Another server (proxy)";
    pub const REDIRECT: &str = "A redirect";
    pub const TARGET: &str = "Which";
    pub const TARGET_HINT: &str = "The name of the deployment or site, or the address to lead to.";
    pub const ADD: &str = "Add";
    pub const TEST: &str = "What answers there now";
    pub const TEST_FAILS: &str = "Type a whole address to see what answers there.";
    pub const AUTOMATIC: &str = "automatic";
    pub const REMOVE: &str = "Remove";
    pub const REMOVE_SAYS: &str = "What it leads to stays.";
    pub const ADDED: &str = "Added.";
    pub const PUBLISHING: &str =
        "It is being published: for some seconds the edge may still answer as before.";

    pub fn host_hint(apps_domain: &str) -> String {
        format!("One name under {apps_domain}.")
    }

    pub fn remove_title(url: &str) -> String {
        format!("Remove {url}?")
    }
}

pub mod secrets {
    pub const COLUMNS: [&str; 5] = ["Name", "Version", "Used by", "Set", ""];
    pub const EMPTY: &str = "No secret yet";
    pub const EMPTY_SAYS: &str = "A secret is a value that deployments get in their environment or in files, and that nobody can read: neither here nor by the API.";
    pub const SEARCH: &str = "Search secrets";
    pub const SET: &str = "Set a secret";
    pub const NAME: &str = "Name";
    pub const NAME_HINT: &str =
        "A name that exists gets a new version. What runs keeps the version that it was deployed with.";
    pub const VALUE: &str = "Value";
    pub const VALUE_HINT: &str = "Stored encrypted. It cannot be shown again.";
    pub const SAVE: &str = "Set it";
    pub const SAVED: &str = "It is set.";
    pub const DELETE: &str = "Delete";
    pub const DELETE_SAYS: &str = "Nothing brings its value back.";

    pub fn delete_title(name: &str) -> String {
        format!("Delete the secret {name}?")
    }
}
