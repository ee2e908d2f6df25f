//! A door to a server: a port of its own that can be shut, as an endpoint that is gone. What knocks then is refused at
//! once, and what was inside is thrown out.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

/// A running door.
pub struct Door {
    /// Where to knock.
    pub address: SocketAddr,
    open: Mutex<Option<(oneshot::Sender<()>, std::thread::JoinHandle<TcpSocket>)>>,
    /// Bound and not listening: nobody else gets the port while it is shut.
    shut: Mutex<Option<TcpSocket>>,
}

impl Door {
    /// Opens one to that server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("door".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let listener = runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).unwrap();
                    tokio::select! {
                        _ = stopped => {}
                        () = pass(&listener, server) => {}
                    }
                    listener
                });
                // Everybody inside is thrown out with it.
                drop(listener);
                runtime.shutdown_background();
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_reuseaddr(true).unwrap();
                socket.bind(address).unwrap();
                socket
            })
            .unwrap();
        Self { address, open: Mutex::new(Some((stop, thread))), shut: Mutex::default() }
    }

    /// What to give as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shuts it.
    pub fn shut(&self) {
        if let Some((stop, thread)) = self.open.lock().unwrap().take() {
            drop(stop);
            *self.shut.lock().unwrap() = Some(thread.join().unwrap());
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut();
    }
}

async fn pass(listener: &TcpListener, server: SocketAddr) {
    loop {
        let Ok((mut inside, _)) = listener.accept().await else { continue };
        tokio::spawn(async move {
            if let Ok(mut outside) = TcpStream::connect(server).await {
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            }
        });
    }
}
