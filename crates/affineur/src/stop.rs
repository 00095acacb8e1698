//! How the program is asked to stop, and to read its policy again.

use futures_util::Stream;

/// Ready when somebody asks the program to stop. Listens from the moment of the call.
#[cfg(unix)]
pub(crate) fn stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listeners = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async {
        let mut told: Vec<_> = listeners.into_iter().filter_map(Result::ok).collect();
        let waiting = told.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(waiting).await;
    }
}

/// Ready when somebody asks the program to stop.
#[cfg(not(unix))]
pub(crate) fn stop() -> impl Future<Output = ()> {
    async { drop(tokio::signal::ctrl_c().await) }
}

/// Each time that somebody sends SIGHUP. Listens from the moment of the call.
#[cfg(unix)]
pub(crate) fn hangups() -> impl Stream<Item = ()> + Unpin + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let listener = signal(SignalKind::hangup()).ok();
    Box::pin(futures_util::stream::unfold(listener, async |listener| {
        let mut listener = listener?;
        listener.recv().await?;
        Some(((), Some(listener)))
    }))
}

/// Nobody can say so here: files are looked at by themselves.
#[cfg(not(unix))]
pub(crate) fn hangups() -> impl Stream<Item = ()> + Unpin + Send {
    futures_util::stream::pending()
}
