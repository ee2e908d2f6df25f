//! Signals: those that end a cockpit, and those that send it away and bring it back.
//!
//! SIGTSTP is not handled but held (blocked in every thread) and taken by a thread that waits for it: once handled, a
//! process could only stop itself by SIGSTOP, and that one stops also where no shell waits to bring it back.

use nix::sys::signal::{SigSet, Signal as Number, kill, raise};
use nix::unistd::Pid;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long the news that a stopped process goes on may take to arrive.
const CONTINUED_WITHIN: Duration = Duration::from_millis(100);

/// What a signal means to a cockpit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// To end.
    End(&'static str),
    /// To give the terminal back and stop.
    Stop,
    /// It goes on after having been stopped: whoever had the terminal may have painted over it.
    Continued,
}

/// The signals of a cockpit.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    continued: Signal,
    stop: Option<UnboundedReceiver<()>>,
}

fn stop_signal() -> SigSet {
    let mut set = SigSet::empty();
    set.add(Number::SIGTSTP);
    set
}

/// Waits for the next SIGTSTP; whether we sent it ourselves.
#[cfg(target_os = "linux")]
fn next_stop() -> nix::Result<bool> {
    use nix::sys::signalfd::SignalFd;
    let signals = SignalFd::new(&stop_signal())?;
    let sent_by = signals.read_signal()?.map(|info| info.ssi_pid);
    Ok(sent_by == Some(std::process::id()))
}

/// Waits for the next SIGTSTP; whether we sent it ourselves, which nobody tells us here.
#[cfg(not(target_os = "linux"))]
fn next_stop() -> nix::Result<bool> {
    stop_signal().wait().map(|_| false)
}

/// Holds SIGTSTP back in this thread and all that it starts. To be called before there are others.
pub(crate) fn hold_stop() {
    // A system that refuses stops the cockpit as it stops any program.
    let _ = stop_signal().thread_block();
}

impl Signals {
    /// From now on signals are messages.
    pub(crate) fn new() -> io::Result<Self> {
        let continued = signal(SignalKind::from_raw(Number::SIGCONT as i32))?;
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            continued,
            stop: None,
        })
    }

    /// Also takes SIGTSTP, which must be held (see [`hold_stop`]).
    pub(crate) fn with_stop(mut self) -> Self {
        let (tell, told) = unbounded_channel();
        let waiting = std::thread::Builder::new().name("signals".into()).spawn(move || {
            while let Ok(by_us) = next_stop() {
                // Our own, sent to the whole group, was meant for the others.
                if !by_us && tell.send(()).is_err() {
                    return;
                }
            }
        });
        self.stop = waiting.is_ok().then_some(told);
        self
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Told {
        let stop = async {
            match &mut self.stop {
                Some(stop) => stop.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Told::End("SIGTERM"),
            _ = self.hangup.recv() => Told::End("SIGHUP"),
            _ = self.interrupt.recv() => Told::End("SIGINT"),
            _ = self.continued.recv() => Told::Continued,
            _ = stop => Told::Stop,
        }
    }

    /// Stops this process and its group, as the terminal's own suspend does; returns when it goes on. Whether it stopped:
    /// the system stops nobody whom no shell could bring back.
    pub(crate) async fn stop_here(&mut self) -> bool {
        // The group first (a shell script around us, `sudo`): the shell waits for all of them.
        let _ = kill(Pid::from_raw(0), Number::SIGTSTP);
        let held = stop_signal();
        let stopped = raise(Number::SIGTSTP).and_then(|()| held.thread_unblock());
        // Here the process stood still, if it did.
        let _ = held.thread_block();
        let continued = tokio::time::timeout(CONTINUED_WITHIN, self.continued.recv()).await.is_ok();
        stopped.is_ok() && continued
    }
}
