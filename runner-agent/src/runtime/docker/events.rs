//! What the Engine tells of by itself.

use std::{collections::HashMap, time::Duration};

use bollard::query_parameters::EventsOptions;
use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::mpsc, time};

use super::{Docker, container::label};

pub(super) fn changes(docker: &Docker) -> impl Stream<Item = ()> + use<> {
    let (sender, receiver) = mpsc::channel(1);
    let api = docker.api.clone();
    tokio::spawn(async move {
        while !sender.is_closed() {
            listen(&api, &sender).await;
            // The Engine is away; the reconciler looks regularly anyway.
            time::sleep(Duration::from_secs(1)).await;
        }
    });
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

/// Reminds of every change until the Engine goes away.
async fn listen(api: &bollard::Docker, reminders: &mpsc::Sender<()>) {
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("label".to_owned(), vec![label::RUNNER.to_owned()]),
        ("event".to_owned(), ["die", "start", "destroy", "oom"].map(str::to_owned).to_vec()),
    ]);
    let mut events =
        std::pin::pin!(api.events(Some(EventsOptions { filters: Some(filters), ..Default::default() })));
    // What happened before the Engine began to tell is told by nobody: look once more when it surely has.
    let mut begun = std::pin::pin!(time::sleep(Duration::from_secs(1)));
    let mut listening = false;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(_)) => remind(reminders),
                Some(Err(_)) | None => break,
            },
            () = &mut begun, if !listening => {
                listening = true;
                remind(reminders);
            }
        }
    }
    if listening {
        // That it went away is to be seen, and not only at the next regular look.
        remind(reminders);
    }
}

fn remind(reminders: &mpsc::Sender<()>) {
    // One that waits to be taken is as good as another.
    let _ = reminders.try_send(());
}
