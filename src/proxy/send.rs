//! Sends bytes on at once.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// How many bytes are read at a time from each side.
pub(super) const READ_SIZE: usize = 16 * 1024;

/// Writes all of `bytes`. Not cancel safe.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}
