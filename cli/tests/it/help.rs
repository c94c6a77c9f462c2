//! `patr help`, `completions`, and what is typed wrongly.

use crate::{
    context::{TestContext, patr_snapshot},
    edge::Edge,
};

fn fresh() -> TestContext {
    TestContext::fresh(Edge::start())
}

#[test]
fn help_begins_with_what_to_do_first() {
    patr_snapshot!(fresh().patr("help"), @"
    exit code: 0
    ----- stdout -----
    Deploy containers and static sites to machines you own

    Usage: patr [OPTIONS] <COMMAND>

    Commands:
      login         Log in to an installation
      sign-up       Make an account and log in
      logout        End the saved login
      whoami        Show who you are, where
      account       Your account: address, password, second factors, logins
      workspace     Workspaces, which own everything else
      member        People in a workspace, and invitations to it
      role          Roles: what members may do
      join          Become a member of a workspace by a link
      token         API tokens, for programs
      federation    Jobs of CI that act in a workspace without a stored token
      oauth         Programs that act for people who let them (OAuth)
      runner        Machines that run your deployments
      deploy        Run an image: make a deployment or change one, and watch it go live
      deployment    Deployments: images that run
      logs          Show what a deployment writes
      exec          Run a command in a replica
      port-forward  Let a port here lead to one of a replica
      secret        Secrets: values that deployments use and nobody can read
      volume        Volumes: storage on a runner, for deployments
      site          Static sites, served at the edge
      url           Managed URLs: which host and path lead where
      audit         What was done in a workspace, and by whom
      completions   Print a completion script for a shell
      help          Explain a command, or `exit-codes`

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Everywhere:
          --url <URL>              The installation, such as `https://patr.example.com` [default: the
                                   last one logged in to] [env: PATR_URL]
      -w, --workspace <WORKSPACE>  The workspace, by name or id [default: see `patr workspace use`]
                                   [env: PATR_WORKSPACE]
      -o, --output <FORM>          The form of what goes to stdout: for people, or as the API answers it
                                   [default: table] [possible values: table, json]
      -q, --quiet                  Say nothing but errors on stderr

    Begin with:
      patr login --url https://patr.example.com     log in (`patr sign-up` makes an account)
      patr runner add home                          let a machine join
      patr deploy nginx:1 --name web --port 80      run an image on it
      patr site deploy ./dist --name docs           serve files at the edge

    `patr help COMMAND` explains a command and shows examples; `patr help exit-codes` says what the exit
    status means.
    ");
}

#[test]
fn help_of_a_command_teaches_it() {
    patr_snapshot!(fresh().patr("help deploy"), @r#"
    exit code: 0
    ----- stdout -----
    Run an image: make a deployment or change one, and watch it go live

    Usage: patr deploy [OPTIONS] --name <NAME> <IMAGE>

    Arguments:
      <IMAGE>  What to run, as for `docker pull`

    Options:
          --name <NAME>             The deployment to make or to change
          --runner <NAME[=WEIGHT]>  Where it runs; of several, the weight is each one's part of the
                                    requests [default: the only runner there is, 1]
          --standby <NAME>          A runner that is only asked when no other can answer
          --port <PORT[/PROTOCOL]>  A port that the image listens on: `8080`, `8080/http`, `5432/tcp` or
                                    `53/udp`; the first http port gets a URL
          --unset <SETTING>         Give a setting its default back [possible values: ports, command,
                                    entrypoint, user, workdir, platform, cpu, memory, startup-probe,
                                    readiness-probe, liveness-probe, strategy, start-deadline, drain,
                                    stop-signal, stop-grace]
      -h, --help                    Print help

    Environment, files and volumes:
          --env <NAME=VALUE>
              An environment variable; `NAME` alone takes its value from this shell
          --env-file <FILE>
              A file of `NAME=VALUE` lines; `#` begins a comment line, quotes around a whole value are
              dropped
          --secret <NAME=SECRET[@VERSION]>
              An environment variable whose value is a secret: its newest version, or the one given
          --file <PATH=LOCAL>
              A file in each replica, with the content of a file here; one that can be executed here can
              be there
          --secret-file <PATH=SECRET[@VERSION]>
              A file in each replica whose content is a secret
          --volume <NAME:PATH[:ro]>
              A volume at a folder of each replica; made on the runner if there is none, `:ro` only
              reads
          --unset-env <NAME>
              Take an environment variable away
          --unset-secret <NAME>
              Take an environment variable away whose value is a secret
          --unset-file <PATH>
              Take a file away, whatever its content
          --unset-volume <NAME|PATH>
              Take a volume away; it stays on the runner with all that is in it

    Process:
          --command <WORDS>               Replaces the image's command; split into words as a shell
                                          does, but no shell runs it
          --entrypoint <WORDS>            Replaces the image's entry point; split into words as a shell
                                          does
          --user <USER[:GROUP]>           Replaces the image's user: a name or number
          --workdir <PATH>                Replaces the image's working directory
          --platform <OS/ARCH[/VARIANT]>  Which of the image's platforms, such as `linux/arm64`
                                          [default: the machine's own]
          --label <NAME=VALUE>            A label of the containers
          --host <NAME=IP>                A line of `/etc/hosts`
          --unset-label <NAME>            Take a label away
          --unset-host <NAME>             Take a line of `/etc/hosts` away

    Size:
          --replicas <N>          How many replicas run at once; with `--max-replicas` the least of
                                  them, which may be 0 [default: 1]
          --max-replicas <N>      Let the runner choose how many run, up to this; `patr deployment
                                  scale` ends that
          --cpu-target <PERCENT>  How busy the processors of a replica should be, in percent of what it
                                  may use [default: 70]
          --idle-after <TIME>     How long fewer replicas must have been enough, or nobody asked for the
                                  last one, before one goes [default: 5m]
          --cpu <CORES>           Most cores of one replica: `0.5` or `500m`
          --memory <SIZE>         Most memory of one replica: `256Mi`, `1Gi`, or bytes

    Health:
          --startup-probe <PROBE>
              Must succeed once before a replica serves: `8080` accepts a connection, `8080/healthz`
              answers 200 to 399, `exec:CMD` exits with 0 [default: the readiness probe, else the first
              port]
          --startup-probe-timeout <TIME>
              How long an answer to the startup probe may take [default: 5s]
          --readiness-probe <PROBE>
              Asked from then on: a replica gets no requests until it succeeds again
          --readiness-probe-period <TIME>
              From one question of the readiness probe to the next [default: 5s]
          --readiness-probe-timeout <TIME>
              How long an answer to the readiness probe may take [default: 5s]
          --readiness-probe-failure-threshold <N>
              How many failures of the readiness probe in a row count [default: 3]
          --liveness-probe <PROBE>
              Asked from then on: a replica that fails it is replaced
          --liveness-probe-period <TIME>
              From one question of the liveness probe to the next [default: 5s]
          --liveness-probe-timeout <TIME>
              How long an answer to the liveness probe may take [default: 5s]
          --liveness-probe-failure-threshold <N>
              How many failures of the liveness probe in a row count [default: 3]

    Rollout:
          --strategy <HOW>         How one release follows another [default: rolling; recreate with a
                                   volume that has one writer] [possible values: rolling, blue-green,
                                   recreate]
          --start-deadline <TIME>  How long new replicas may take to start before the release has failed
                                   [default: 1m]
          --drain <TIME>           How long an old replica has for the requests and WebSockets that it
                                   holds [default: 30s]
          --stop-signal <SIGNAL>   What a replica is told to stop with [default: what the image says,
                                   else SIGTERM]
          --stop-grace <TIME>      How long a replica may take to stop before it is killed [default:
                                   10s]
          --no-wait                Return at once instead of watching the rollout to its end
          --timeout <TIME>         How long to watch the rollout [default: 10m]

    Everywhere:
          --url <URL>              The installation, such as `https://patr.example.com` [default: the
                                   last one logged in to] [env: PATR_URL]
      -w, --workspace <WORKSPACE>  The workspace, by name or id [default: see `patr workspace use`]
                                   [env: PATR_WORKSPACE]
      -o, --output <FORM>          The form of what goes to stdout: for people, or as the API answers it
                                   [default: table] [possible values: table, json]
      -q, --quiet                  Say nothing but errors on stderr

    Examples:
      patr deploy nginx:1 --name web --port 80
      patr deploy ghcr.io/acme/api:2.3 --name api --runner home --port 8080 --replicas 2 \
          --env LOG=info --env-file prod.env --memory 256Mi --readiness-probe 8080/healthz
      patr deploy ghcr.io/acme/api:2.4 --name api      a new image, everything else as it was
      patr deploy postgres:17 --name db --port 5432/tcp --volume db-data:/var/lib/postgresql/data \
          --secret POSTGRES_PASSWORD=db-password --stop-grace 1m
      patr deploy ghcr.io/acme/api:2.4 --name api --unset-env LOG --unset readiness-probe
      patr deploy ghcr.io/acme/api:2.4 --name api --replicas 0 --max-replicas 4      sleeps when idle
      patr deploy nginx:1 --name web --port 80 --runner home=3 --runner vps --standby spare
      patr -q deploy nginx:1 --name web --port 80      only the URL, for scripts

    If NAME exists, only what is given changes. `--port` replaces all ports. Every other flag that may
    be repeated adds to what there is, or replaces the entry of the same name; `--unset-env` and its
    like take single entries away, and `--unset` gives a setting its default back. What is not there
    needs no taking away: the same command line works again and again. `--runner` and `--standby`
    together say all runners; one that is left out goes on serving until another one does.

    New replicas start and answer before old ones stop. If they do not, the old release goes on serving
    and the reason is shown. A volume that is written to has one writer at a time, so with one the old
    replicas stop first, and requests wait meanwhile. Ctrl-C stops watching, not the rollout; `patr
    deployment cancel` calls it off.
    "#);
    patr_snapshot!(fresh().patr("runner add --help"), @"
    exit code: 0
    ----- stdout -----
    Add a runner and print the token with which its machine joins

    Usage: patr runner add [OPTIONS] <NAME>

    Arguments:
      <NAME>  What to call the machine, unique in the workspace

    Options:
          --runtime <RUNTIME>  What the machine runs containers with [default: docker] [possible values:
                               docker, kubernetes]
          --image <REF>        The agent's image, where the machine or the cluster's nodes find it
                               [default: patr-runner:0.1.0]
      -h, --help               Print help

    Everywhere:
          --url <URL>              The installation, such as `https://patr.example.com` [default: the
                                   last one logged in to] [env: PATR_URL]
      -w, --workspace <WORKSPACE>  The workspace, by name or id [default: see `patr workspace use`]
                                   [env: PATR_WORKSPACE]
      -o, --output <FORM>          The form of what goes to stdout: for people, or as the API answers it
                                   [default: table] [possible values: table, json]
      -q, --quiet                  Say nothing but errors on stderr

    Example:
      patr runner add home
      patr runner add cluster --runtime kubernetes | kubectl apply --filename -

    The token goes to stdout, once; how to install the agent with it goes to stderr. The agent dials out
    only: the machine needs no public address and no open port. For Kubernetes a manifest with the token
    in it goes to stdout.
    ");
}

#[test]
fn what_can_go_wrong_unseen_is_in_the_help() {
    patr_snapshot!(fresh().patr("help secret set"), @"
    exit code: 0
    ----- stdout -----
    Set a secret: its first value, or the next version of it

    Usage: patr secret set [OPTIONS] <NAME>

    Arguments:
      <NAME>  What deployments call it, unique in the workspace

    Options:
          --from-file <FILE>  Take the value from a file instead of stdin
          --roll-out          Make new releases of the deployments that use it
          --no-wait           Return at once instead of watching the rollout to its end
          --timeout <TIME>    How long to watch the rollout [default: 10m]
      -h, --help              Print help

    Everywhere:
          --url <URL>              The installation, such as `https://patr.example.com` [default: the
                                   last one logged in to] [env: PATR_URL]
      -w, --workspace <WORKSPACE>  The workspace, by name or id [default: see `patr workspace use`]
                                   [env: PATR_WORKSPACE]
      -o, --output <FORM>          The form of what goes to stdout: for people, or as the API answers it
                                   [default: table] [possible values: table, json]
      -q, --quiet                  Say nothing but errors on stderr

    Examples:
      patr secret set db-password                          asks for the value, on a terminal
      openssl rand -hex 32 | patr secret set api-key
      patr secret set tls-key --from-file key.pem
      patr secret set api-key --roll-out < key.txt         and give it to the deployments that use it

    A value is never an argument: those are seen by every process of a machine. Of a line that is typed
    or piped its end is dropped; what is piped and has more than one line, and what comes from a file,
    is kept byte for byte.

    What runs goes on with the version that it was deployed with. `--roll-out` makes new releases of the
    deployments that use an older one, one after another, as `patr secret roll-out` does later.
    ");
    patr_snapshot!(fresh().patr("help exec"), @"
    exit code: 0
    ----- stdout -----
    Run a command in a replica

    Usage: patr exec [OPTIONS] <NAME> -- <COMMAND>...

    Arguments:
      <NAME>        The deployment, by name or id
      <COMMAND>...  The command and its arguments

    Options:
          --replica <ID>   The replica, by the beginning of its id, as `patr deployment show` lists them
                           [default: any one]
          --runner <NAME>  On which of its runners [default: the first, or where the replica is]
      -t, --tty            Give it a terminal [default: when stdin and stdout are one]
          --no-tty         Give it no terminal, so that stdout and stderr stay apart
      -h, --help           Print help

    Everywhere:
          --url <URL>              The installation, such as `https://patr.example.com` [default: the
                                   last one logged in to] [env: PATR_URL]
      -w, --workspace <WORKSPACE>  The workspace, by name or id [default: see `patr workspace use`]
                                   [env: PATR_WORKSPACE]
      -o, --output <FORM>          The form of what goes to stdout: for people, or as the API answers it
                                   [default: table] [possible values: table, json]
      -q, --quiet                  Say nothing but errors on stderr

    Examples:
      patr exec web -- ls -l /etc/nginx
      patr exec web -- sh                                     a shell, with a terminal when this is one
      patr exec db --replica 3f9a -- pg_dump app > app.sql
      patr exec db -- psql app < app.sql                      what is piped in is its standard input

    The exit status is that of the command. No shell reads the words after `--`: for pipes and variables
    run one, as `sh -c '…'`. The command runs beside what the replica runs, which goes on when it ends.
    ");
}

#[test]
fn both_ways_of_asking_for_help_say_the_same() {
    let t = fresh();
    for command in
        ["deploy", "deployment scale", "exec", "secret set", "url add", "volume restore", "workspace use"]
    {
        let asked = t.patr(&format!("help {command}")).run();
        assert_eq!(asked.stdout, t.patr(&format!("{command} --help")).run().stdout, "{command}");
    }
}

#[test]
fn exit_codes_are_documented() {
    patr_snapshot!(fresh().patr("help exit-codes"), @"
    exit code: 0
    ----- stdout -----
    What the exit status of `patr` means:

        0  done
        1  it was tried and did not work, or a rollout failed
        2  the command line, an input file or a setting is wrong; nothing was changed
        3  not logged in, or not allowed
        4  something that was named does not exist
        5  the time given with `--timeout` ran out; what was begun goes on
       70  a bug in `patr` itself
      130  interrupted with Ctrl-C; what was begun goes on

    `patr exec` ends with the status of the command that it ran.
    ");
}

#[test]
fn help_for_what_does_not_exist_points_to_what_does() {
    patr_snapshot!(fresh().patr("help deploi"), @"
    exit code: 2
    ----- stderr -----
    error: there is no command `deploi`

    hint: `patr help` lists the commands
    ");
}

#[test]
fn a_slip_in_a_command_suggests_one() {
    patr_snapshot!(fresh().patr("deployy nginx:1"), @"
    exit code: 2
    ----- stderr -----
    error: unrecognized subcommand 'deployy'

      tip: some similar subcommands exist: 'deployment', 'deploy'

    Usage: patr [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    patr_snapshot!(fresh().patr("runner lst"), @"
    exit code: 2
    ----- stderr -----
    error: unrecognized subcommand 'lst'

      tip: a similar subcommand exists: 'list'

    Usage: patr runner [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_noun_without_a_verb_lists_its_verbs() {
    let ran = fresh().patr("runner").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("rotate-token"), "{ran}");
}

#[test]
fn every_shell_gets_its_completions() {
    let t = fresh();
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef patr"), ("fish", "complete -c patr")] {
        let ran = t.patr(&format!("completions {shell}")).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains(sign) && ran.stdout.contains("rotate-token"), "{shell}");
    }
}

#[test]
fn a_shell_without_completions_is_refused_with_those_that_have_some() {
    patr_snapshot!(fresh().patr("completions tcsh"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, zsh, fish]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    ");
}

#[test]
fn the_version_is_the_package_s() {
    let ran = fresh().patr("--version").run();
    assert_eq!(ran.stdout, format!("patr {}\n", env!("CARGO_PKG_VERSION")));
}
